//! ChaCha with 8 rounds: a stream of words from a key of 256 bits, a stream number of 64 bits and a counter.

const ROUNDS: usize = 8;
/// "expand 32-byte k".
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// The generator of the words of one stream, starting at its beginning.
///
/// # Source
/// Bernstein 2008, with a counter and a stream of 64 bits each.
///
/// # Example
/// ```
/// use striate_base::random::ChaCha8;
///
/// let words = |stream| [(); 2].map({
///     let mut rng = ChaCha8::new(7, stream);
///     move |()| rng.next_word()
/// });
/// assert_eq!(words(1), words(1));
/// assert_ne!(words(1), words(2));
/// ```
#[derive(Debug, Clone)]
pub struct ChaCha8 {
    key: [u32; 8],
    stream: u64,
    /// Of the next block.
    counter: u64,
    words: [u32; 16],
    /// How many of the words have been given.
    given: usize,
}

impl ChaCha8 {
    /// Creates the stream with this number. The key is expanded from the seed by PCG32 from the state `seed`, as in the crate
    /// `rand_core`.
    ///
    /// # Source
    /// O'Neill 2014.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut state = seed;
        let key = std::array::from_fn(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0xa176_54e4_6fbe_17f3);
            let shifted = ((state >> 18 ^ state) >> 27) as u32;
            shifted.rotate_right((state >> 59) as u32)
        });
        Self { key, stream, counter: 0, words: [0; 16], given: 16 }
    }

    /// Returns the next word of the stream.
    pub fn next_word(&mut self) -> u32 {
        if self.given == self.words.len() {
            self.words = block::<ROUNDS>(self.key, self.counter, self.stream);
            (self.counter, self.given) = (self.counter.wrapping_add(1), 0);
        }
        self.given += 1;
        self.words[self.given - 1]
    }
}

/// A row of a block, which has 4 x 4 words: in a form that the compiler turns into a vector.
type Row = [u32; 4];

fn block<const ROUNDS: usize>(key: [u32; 8], counter: u64, stream: u64) -> [u32; 16] {
    let [b, c] = [0, 4].map(|first| std::array::from_fn(|i| key[first + i]));
    let d = [counter as u32, (counter >> 32) as u32, stream as u32, (stream >> 32) as u32];
    let start = [CONSTANTS, b, c, d];
    let mut rows = start;
    for _ in 0..ROUNDS / 2 {
        rows = round(rows);
        // The diagonals become columns, and go back.
        let [a, b, c, d] = rows;
        let [a, b, c, d] = round([a, turned::<1>(b), turned::<2>(c), turned::<3>(d)]);
        rows = [a, turned::<3>(b), turned::<2>(c), turned::<1>(d)];
    }
    let mut words = [0; 16];
    for (i, word) in words.iter_mut().enumerate() {
        *word = rows[i / 4][i % 4].wrapping_add(start[i / 4][i % 4]);
    }
    words
}

/// A quarter round of each column.
#[inline(always)]
fn round([mut a, mut b, mut c, mut d]: [Row; 4]) -> [Row; 4] {
    for [first, second] in [[16, 12], [8, 7]] {
        a = each(a, b, u32::wrapping_add);
        d = each(d, a, |d, a| (d ^ a).rotate_left(first));
        c = each(c, d, u32::wrapping_add);
        b = each(b, c, |b, c| (b ^ c).rotate_left(second));
    }
    [a, b, c, d]
}

#[inline(always)]
fn turned<const BY: usize>(row: Row) -> Row {
    std::array::from_fn(|i| row[(i + BY) % 4])
}

#[inline(always)]
fn each(a: Row, b: Row, f: impl Fn(u32, u32) -> u32) -> Row {
    std::array::from_fn(|i| f(a[i], b[i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn bytes<const ROUNDS: usize>(counter: u64) -> String {
        hex(block::<ROUNDS>([0; 8], counter, 0).map(u32::to_le_bytes).as_flattened())
    }

    #[test]
    fn the_published_vectors() {
        // RFC 8439, appendix A.1, test vectors 1 and 2: 20 rounds.
        let rfc = bytes::<20>(0);
        assert!(rfc.starts_with("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"), "{rfc}");
        assert!(rfc.ends_with("da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"), "{rfc}");
        let rfc = bytes::<20>(1);
        assert!(rfc.starts_with("9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"), "{rfc}");
        // eSTREAM's set of vectors for ChaCha8 and a key of zeros.
        let estream = bytes::<8>(0);
        assert!(
            estream.starts_with("3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"),
            "{estream}"
        );
    }

    #[test]
    fn counter_and_stream_have_64_bits() {
        let of = |counter, stream| block::<8>([7; 8], counter, stream);
        let all = [of(0, 0), of(1, 0), of(1 << 32, 0), of(0, 1), of(0, 1 << 32)];
        assert!((1..5).all(|i| !all[..i].contains(&all[i])));
    }

    /// What `ChaCha8Rng::seed_from_u64(7)` of `rand_chacha` 0.10 gives on this stream.
    #[test]
    fn the_words_of_rand_chacha() {
        let mut rng = ChaCha8::new(7, 0x0123_4567_89ab_cdef);
        let words: Vec<u32> = (0..1000).map(|_| rng.next_word()).collect();
        assert_eq!(words[..4], [0xb237_4c1d, 0x80d0_125e, 0x40e1_338c, 0xeeac_b5b6]);
        assert_eq!(words[997..], [0x8e2b_bda3, 0x2abb_b96a, 0xa49b_ec20]);
    }
}
