//! The results on one data set for a terminal: the tables, then the reading.

use super::reading::reading;
use super::study::DatasetResult;
use super::table::table;

/// Letters in a line of the reading.
const WIDTH: usize = 116;

/// Formats the tables and the description of the results on one data set, in lines that fit a terminal.
pub fn text(result: &DatasetResult) -> String {
    let passages = reading(result).into_iter();
    let passages = passages.map(|passage| wrapped(&format!("{}. {}", passage.about, passage.text), WIDTH));
    format!("{}\n\n{}\n{}", result.data, table(result), passages.collect::<Vec<_>>().join("\n"))
}

/// The words in lines of at most so many letters; a longer word has a line of its own. "6 px" and "90 %" stay together.
fn wrapped(text: &str, width: usize) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    let joins =
        |word: &str| matches!(word.trim_end_matches([',', '.', ';', ')']), "%" | "px" | "degrees" | "points");
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if joins(word) => *last += &format!(" {word}"),
            _ => words.push(word.to_string()),
        }
    }
    for word in words {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines += &(std::mem::take(&mut line) + "\n");
        }
        line += if line.is_empty() { "" } else { " " };
        line += &word;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_full_but_not_longer() {
        assert_eq!(wrapped("one two three four", 9), "one two\nthree\nfour\n");
        assert_eq!(wrapped("it keeps 93.1 %, at 6 px.", 14), "it keeps\n93.1 %, at\n6 px.\n");
        assert_eq!(wrapped("unbreakable", 3), "unbreakable\n");
    }
}
