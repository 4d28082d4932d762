//! Compares quoted output with what a command printed. `…` stands for omitted text: alone on a line it stands for any number of
//! lines, within a line for any characters.

const LEFT_OUT: &str = "…";

/// A difference between the quotation and the printed output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Departure {
    /// This line was printed instead of the quoted one.
    Other { quoted: usize, printed: String },
    /// The quoted line was not printed.
    Missing { quoted: usize },
    /// This line was printed before the quoted one, and is not quoted.
    Extra { before: usize, printed: String },
}

impl Departure {
    /// Index of the quoted line, from 0; the number of quoted lines if the difference is after all of them.
    pub(super) fn at(&self) -> usize {
        match self {
            Self::Other { quoted: at, .. }
            | Self::Missing { quoted: at }
            | Self::Extra { before: at, .. } => *at,
        }
    }

    /// The quoted line, the printed line, and a line of marks under the part that differs.
    pub(super) fn told(&self, quoted: &[String]) -> [String; 3] {
        let line = |at: usize| quoted.get(at).map_or("", |line| line.trim_end());
        let nothing = "(no such line)";
        match self {
            Self::Missing { quoted } => [line(*quoted).into(), nothing.into(), String::new()],
            Self::Extra { printed, .. } => [nothing.into(), printed.clone(), String::new()],
            Self::Other { quoted, printed } => {
                let quoted = line(*quoted);
                let (before, behind) = alike(quoted, printed);
                let marks = printed.chars().count().saturating_sub(before + behind).max(1);
                [quoted.into(), printed.clone(), " ".repeat(before) + &"^".repeat(marks)]
            }
        }
    }
}

/// The cost of a difference, in thousandths.
mod cost {
    pub(super) const MISSING: usize = 3_000;
    pub(super) const EXTRA: usize = 3_000;

    /// From 1,000 for lines that are nearly the same to 4,000 for those that have nothing in common.
    pub(super) fn other((before, behind): (usize, usize), length: usize) -> usize {
        4_000 - 3_000 * (before + behind).min(length) / length.max(1)
    }
}

/// All differences, chosen so that they are as few and as small as possible; trailing spaces and leading or trailing blank
/// lines are ignored.
pub(super) fn compare(quoted: &[String], printed: &str) -> Vec<Departure> {
    let printed: Vec<&str> = trimmed(printed.lines().map(str::trim_end).collect());
    let quoted: Vec<&str> = quoted.iter().map(|line| line.trim_end()).collect();
    let (q, p) = (quoted.len(), printed.len());
    // least[i][j]: the least cost of the quotation from line i on, compared with the output from line j on.
    let mut least = vec![vec![0; p + 1]; q + 1];
    let pair = |i: usize, j: usize| match fits(quoted[i], printed[j]) {
        true => 0,
        false => {
            let length = quoted[i].chars().count().max(printed[j].chars().count());
            cost::other(alike(quoted[i], printed[j]), length)
        }
    };
    for i in (0..=q).rev() {
        for j in (0..=p).rev() {
            if (i, j) == (q, p) {
                continue;
            }
            let is_free = i < q && quoted[i] == LEFT_OUT;
            let mut best = usize::MAX;
            if i < q {
                best = best.min(least[i + 1][j] + if is_free { 0 } else { cost::MISSING });
            }
            if j < p {
                best = best.min(least[i][j + 1] + if is_free { 0 } else { cost::EXTRA });
            }
            if i < q && j < p && !is_free {
                best = best.min(least[i + 1][j + 1] + pair(i, j));
            }
            least[i][j] = best;
        }
    }
    let mut departures = Vec::new();
    let (mut i, mut j) = (0, 0);
    while (i, j) != (q, p) {
        let here = least[i][j];
        let is_free = i < q && quoted[i] == LEFT_OUT;
        if i < q && j < p && !is_free && here == least[i + 1][j + 1] + pair(i, j) {
            if pair(i, j) > 0 {
                departures.push(Departure::Other { quoted: i, printed: printed[j].to_string() });
            }
            (i, j) = (i + 1, j + 1);
        } else if i < q && here == least[i + 1][j] + if is_free { 0 } else { cost::MISSING } {
            if !is_free {
                departures.push(Departure::Missing { quoted: i });
            }
            i += 1;
        } else {
            if !is_free {
                departures.push(Departure::Extra { before: i, printed: printed[j].to_string() });
            }
            j += 1;
        }
    }
    departures
}

/// The corrected quoted line; `None` if the quoted line omits something, since the correction would be ambiguous.
pub(super) fn mended<'d>(departure: &'d Departure, quoted: &[String]) -> Option<(usize, &'d str)> {
    match departure {
        Departure::Other { quoted: at, printed } if !quoted[*at].contains(LEFT_OUT) => Some((*at, printed)),
        _ => None,
    }
}

