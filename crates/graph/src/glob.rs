//! Patterns of names.

/// Whether a pattern matches the name of a parameter or a value. `*` stands for any text and `?` for one character; a pattern
/// that matches a layer also matches everything in it.
///
/// # Example
/// ```
/// use striate_graph::rates::matches;
///
/// assert!(matches("layer1.*.conv?.weight", "layer1.0.conv2.weight"));
/// assert!(matches("layer1", "layer1.0.conv2.weight"), "a layer and all in it");
/// assert!(!matches("layer1", "layer10.weight"));
/// ```
pub fn matches(pattern: &str, name: &str) -> bool {
    glob(pattern.as_bytes(), name.as_bytes())
        || name.match_indices('.').any(|(dot, _)| glob(pattern.as_bytes(), &name.as_bytes()[..dot]))
}

/// Takes time proportional to the product of the lengths, since it only ever backtracks to the last `*`.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((at, from)) = star else { return false };
                (p, t, star) = (at + 1, from + 1, Some((at, from + 1)));
            }
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("conv1.weight", "conv1.weight", true),
            ("conv1", "conv1.weight", true),
            ("conv1", "conv10.weight", false),
            ("conv", "conv1.weight", false),
            ("*", "a.b.c", true),
            ("*.bias", "a.b.bias", true),
            ("layer?.0", "layer2.0.conv1.weight", true),
            ("layer?.0", "layer2.1.conv1.weight", false),
            ("*bn*", "layer1.0.bn1.weight", true),
            ("a*b*c*d", "axxbxxcxbxcxd", true),
            ("a*b*c*d", "axxbxxcxbxcx", false),
            ("", "conv1.weight", false),
            ("?", "7.weight", true),
            ("*a*a*a*a*a*a*a*b", &"a".repeat(200), false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
