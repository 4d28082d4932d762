//! The bits of a scan, and their Huffman codes.
//!
//! # Source
//! ITU-T T.81: B.1.1.5 (a data byte FF is followed by 00), C.2 (codes from lengths), F.2.2.3 (decoding).

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

/// Codes up to this length are looked up at once; they are nearly all.
const LOOKUP_BITS: u32 = 9;

/// A Huffman table.
pub(super) struct Huffman {
    /// For the next nine bits: the length of their code, and its symbol; length 0 when it is longer.
    lookup: Vec<(u8, u8)>,
    /// For each length: the first code past those of this length, and what to add to a code to find its symbol.
    ends: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From the number of codes of each length from 1 to 16, and their symbols; `None` when there are too many codes.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut ends = [(0, 0); 17];
        let mut lookup = vec![(0, 0); 1 << LOOKUP_BITS];
        let (mut code, mut first) = (0u32, 0usize);
        for (length, &count) in (1u32..).zip(counts) {
            let of_length = symbols.get(first..first + usize::from(count))?;
            *ends.get_mut(length as usize)? = (code + u32::from(count), first as i32 - code as i32);
            for &symbol in of_length {
                if code >> length != 0 {
                    return None;
                }
                if length <= LOOKUP_BITS {
                    let start = (code << (LOOKUP_BITS - length)) as usize;
                    lookup
                        .get_mut(start..start + (1 << (LOOKUP_BITS - length)))?
                        .fill((length as u8, symbol));
                }
                code += 1;
            }
            first += usize::from(count);
            code <<= 1;
        }
        Some(Self { lookup, ends, symbols: symbols.get(..first)?.to_vec() })
    }
}

