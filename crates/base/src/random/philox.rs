//! Philox4x32-10: 128 random bits from a counter of 128 bits and a key of 64.

const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// Golden ratio and √3 − 1.
const KEY_STEPS: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
const ROUNDS: usize = 10;

/// Computes Philox4x32-10, a counter-based generator: four random words for each of `N` counters. Counters and words are both
/// `[word][counter]`, a form that the compiler vectorizes. For a single counter, `N` is 1.
///
/// # Source
/// Salmon 2011.
///
/// # Example
/// ```
/// // The authors publish this answer to a counter and a key of zeros.
/// let words = striate_base::random::philox([[0]; 4], [0, 0]);
/// assert_eq!(words, [[0x6627_e8d5], [0xe169_c58d], [0xbc57_ac4c], [0x9b00_dbd8]]);
/// ```
#[inline(always)]
pub fn philox<const N: usize>(mut counters: [[u32; N]; 4], mut key: [u32; 2]) -> [[u32; N]; 4] {
    for _ in 0..ROUNDS {
        let mut next = [[0; N]; 4];
        for i in 0..N {
            let p0 = u64::from(MULTIPLIERS[0]) * u64::from(counters[0][i]);
            let p1 = u64::from(MULTIPLIERS[1]) * u64::from(counters[2][i]);
            next[0][i] = (p1 >> 32) as u32 ^ counters[1][i] ^ key[0];
            next[1][i] = p1 as u32;
            next[2][i] = (p0 >> 32) as u32 ^ counters[3][i] ^ key[1];
            next[3][i] = p0 as u32;
        }
        counters = next;
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    counters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_the_authors() {
        // The three vectors that the authors publish with their implementation.
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        for (counter, key, want) in [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (pi, [0xa409_3822, 0x299f_31d0], [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]),
        ] {
            assert_eq!(philox(counter.map(|word| [word]), key).map(|[word]| word), want);
            for place in 0..4 {
                // The other three counters must not matter.
                let counters: [[u32; 4]; 4] =
                    counter.map(|word| std::array::from_fn(|i| if i == place { word } else { 77 }));
                assert_eq!(philox(counters, key).map(|word| word[place]), want);
            }
        }
    }
}
