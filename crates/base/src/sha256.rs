//! SHA-256 in plain Rust, for programs that hash one file and need no extra crate for it.
//!
//! # Source
//! FIPS180-4, sections 5 and 6.2.

/// The first 32 bits of the fractions of the cube roots of the first 64 primes.
const ROUNDS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];
/// The same of the square roots of the first eight.
const START: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// A SHA-256 hasher, which takes its input piece by piece.
///
/// # Example
/// ```
/// use striate_base::{Sha256, hex};
///
/// let mut hasher = Sha256::new();
/// hasher.update(b"a");
/// hasher.update(b"bc");
/// assert_eq!(hex(&hasher.finalize())[..16], *"ba7816bf8f01cfea");
/// ```
#[derive(Debug, Clone)]
pub struct Sha256 {
    state: [u32; 8],
    /// Bytes so far.
    length: u64,
    /// The last `length % 64` of them.
    rest: [u8; 64],
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// Creates a hasher without input.
    pub fn new() -> Self {
        Self { state: START, length: 0, rest: [0; 64] }
    }

    /// Adds bytes to the input.
    pub fn update(&mut self, bytes: impl AsRef<[u8]>) {
        let mut bytes = bytes.as_ref();
        let held = (self.length % 64) as usize;
        self.length += bytes.len() as u64;
        if held > 0 {
            let (head, tail) = bytes.split_at(bytes.len().min(64 - held));
            self.rest[held..held + head.len()].copy_from_slice(head);
            if held + head.len() < 64 {
                return;
            }
            compress(&mut self.state, &self.rest);
            bytes = tail;
        }
        let (blocks, tail) = bytes.as_chunks();
        blocks.iter().for_each(|block| compress(&mut self.state, block));
        self.rest[..tail.len()].copy_from_slice(tail);
    }

    /// Returns the hash. The last block is padded with a one, zeros, and the number of bits.
    pub fn finalize(mut self) -> [u8; 32] {
        let bits = (self.length * 8).to_be_bytes();
        self.update([0x80]);
        let held = (self.length % 64) as usize;
        self.update(&[0; 64][..(120 - held) % 64]);
        self.update(bits);
        let mut hash = [0; 32];
        hash.as_chunks_mut().0.iter_mut().zip(self.state).for_each(|(to, word)| *to = word.to_be_bytes());
        hash
    }
}

fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    let mut w = [0; 64];
    w.iter_mut().zip(block.as_chunks().0).for_each(|(word, &bytes)| *word = u32::from_be_bytes(bytes));
    for i in 16..64 {
        let (a, b) = (w[i - 15], w[i - 2]);
        let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
        let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
        w[i] = w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for i in 0..64 {
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let t1 = h.wrapping_add(s1).wrapping_add(choice).wrapping_add(ROUNDS[i]).wrapping_add(w[i]);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        [h, g, f, e, d, c, b, a] =
            [g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(s0).wrapping_add(majority)];
    }
    state.iter_mut().zip([a, b, c, d, e, f, g, h]).for_each(|(sum, word)| *sum = sum.wrapping_add(word));
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest;

    #[test]
    fn every_length_and_every_cut_gives_the_hash_of_the_crate() {
        let bytes: Vec<u8> = (0..200_u32).map(|i| (i * i * 7 + i) as u8).collect();
        for length in 0..bytes.len() {
            let expected: [u8; 32] = sha2::Sha256::digest(&bytes[..length]).into();
            for cut in 0..=length {
                let mut hasher = Sha256::new();
                hasher.update(&bytes[..cut]);
                hasher.update(&bytes[cut..length]);
                assert_eq!(hasher.finalize(), expected, "{length} bytes, cut at {cut}");
            }
        }
    }

    #[test]
    fn a_million_letters() {
        let mut hasher = Sha256::new();
        (0..1000).for_each(|_| hasher.update([b'a'; 1000]));
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(crate::hex(&hasher.finalize()), expected);
    }
}