/// The bits of a scan from a byte on, up to the next marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte that was not taken.
    at: usize,
    /// The next bits, the first one highest.
    held: u64,
    /// How many of them are held.
    count: u32,
    /// How many of those, the last ones, are zeros that stand for what is not there.
    padded: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0, padded: 0 }
    }

    /// Sees to it that 32 bits are held, when fewer are.
    #[inline]
    fn fill(&mut self) {
        if let Some(four) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            let word = u32::from_be_bytes(*four);
            // Some byte is FF when some byte of its complement is 0.
            let has_marker = (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0;
            if !has_marker {
                self.held |= u64::from(word) << (32 - self.count);
                (self.at, self.count) = (self.at + 4, self.count + 32);
                return;
            }
        }
        self.fill_slowly();
    }

    fn fill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xff, 0, ..]) => {
                    self.at += 2;
                    0xff
                }
                None | Some([] | [0xff, ..]) => {
                    self.padded += 8;
                    0
                }
                Some([byte, ..]) => {
                    self.at += 1;
                    *byte
                }
            };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next `n` bits, at most 16.
    pub(super) fn take(&mut self, n: u32) -> u32 {
        if n == 0 {
            return 0;
        }
        if self.count < 32 {
            self.fill();
        }
        let bits = (self.held >> (64 - n)) as u32;
        self.held <<= n;
        self.count -= n;
        bits
    }

    /// [`symbol`](Self::symbol), and the bits that follow it are passed: as many as its lower half says.
    #[inline]
    pub(super) fn symbol_and_bits(&mut self, table: &Huffman) -> Option<u8> {
        if self.count < 32 {
            self.fill();
        }
        let &(length, symbol) = table.lookup.get((self.held >> (64 - LOOKUP_BITS)) as usize)?;
        if length == 0 {
            let symbol = self.symbol(table)?;
            self.take(u32::from(symbol & 15));
            return Some(symbol);
        }
        let passed = u32::from(length) + u32::from(symbol & 15);
        self.held <<= passed;
        self.count -= passed;
        Some(symbol)
    }

    /// The symbol of the next code; `None` when there is no such code.
    pub(super) fn symbol(&mut self, table: &Huffman) -> Option<u8> {
        if self.count < 32 {
            self.fill();
        }
        let &(length, symbol) = table.lookup.get((self.held >> (64 - LOOKUP_BITS)) as usize)?;
        if length != 0 {
            self.held <<= length;
            self.count -= u32::from(length);
            return Some(symbol);
        }
        for length in LOOKUP_BITS + 1..=16 {
            let code = (self.held >> (64 - length)) as u32;
            let &(end, offset) = table.ends.get(length as usize)?;
            if code < end {
                self.held <<= length;
                self.count -= length;
                return table.symbols.get((code as i32 + offset) as usize).copied();
            }
        }
        None
    }

    /// True when bits were taken that are not there.
    pub(super) fn is_spent(&self) -> bool {
        self.count < self.padded
    }

    /// Bytes that were not taken before the next marker, unless all of them are zero, and the place of the marker.
    pub(super) fn rest(&self) -> (usize, usize) {
        let held = self.count - self.padded.min(self.count);
        let mut marker = self.at;
        // A marker is FF and neither 00 nor another FF.
        while let Some(&[first, second]) = self.bytes.get(marker..).and_then(|rest| rest.first_chunk()) {
            if first == 0xff && !matches!(second, 0 | 0xff) {
                break;
            }
            marker += 1;
        }
        let mut behind = self.bytes.get(self.at..marker.min(self.bytes.len())).unwrap_or_default();
        // Any number of FF may stand before a marker.
        while let [before @ .., 0xff] = behind {
            behind = before;
        }
        // The bits up to the next whole byte are the end of the last one, and usually ones.
        let is_padding = behind.iter().all(|&byte| byte == 0) && self.held << (held % 8) == 0;
        (if is_padding { 0 } else { held as usize / 8 + behind.len() }, marker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of T.81, K.3.1: the DC table of luminance.
    fn table() -> Huffman {
        let counts = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
        Huffman::new(&counts, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // 00 -> 0, 010 -> 1, 110 -> 5, 1111_1110 -> 10, 1_1111_1110 -> 11.
        let bits: String = ["00", "010", "110", "11111110", "111111110", "00"].concat();
        let mut bytes: Vec<u8> = Vec::new();
        for chunk in bits.as_bytes().chunks(8) {
            let text = format!("{:1<8}", std::str::from_utf8(chunk).unwrap());
            bytes.push(u8::from_str_radix(&text, 2).unwrap());
            if bytes.last() == Some(&0xff) {
                bytes.push(0);
            }
        }
        let mut scan = Bits::new(&bytes, 0);
        let symbols: Vec<_> = (0..6).map(|_| scan.symbol(&table()).unwrap()).collect();
        assert_eq!(symbols, [0, 1, 5, 10, 11, 0]);
        assert!(!scan.is_spent());
    }

    #[test]
    fn codes_longer_than_the_lookup_are_found() {
        // One code of each length from 1 to 16: 0, 10, 110, ...
        let counts = [1; 16];
        let symbols: Vec<u8> = (1..=16).collect();
        let table = Huffman::new(&counts, &symbols).unwrap();
        for length in 1..=16u32 {
            // length - 1 ones and a zero; FF is stuffed.
            let code = ((1u64 << length) - 2) << (24 - length);
            let bytes: Vec<u8> = code.to_be_bytes()[5..]
                .iter()
                .flat_map(|&byte| if byte == 0xff { vec![0xff, 0] } else { vec![byte] })
                .collect();
            assert_eq!(Bits::new(&bytes, 0).symbol(&table), Some(length as u8));
        }
        assert_eq!(
            Bits::new(&[0xff, 0, 0xff, 0, 0xff, 0], 0).symbol(&table),
            None,
            "sixteen ones are no code"
        );
    }

    #[test]
    fn tables_of_too_many_codes_are_none() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Huffman::new(&counts, &[1, 2, 3]).is_none());
        counts[0] = 2;
        assert!(Huffman::new(&counts, &[1]).is_none(), "fewer symbols than codes");
        assert!(Huffman::new(&counts, &[1, 2]).is_some());
    }

    #[test]
    fn the_end_is_seen_and_what_is_left() {
        let bytes = [0b1010_1010, 0xff, 0x00, 0x12, 0xff, 0xff, 0xd9];
        let mut bits = Bits::new(&bytes, 0);
        assert_eq!((bits.take(4), bits.take(8)), (0b1010, 0b1010_1111));
        assert_eq!(bits.rest(), (1, 5), "12 is left, and the marker is at its last FF");
        assert_eq!((bits.take(12), bits.is_spent()), (0xf12, false));
        assert_eq!(bits.rest().0, 0);
        bits.take(1);
        assert!(bits.is_spent());
        assert_eq!(Bits::new(&[0, 0, 0, 0xff, 0xd9], 0).rest(), (0, 3), "zeros are padding");
    }
}
