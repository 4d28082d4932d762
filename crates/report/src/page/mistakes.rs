//! The mistakes: the worst with their images, the most frequent as pairs of classes.

use std::fmt::Write;

use super::content::{Mistake, Page, percent, section};
use crate::chart::{Escaped, Scene};
use crate::contact_sheet::{Tile, contact_sheet};
use crate::error::{ReportError, Role};
use crate::text::{self, grouped};

/// The maximum number of pairs of classes that are listed.
const PAIRS: usize = 10;
/// Images up to this side are enlarged pixel by pixel.
const TINY_PX: u32 = 64;

impl Page<'_> {
    /// The mistakes of the page as one sheet of images, each with the predicted class, the label and the name of the image.
    ///
    /// # Example
    /// ```
    /// use striate_report::page::{Mistake, Page};
    /// use striate_report::{Confusion, Thumbnail};
    ///
    /// let mut confusion = Confusion::new(2);
    /// confusion.add(0, 1)?;
    /// let classes = ["cat".to_string(), "dog".to_string()];
    /// let mut page = Page::new("pets", &classes, &confusion);
    /// let (image, name) = (Thumbnail::new(1, 1, 1, &[9], 160)?, "cat/1.jpg".to_string());
    /// page.mistakes.push(Mistake { image, name, label: 0, predicted: 1, probability: 0.75, label_probability: 0.25 });
    /// let svg = page.mistakes_sheet().to_svg();
    /// assert!(svg.contains("predicted dog") && svg.contains("labeled cat (25.00 %)"));
    /// # Ok::<(), striate_report::ReportError>(())
    /// ```
    pub fn mistakes_sheet(&self) -> Scene {
        let name = |class: usize| self.classes.get(class).map_or("", String::as_str);
        let said = |verb: &str, class: usize, probability: f64| {
            format!("{verb} {} ({})", name(class), text::percent(Some(probability)))
        };
        let tile = |mistake: &Mistake| Tile {
            image: mistake.image.clone(),
            captions: vec![
                said("predicted", mistake.predicted, mistake.probability),
                said("labeled", mistake.label, mistake.label_probability),
                mistake.name.clone(),
            ],
        };
        let tiles: Vec<Tile> = self.mistakes.iter().map(tile).collect();
        contact_sheet(&format!("{}: the worst mistakes", self.title), &tiles)
    }
}

pub(super) fn mistakes(page: &Page<'_>, out: &mut String) -> Result<(), ReportError> {
    if page.mistakes.is_empty() {
        return Ok(());
    }
    section(out, "Worst mistakes");
    let wrong = page.confusion.total() - page.confusion.hits();
    let (shown, wrong) = (grouped(page.mistakes.len() as u64), grouped(wrong));
    let _ = writeln!(
        out,
        "<p class=\"small soft\">{shown} of {wrong}, starting with the lowest probability of the label. Check whether \
         some of them are mislabeled.</p>\n<ul class=\"mistakes\">"
    );
    for mistake in &page.mistakes {
        item(page, mistake, out)?;
    }
    out.push_str("</ul>\n");
    Ok(())
}

fn item(page: &Page<'_>, mistake: &Mistake, out: &mut String) -> Result<(), ReportError> {
    let classes = page.classes.len();
    for (role, got) in [(Role::Label, mistake.label), (Role::Prediction, mistake.predicted)] {
        if got >= classes {
            return Err(ReportError::ClassOutOfRange { role, got, classes });
        }
    }
    let image = &mistake.image;
    let is_tiny = image.width_px().max(image.height_px()) <= TINY_PX;
    let class = if is_tiny { " class=\"tiny\"" } else { "" };
    let _ = writeln!(
        out,
        "<li><div class=\"frame\"><img{class} src=\"{}\" alt=\"\"></div><span class=\"said\">predicted {} ({})</span><br>\
         <span class=\"truth\">labeled {} ({})</span><br><span class=\"soft\">{}</span></li>",
        image.data_uri(),
        page.name(mistake.predicted),
        percent(Some(mistake.probability)),
        page.name(mistake.label),
        percent(Some(mistake.label_probability)),
        Escaped(&mistake.name),
    );
    Ok(())
}

/// The pairs of classes that are confused most often.
pub(super) fn confusions(page: &Page<'_>, out: &mut String) {
    let mut pairs: Vec<(usize, usize, u64)> =
        page.confusion.cells().filter(|(label, predicted, _)| label != predicted).collect();
    // A stable sort: among equals the order of the classes.
    pairs.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
    let all = pairs.len();
    pairs.truncate(PAIRS);
    if pairs.is_empty() {
        out.push_str("<p>No classes were confused.</p>\n");
        return;
    }
    out.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th>label</th><th class=\"left\">predicted as</th><th>images</th>\
         <th>of the class</th></tr></thead>\n<tbody>\n",
    );
    for &(label, predicted, count) in &pairs {
        let share = count as f64 / page.confusion.support(label) as f64;
        let _ = writeln!(
            out,
            "<tr><td class=\"name\">{}</td><td class=\"name left\">{}</td><td>{}</td><td>{}</td></tr>",
            page.name(label),
            page.name(predicted),
            grouped(count),
            percent(Some(share)),
        );
    }
    out.push_str("</tbody></table></div>\n");
    if all > pairs.len() {
        let _ =
            writeln!(out, "<p class=\"small soft\">The {} most frequent of {all} pairs.</p>", pairs.len());
    }
}