fn trimmed(mut lines: Vec<&str>) -> Vec<&str> {
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.split_off(blank)
}

/// Whether `printed` contains the pieces between the `…` in this order, the first at its start and the last at its end.
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

/// The length of the common prefix and, of the rest, of the common suffix, in characters.
fn alike(a: &str, b: &str) -> (usize, usize) {
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| pairs.take_while(|(a, b)| a == b).count();
    let before = same(&mut a.chars().zip(b.chars()));
    let shorter = a.chars().count().min(b.chars().count());
    let behind = same(&mut a.chars().rev().zip(b.chars().rev()));
    (before, behind.min(shorter - before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(quoted: &str, printed: &str) -> Vec<Departure> {
        compare(&lines(quoted), printed)
    }

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_string).collect()
    }

    fn other(quoted: usize, printed: &str) -> Departure {
        Departure::Other { quoted, printed: printed.into() }
    }

    fn extra(before: usize, printed: &str) -> Departure {
        Departure::Extra { before, printed: printed.into() }
    }

    #[test]
    fn whole_output() {
        assert_eq!(check("a\nb", "a\nb\n"), []);
        assert_eq!(check("a  \nb", "\na\nb  \n\n"), []);
        assert_eq!(check("line 1\nline 2", "line 1\nline 3\n"), [other(1, "line 3")]);
        assert_eq!(check("a", "a\nb\n"), [extra(1, "b")]);
        assert_eq!(check("a\nb\nc", "a\nb\n"), [Departure::Missing { quoted: 2 }]);
        assert_eq!(check("a", ""), [Departure::Missing { quoted: 0 }]);
    }

    #[test]
    fn lines_left_out() {
        assert_eq!(check("a\n…\nd", "a\nb\nc\nd"), []);
        assert_eq!(check("…\nc\n…", "a\nb\nc\nd"), []);
        assert_eq!(check("a\n…", "a"), []);
        // The first match is not always the right one.
        assert_eq!(check("a\n…\nb\nc", "a\nb\nb\nc"), []);
        assert_eq!(check("…\nc", "a\nb\nc\nd"), [extra(2, "d")]);
        assert_eq!(check("a\n…\nccx\n…", "a\nb\nccc\nd"), [other(2, "ccc")]);
        // Both lines exist, in the other order.
        assert_eq!(check("…\nb\na\n…", "a\nb\nc"), [Departure::Missing { quoted: 1 }]);
    }

    /// A line that differs does not hide the next difference.
    #[test]
    fn all_differences_are_told() {
        let quoted = "method   share\n…\nfirst     71 %\n…\nsecond    18 %\nlast\n…";
        let printed = "method   share\n──\nfirst     80 %\nbetween   70 %\nsecond    28 %\nlast\nend";
        assert_eq!(check(quoted, printed), [other(2, "first     80 %"), other(4, "second    28 %")]);
    }

    #[test]
    fn parts_of_lines_left_out() {
        assert_eq!(check("took … s, 99.1 %", "took 1.25 s, 99.1 %"), []);
        assert_eq!(check("a…b…c", "a1b2b3c"), []);
        assert_eq!(check("a…", "abc"), []);
        assert_eq!(check("…c", "abc"), []);
        for (quoted, printed) in
            [("took … s, 99.1 %", "took 1.25 s, 99.2 %"), ("a…bb", "ab"), ("ab…ab", "ab")]
        {
            assert_eq!(check(quoted, printed).len(), 1, "{quoted}");
        }
    }

    #[test]
    fn the_part_that_differs_is_marked() {
        let told = |quoted: &str, printed| check(quoted, printed)[0].told(&lines(quoted));
        assert_eq!(
            told("yes, 71 % · mark", "yes, 80 % · mark"),
            ["yes, 71 % · mark", "yes, 80 % · mark", "     ^^"].map(String::from)
        );
        assert_eq!(told("aab", "aaab"), ["aab", "aaab", "  ^"].map(String::from));
        assert_eq!(told("a", "a\nb"), ["(no such line)", "b", ""].map(String::from));
    }

    #[test]
    fn a_line_with_something_left_out_is_not_mended() {
        let mend = |quoted: &str, printed| {
            let all = check(quoted, printed);
            mended(&all[0], &lines(quoted)).map(|(at, line)| (at, line.to_string()))
        };
        assert_eq!(mend("a\nrow 1", "a\nrow 2"), Some((1, "row 2".into())));
        assert_eq!(mend("took … s, 1", "took 3 s, 2"), None);
        assert_eq!(mend("a", "a\nb"), None);
    }
}
