//! Bytes as text: base64 with padding.
//!
//! # Source
//! RFC4648, section 4.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes bytes as base64: three bytes become four characters of 6 bits, and the last ones are padded with `=`.
///
/// # Example
/// ```
/// assert_eq!(striate_base::base64::encode(b"light"), "bGlnaHQ=");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().enumerate().fold(0, |word, (i, &byte)| word | u32::from(byte) << (16 - 8 * i));
        for i in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// Decodes base64; `None` when [`encode`] produces this text for no bytes.
///
/// # Example
/// ```
/// assert_eq!(striate_base::base64::decode("bGlnaHQ="), Some(b"light".to_vec()));
/// assert_eq!(striate_base::base64::decode("bGlnaHR="), None, "its last two bits mean nothing, and are not 0");
/// ```
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for (i, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|&&digit| digit == b'=').count();
        if padding > 2 || padding > 0 && i + 1 < groups.len() {
            return None;
        }
        let mut word = 0;
        for &digit in &group[..4 - padding] {
            word = word << 6 | value(digit)?;
        }
        word <<= 6 * padding;
        let [_, whole @ ..] = word.to_be_bytes();
        let (kept, dropped) = whole.split_at(3 - padding);
        if dropped.iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.extend(kept);
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn every_pair_of_bytes_comes_back() {
        for word in 0..=u16::MAX {
            let bytes = word.to_be_bytes();
            assert_eq!(decode(&encode(&bytes)).as_deref(), Some(&bytes[..]), "{word}");
        }
    }

    #[test]
    fn one_text_only_stands_for_bytes() {
        for none in [
            "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====", "Zm 9", "Zm-_", "=Zm9",
            "Z=m9", "Zm9v\n",
        ] {
            assert_eq!(decode(none), None, "{none:?}");
        }
        // Of all texts of four characters that begin so, those that are decoded come back as they were.
        let printable = || (b' '..=b'~').map(char::from);
        for (c, d) in printable().flat_map(|c| printable().map(move |d| (c, d))) {
            let text = format!("Zm{c}{d}");
            assert!(decode(&text).is_none_or(|bytes| encode(&bytes) == text), "{text}");
        }
    }
}
