//! Numbers and tables for a terminal.

use std::fmt;

use unicode_width::UnicodeWidthStr;

/// The text for an undefined value.
pub const UNDEFINED: &str = "–";

/// Formats a whole number with commas: `206,922`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a count with its noun, whose plural ends in s: `1 epoch`, `2,000 epochs`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

/// Formats a count with two to three digits and a decimal prefix: `950`, `1.2 M`, `69.5 k`.
pub fn short_count(value: u64) -> String {
    if value < 1000 { value.to_string() } else { scaled(value as f64, &COUNTS) }
}

/// Formats a size in bytes in decimal units: `512 B`, `1.5 MB`.
pub fn bytes(value: u64) -> String {
    if value < 1000 { format!("{value} B") } else { scaled(value as f64, &BYTES) }
}

/// Joins names with commas; of more than twelve, the first twelve and the number of the others.
///
/// ```
/// use striate_report::text::listed;
///
/// let names: Vec<String> = (1..=14).map(|i| format!("conv{i}")).collect();
/// assert_eq!(listed(&names[..3]), "conv1, conv2, conv3");
/// assert!(listed(&names).ends_with("conv11, conv12, and 2 more"));
/// ```
pub fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    match names.len().saturating_sub(MOST) {
        0 => names.join(", "),
        more => format!("{}, and {more} more", names[..MOST].join(", ")),
    }
}

/// Formats seconds in a suitable unit: `53 µs`, `3.4 ms`, `8.2 s`, `2 min 05 s`, `1 h 02 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return UNDEFINED.to_owned();
    }
    // Rounded first, so that 59.96 s is not "60.0 s".
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds == 0.0 => "0 s".to_owned(),
        _ if seconds < 59.95 => scaled(seconds, &SECONDS),
        0..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Formats a fraction in per cent with two decimals: `97.52 %`; undefined is `–`.
///
/// Only an exact 1 is written `100.00 %`, and only an exact 0 `0.00 %`: one error in 60,000 must stay visible. Values that would
/// round to them are written `>99.99 %` and `<0.01 %`.
pub fn percent(fraction: Option<f64>) -> String {
    match fraction {
        Some(f) if (0.99995..1.0).contains(&f) => ">99.99 %".to_owned(),
        Some(f) if f > 0.0 && f < 0.00005 => "<0.01 %".to_owned(),
        Some(f) if f.is_finite() => format!("{:.2} %", 100.0 * f),
        _ => UNDEFINED.to_owned(),
    }
}

/// Scales with their units, largest first.
type Units = [(f64, &'static str)];
const COUNTS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
const BYTES: [(f64, &str); 4] = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
const SECONDS: [(f64, &str); 4] = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];

/// One decimal below 100, none above, in the largest unit that shows at least 1 after rounding.
fn scaled(value: f64, units: &Units) -> String {
    let last = units.len() - 1;
    let (scale, unit) = units[units.iter().position(|(scale, _)| value >= 0.9995 * scale).unwrap_or(last)];
    let shown = value / scale;
    if shown < 99.95 { format!("{shown:.1} {unit}") } else { format!("{shown:.0} {unit}") }
}

/// The alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Left-aligned, for names.
    Left,
    /// Right-aligned, for numbers.
    Right,
}

/// A table with aligned columns, for a terminal or a log.
///
/// Widths are display widths, so Chinese names align, too; cells are made [`printable`], since a class name must not control the
/// terminal.
///
/// # Example
/// ```
/// use striate_report::text::{Align, Table, grouped};
///
/// let mut table = Table::new([("layer", Align::Left), ("parameters", Align::Right)]);
/// table.row(["conv1".into(), grouped(160)]);
/// table.row(["fc1".into(), grouped(200_832)]);
/// assert_eq!(table.to_string(), "\
/// layer  parameters
/// ─────  ──────────
/// conv1         160
/// fc1       200,832
/// ");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table<const COLUMNS: usize> {
    align: [Align; COLUMNS],
    /// The header first; `None` is a rule across the table.
    rows: Vec<Option<[String; COLUMNS]>>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Creates a table with these column titles and a rule below them.
    pub fn new(columns: [(&str, Align); COLUMNS]) -> Self {
        let mut table = Self { align: columns.map(|(_, align)| align), rows: Vec::new() };
        table.row(columns.map(|(title, _)| title.to_owned()));
        table.rule();
        table
    }

    /// Adds a row.
    pub fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(Some(cells.map(printable)));
    }

    /// Adds a rule across the table, as above a total.
    pub fn rule(&mut self) {
        self.rows.push(None);
    }
}

