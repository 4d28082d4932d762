//! One self-contained HTML page about the quality of a classifier: it loads nothing, so it can be mailed, printed and archived.
//!
//! The names on it come from users, so every name is escaped, and the content security policy of the page forbids scripts and
//! external addresses. Charts are the [`Scene`]s of the run folder, as SVG.

mod classes;
mod content;
mod mistakes;
mod numbers;

pub use content::{Mistake, Page};

use std::fmt::Write;

use crate::chart::{self, Escaped, Scene};
use crate::error::ReportError;
use content::section;

impl Page<'_> {
    /// Writes the page as HTML.
    ///
    /// # Errors
    /// [`ReportError::ClassNames`] if there is not one name per class, [`ReportError::ClassOutOfRange`] if a mistake has a
    /// class that is out of range.
    pub fn to_html(&self) -> Result<String, ReportError> {
        let mut out = String::with_capacity(1 << 16);
        let title = Escaped(self.title);
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n{}\
             <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n",
            id_line(&self.id),
            include_str!("style.css")
        );
        if !self.subtitle.is_empty() {
            let _ = writeln!(out, "<p class=\"soft\">{}</p>", Escaped(&self.subtitle));
        }
        if let Some((file, what)) = &self.beside {
            // `./`, so that no file name can be interpreted as a URL.
            let _ = writeln!(out, "<p><a href=\"./{}\">{what}</a></p>", Escaped(&encoded(file)));
        }
        numbers::figures(self, &mut out);
        if !self.notes.is_empty() {
            out.push_str("<ul class=\"notes small\">\n");
            for note in &self.notes {
                let _ = writeln!(out, "<li>{}</li>", Escaped(note));
            }
            out.push_str("</ul>\n");
        }
        out.push_str("</header>\n<main>\n");
        numbers::comparisons(self, &mut out);
        if let Some(curves) = &self.curves {
            section(&mut out, "Training");
            out.push_str("<div class=\"pair\">\n");
            chart::curve_panels(curves).iter().for_each(|panel| figure(&mut out, panel, "chart"));
            out.push_str("</div>\n");
        }
        mistakes::mistakes(self, &mut out)?;
        section(&mut out, "Confusion matrix");
        figure(&mut out, &chart::confusion("", self.confusion, self.classes)?, "chart matrix");
        mistakes::confusions(self, &mut out);
        classes::table(self, &mut out);
        if let Some(calibration) = self.calibration.filter(|calibration| calibration.images() > 0) {
            section(&mut out, "Calibration");
            out.push_str("<div class=\"pair\">\n");
            figure(&mut out, &chart::reliability(calibration), "chart");
            numbers::calibration(calibration, &mut out);
            out.push_str("</div>\n");
        }
        self.provenance(&mut out);
        out.push_str("</main>\n</body>\n</html>\n");
        Ok(out)
    }

    fn provenance(&self, out: &mut String) {
        if self.facts.is_empty() && self.commands.is_empty() {
            return;
        }
        section(out, "Provenance");
        out.push_str("<dl class=\"facts\">\n");
        for (name, value) in &self.facts {
            let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", Escaped(name), Escaped(value));
        }
        out.push_str("</dl>\n");
        for command in &self.commands {
            let _ = writeln!(out, "<pre>{}</pre>", Escaped(command));
        }
    }
}

/// Returns the line in the head of a page that identifies the measurement, so that a repeated measurement can replace its page.
pub fn id_line(id: &str) -> String {
    let content = Escaped(id);
    if id.is_empty() { String::new() } else { format!("<meta name=\"measurement\" content=\"{content}\">\n") }
}

/// The name of a file as a part of an address: all but letters, digits and `-_.` as percent and two digits.
fn encoded(file: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    file.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn figure(out: &mut String, scene: &Scene, class: &str) {
    let _ = writeln!(out, "<figure class=\"{class}\">\n{}</figure>", scene.to_svg());
}

#[cfg(test)]
mod tests;
