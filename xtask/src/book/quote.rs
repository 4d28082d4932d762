//! Whether quoted output is what a command printed. `…` stands for what is left out: alone on a line for any number of
//! lines, within a line for any characters.

const LEFT_OUT: &str = "…";

/// Where the quotation departs from what was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Departure {
    /// The quoted line, from 0; the number of quoted lines where more was printed than is quoted.
    pub(crate) quoted: usize,
    /// The printed line that does not fit, or that fits best; `None` where the output has ended.
    pub(crate) printed: Option<String>,
}

/// Compares all of both; spaces at the ends of lines and blank lines at the ends do not count.
pub(crate) fn compare(quoted: &[String], printed: &str) -> Result<(), Departure> {
    let printed: Vec<&str> = trimmed(printed.lines().map(str::trim_end).collect());
    let quoted: Vec<&str> = quoted.iter().map(|line| line.trim_end()).collect();
    let (mut next, mut free) = (0, false);
    for (i, line) in quoted.iter().enumerate() {
        if *line == LEFT_OUT {
            free = true;
            continue;
        }
        let rest = &printed[next..];
        let found = if free {
            rest.iter().position(|p| fits(line, p))
        } else {
            rest.first().filter(|p| fits(line, p)).map(|_| 0)
        };
        let Some(found) = found else {
            let nearest = if free { rest.iter().max_by_key(|p| alike(line, p)) } else { rest.first() };
            return Err(Departure { quoted: i, printed: nearest.map(ToString::to_string) });
        };
        (next, free) = (next + found + 1, false);
    }
    match printed.get(next) {
        Some(line) if !free => Err(Departure { quoted: quoted.len(), printed: Some((*line).to_string()) }),
        _ => Ok(()),
    }
}

fn trimmed(mut lines: Vec<&str>) -> Vec<&str> {
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.split_off(blank)
}

/// Whether the pieces between the marks come in this order, the first at the beginning and the last at the end.
fn fits(quoted: &str, printed: &str) -> bool {
    let mut pieces = quoted.split(LEFT_OUT);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        if let Some(middle) = last.replace(piece) {
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + str::len(middle)..];
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

/// Characters that both begin with.
fn alike(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(quoted: &str, printed: &str) -> Result<(), (usize, Option<String>)> {
        let lines: Vec<String> = quoted.lines().map(str::to_string).collect();
        compare(&lines, printed).map_err(|d| (d.quoted, d.printed))
    }

    #[test]
    fn whole_output() {
        assert_eq!(check("a\nb", "a\nb\n"), Ok(()));
        assert_eq!(check("a  \nb", "\na\nb  \n\n"), Ok(()));
        assert_eq!(check("a\nc", "a\nb\n"), Err((1, Some("b".into()))));
        assert_eq!(check("a", "a\nb\n"), Err((1, Some("b".into()))));
        assert_eq!(check("a\nb\nc", "a\nb\n"), Err((2, None)));
    }

    #[test]
    fn lines_left_out() {
        assert_eq!(check("a\n…\nd", "a\nb\nc\nd"), Ok(()));
        assert_eq!(check("…\nc\n…", "a\nb\nc\nd"), Ok(()));
        assert_eq!(check("a\n…", "a"), Ok(()));
        assert_eq!(check("…\nc", "a\nb\nc\nd"), Err((2, Some("d".into()))));
        assert_eq!(check("a\n…\nccx\n…", "a\nb\nccc\nd"), Err((2, Some("ccc".into()))));
        assert_eq!(check("…\nb\na\n…", "a\nb\nc"), Err((2, Some("c".into()))));
    }

    #[test]
    fn parts_of_lines_left_out() {
        assert_eq!(check("took … s, 99.1 %", "took 1.25 s, 99.1 %"), Ok(()));
        assert_eq!(check("a…b…c", "a1b2b3c"), Ok(()));
        assert_eq!(check("a…", "abc"), Ok(()));
        assert_eq!(check("…c", "abc"), Ok(()));
        assert!(check("took … s, 99.1 %", "took 1.25 s, 99.2 %").is_err());
        assert!(check("a…bb", "ab").is_err());
        assert!(check("ab…ab", "ab").is_err());
    }
}