impl<const COLUMNS: usize> fmt::Display for Table<COLUMNS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
            self.rows.iter().flatten().map(|row| row[column].width()).max().unwrap_or(0)
        });
        for row in &self.rows {
            let mut line = String::new();
            for column in 0..COLUMNS {
                if column > 0 {
                    line.push_str("  ");
                }
                match row {
                    None => line.push_str(&"─".repeat(widths[column])),
                    Some(cells) => {
                        let padding = " ".repeat(widths[column] - cells[column].width());
                        let cell = cells[column].as_str();
                        let (first, second) = match self.align[column] {
                            Align::Left => (cell, padding.as_str()),
                            Align::Right => (padding.as_str(), cell),
                        };
                        line.push_str(first);
                        line.push_str(second);
                    }
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Escapes every character of a one-line text that would control a terminal, such as `\u{1b}`. These are the control characters
/// (C0, DEL and C1) and those that change the direction of a whole line.
///
/// # Example
/// ```
/// use striate_report::text::printable;
///
/// assert_eq!(printable("cat\x1b[2J".into()), r"cat\u{1b}[2J");
/// ```
pub fn printable(text: String) -> String {
    escaped(text, drives_terminal)
}

/// Escapes a text of several lines like [`printable`]; line ends are kept.
pub fn printable_lines(text: String) -> String {
    escaped(text, |c| drives_terminal(c) && c != '\n')
}

/// Whether a terminal would interpret this character rather than show it.
pub fn drives_terminal(c: char) -> bool {
    // Direction overrides have width 0 like accents do, but reorder the whole line.
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: String, is_escaped: impl Fn(char) -> bool + Copy) -> String {
    if !text.contains(is_escaped) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Formats a text as one CSV field: [`printable`], quoted if it contains a comma or a quote, and prefixed with `'` where a
/// spreadsheet would interpret it as a formula. A signed number is not prefixed.
///
/// # Source
/// RFC 4180, section 2; OWASP recommends the leading quote against CSV injection.
///
/// # Example
/// ```
/// use striate_report::text::csv_field;
///
/// assert_eq!(csv_field("T-shirt, top"), "\"T-shirt, top\"");
/// assert_eq!(csv_field("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
/// assert_eq!(csv_field("-1.5"), "-1.5");
/// ```
pub fn csv_field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && text.parse::<f64>().is_err();
    let mut field = printable(text.into());
    if is_formula {
        field.insert(0, '\'');
    }
    if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn counts_read_well() {
        for (value, want) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (206_922, "206,922"), (1_218_048, "1,218,048")]
        {
            assert_eq!(grouped(value), want);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
        for (value, want) in [
            (950, "950"),
            (1_218_048, "1.2 M"),
            (69_500, "69.5 k"),
            (999_960, "1.0 M"),
            (4_100_000_000, "4.1 G"),
        ] {
            assert_eq!(short_count(value), want);
        }
        assert_eq!((bytes(512), bytes(1_500_000)), ("512 B".into(), "1.5 MB".into()));
    }

    #[test]
    fn durations_choose_their_unit() {
        for (seconds, want) in [
            (0.0, "0 s"),
            (53e-6, "53.0 µs"),
            (0.0034, "3.4 ms"),
            (0.99999, "1.0 s"),
            (8.24, "8.2 s"),
            (59.96, "1 min 00 s"),
            (125.0, "2 min 05 s"),
            (3599.7, "1 h 00 min"),
            (3725.0, "1 h 02 min"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(duration(seconds), want);
        }
    }

    #[test]
    fn percent_never_rounds_to_perfect() {
        let cases = [(Some(0.97524), "97.52 %"), (Some(1.0), "100.00 %"), (Some(0.0), "0.00 %"), (None, "–")];
        for (fraction, want) in cases {
            assert_eq!(percent(fraction), want);
        }
        assert_eq!(percent(Some(59_999.0 / 60_000.0)), ">99.99 %");
        assert_eq!(percent(Some(1.0 / 60_000.0)), "<0.01 %");
        assert_eq!(percent(Some(2e-7)), "<0.01 %");
        assert_eq!([0.99994, 0.00006].map(|f| percent(Some(f))), ["99.99 %", "0.01 %"]);
        assert_eq!(percent(Some(f64::NAN)), "–");
    }

    #[test]
    fn whatever_drives_a_terminal_is_written_as_its_number() {
        let text = "C0 \0\x07\x1b[31m\r DEL \x7f C1 \u{80}\u{9b}31m\u{9f} bidi \u{202e}\u{2066}\u{2069} end";
        expect![[r"C0 \u{0}\u{7}\u{1b}[31m\u{d} DEL \u{7f} C1 \u{80}\u{9b}31m\u{9f} bidi \u{202e}\u{2066}\u{2069} end"]]
            .assert_eq(&printable(text.into()));
        let plain = "Straße 猫 שלום e\u{301} \u{a0} \u{200d}";
        assert_eq!(printable(plain.into()), plain);
        assert_eq!(printable("a\nb\tc".into()), r"a\u{a}b\u{9}c");
        assert_eq!(printable_lines("a\nb\tc\r\n".into()), "a\nb\\u{9}c\\u{d}\n");
    }

    #[test]
    fn fields_of_csv_are_neither_formulas_nor_more_than_one() {
        for (text, want) in [
            ("a b", "a b"),
            ("5\" disk", "\"5\"\" disk\""),
            ("two\r\nlines, one field", r#""two\u{d}\u{a}lines, one field""#),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3,\"x\"", "\"'-2+3,\"\"x\"\"\""),
            ("\t=1", r"'\u{9}=1"),
            ("\r=1", r"'\u{d}=1"),
            ("-", "'-"),
            ("-1.5e3", "-1.5e3"),
            ("+7", "+7"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(csv_field(text), want, "{text:?}");
        }
    }

    #[test]
    fn tables_align_names_of_any_script() {
        let mut table = Table::new([("class", Align::Left), ("recall", Align::Right), ("", Align::Left)]);
        table.row(["Straßenbahn".into(), percent(Some(0.5)), "a".into()]);
        table.row(["猫".into(), percent(None), "".into()]);
        table.row(["a\x1b[31m\nb".into(), percent(Some(1.0)), "".into()]);
        table.rule();
        table.row(["mean".into(), percent(Some(0.75)), "".into()]);
        expect![[r#"
            class                recall
            ─────────────────  ────────  ─
            Straßenbahn         50.00 %  a
            猫                        –
            a\u{1b}[31m\u{a}b  100.00 %
            ─────────────────  ────────  ─
            mean                75.00 %
        "#]]
        .assert_eq(&table.to_string());
    }
}
