//! Splits Rust source into code and comments, line by line. This is not a parser: it knows just enough of the grammar to
//! distinguish comments, literals and code.

use std::ops::Range;

/// A Rust file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    /// Each line without comments and without the contents of literals.
    pub(crate) code: Vec<String>,
    /// The comments of each line, including their slashes.
    pub(crate) comments: Vec<String>,
}

/// The kind of a line, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Blank,
    Comment,
    Code,
}

struct Splitter<'a> {
    rest: &'a str,
    code: String,
    comments: String,
    /// The last character of the code, to tell `r"` from the end of `for"`.
    before: char,
}

impl Source {
    /// Parses `text`.
    pub(crate) fn new(text: &str) -> Self {
        let mut split = Splitter { rest: text, code: String::new(), comments: String::new(), before: ' ' };
        while let Some(next) = split.rest.chars().next() {
            split.token(next);
        }
        let lines = |text: &str| text.split('\n').map(str::to_string).collect();
        Self { code: lines(&split.code), comments: lines(&split.comments) }
    }

    /// Words of the code, with the number of their line from 1.
    pub(crate) fn words<'a>(&'a self) -> impl Iterator<Item = (usize, &'a str)> {
        let words = |line: &'a str| line.split(|c: char| !is_word(c)).filter(|w| !w.is_empty());
        self.code.iter().enumerate().flat_map(move |(i, line)| words(line).map(move |w| (i + 1, w)))
    }

    /// The kind of each line; the empty piece after the last newline does not count.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line> {
        let all = self.code.iter().zip(&self.comments);
        let last = self.code.last().is_some_and(|l| l.is_empty());
        all.take(self.code.len() - usize::from(last)).map(|(code, comment)| {
            match (code.trim().is_empty(), comment.trim().is_empty()) {
                (false, _) => Line::Code,
                (true, false) => Line::Comment,
                (true, true) => Line::Blank,
            }
        })
    }

    /// Lines, from 0, of the modules that exist for tests only.
    pub(crate) fn test_modules(&self) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.code.len() {
            if self.code[at].trim() == "#[cfg(test)]"
                && self.code.get(at + 1).is_some_and(|l| l.contains("mod "))
            {
                let end = self.block_end(at + 1).unwrap_or(at + 2);
                found.push(at..end);
                at = end;
            } else {
                at += 1;
            }
        }
        found
    }

    /// The line after the block whose brace opens on line `start`, if one opens there.
    fn block_end(&self, start: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (i, line) in self.code.iter().enumerate().skip(start) {
            for c in line.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            if depth == 0 {
                return self.code[start].contains('{').then_some(i + 1);
            }
        }
        None
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Splitter<'_> {
    /// Moves past the next `bytes`, which appear where `show` says, and as blanks elsewhere.
    fn take(&mut self, bytes: usize, show: Show) {
        let (taken, rest) = self.rest.split_at(bytes);
        for c in taken.chars() {
            let blank = if c == '\n' { '\n' } else { ' ' };
            self.code.push(if show == Show::Code { c } else { blank });
            self.comments.push(if show == Show::Comment { c } else { blank });
        }
        self.before = if show == Show::Code { taken.chars().last().unwrap_or(' ') } else { ' ' };
        self.rest = rest;
    }

    fn token(&mut self, next: char) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.take(rest.find('\n').unwrap_or(rest.len()), Show::Comment);
        } else if rest.starts_with("/*") {
            self.take(block_comment(rest), Show::Comment);
        } else if let Some(len) = raw_string(rest).filter(|_| !is_word(self.before)) {
            self.take(len, Show::Nowhere);
        } else if next == '"' {
            self.take(quoted(rest, '"'), Show::Nowhere);
        } else if next == '\'' && is_char_literal(rest) {
            self.take(quoted(rest, '\''), Show::Nowhere);
        } else {
            self.take(next.len_utf8(), Show::Code);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    Code,
    Comment,
    Nowhere,
}

/// Length of the block comment that starts here; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of the raw string that starts here, `r"…"`, `br#"…"#`, if one does.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|p| text.starts_with(p))?;
    let hashes = text[prefix.len()..].bytes().take_while(|&b| b == b'#').count();
    let start = prefix.len() + hashes;
    if !text[start..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[start + 1..].find(&end).map_or(text.len(), |at| start + 1 + at + end.len()))
}

/// Length of the literal between `quote`s that starts here.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return i + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_char_literal(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, code: &str, comments: &str) {
        let source = Source::new(text);
        let tidy = |lines: &[String]| {
            let words: Vec<&str> = lines.iter().flat_map(|l| l.split_whitespace()).collect();
            words.join(" ")
        };
        assert_eq!((tidy(&source.code).as_str(), tidy(&source.comments).as_str()), (code, comments));
        assert_eq!(source.code.len(), text.split('\n').count(), "lines stay where they are");
    }

    #[test]
    fn comments() {
        check("a; // b \"c\"\nd", "a; d", "// b \"c\"");
        check("a /* b /* c */ d */ e", "a e", "/* b /* c */ d */");
        check("/// doc 'x\nfn f() {}", "fn f() {}", "/// doc 'x");
        check("a / b", "a / b", "");
        check("a /* never closed — é", "a", "/* never closed — é");
    }

    #[test]
    fn literals() {
        check(r#"f("a // b \" c", 1)"#, "f( , 1)", "");
        check("f(r#\"a \" // b\"#, br\"\\\") // c", "f( , )", "// c");
        check("for\"x\" r#type r#\"y\"#", "for r#type", "");
        check("match c { '\"' => '\\'', 'ß' => '/' } // d", "match c { => , => }", "// d");
        check("fn f<'a>(x: &'a str, y: &'static str) {}", "fn f<'a>(x: &'a str, y: &'static str) {}", "");
        check("\"two\nlines // \" + a", "+ a", "");
    }

    #[test]
    fn words_and_lines() {
        let source = Source::new("//! Doc.\n\nfn f() { unsafe_code(); } // unsafe\n");
        let words: Vec<_> = source.words().collect();
        assert_eq!(words, [(3, "fn"), (3, "f"), (3, "unsafe_code")]);
        assert_eq!(source.lines().collect::<Vec<_>>(), [Line::Comment, Line::Blank, Line::Code]);
    }

    #[test]
    fn modules_of_tests() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() { let _ = \"}\"; }\n}\nfn h() {}\n";
        let modules = |text: &str| -> Vec<_> {
            Source::new(text).test_modules().into_iter().map(|r| (r.start, r.end)).collect()
        };
        assert_eq!(modules(text), [(1, 5)]);
        assert_eq!(modules("#[cfg(test)]\nmod testing;\nfn f() {}"), [(0, 2)]);
        assert_eq!(modules("mod tests {\n}\n"), []);
    }
}
