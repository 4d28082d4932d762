//! The head of a page: title, subject and legend.

use super::block::{Block, column, row};
use super::image::framed;
use super::legend::Legend;
use super::style::{INK, MARGIN, SOFT_INK, TEXT, TITLE};
use super::text::paragraph;
use crate::chart::{Anchor, Scene, width_px};
use crate::thumbnail::Thumbnail;

/// The minimum width of a page, with room for the text of the head.
pub const LEAST_WIDTH: f64 = 760.0;
/// The maximum width to which a long text in the head widens a page.
const MOST_WIDTH: f64 = 1200.0;
/// Side of the image in the head.
const SIDE: f64 = 96.0;
/// Between image and text.
const BESIDE: f64 = 18.0;
/// Between the head and what is below it.
const BELOW: f64 = 20.0;
/// The most lines of the title, and of each line below it.
const LINES: [usize; 2] = [2, 3];

/// The subject of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct About {
    /// A sentence about the model and the image, such as `convnet on digits:7: predicted 1 (99.8 %)`.
    pub subject: String,
    /// The input image of the network, if any.
    pub image: Option<Thumbnail>,
    /// The names of the classes; empty where the values of the last layer have no names.
    pub classes: Vec<String>,
}

/// The beginning of a page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'a> {
    /// The title, which may take two lines.
    pub title: &'a str,
    /// Running text; each entry may take three lines.
    pub lines: &'a [&'a str],
    /// The image at the left, if any.
    pub image: Option<&'a Thumbnail>,
    /// The colors of the page, if they have a meaning.
    pub legend: Option<Legend<'a>>,
}

impl Head<'_> {
    /// Lays the head out in this width.
    pub fn block(&self, width_px: f64) -> Block {
        let room = width_px - self.beside();
        let lines = self.lines.iter().filter(|line| !line.is_empty());
        let lines = lines.map(|line| paragraph(line, TEXT, SOFT_INK, room, LINES[1]));
        let texts = column(1.0, [paragraph(self.title, TITLE, INK, room, LINES[0])].into_iter().chain(lines));
        let legend = self.legend.map(|legend| legend.block(room));
        let words = column(10.0, [texts].into_iter().chain(legend));
        row(
            BESIDE,
            Anchor::Start,
            self.image
                .map(|image| framed(image, SIDE).in_width(SIDE, Anchor::Start))
                .into_iter()
                .chain([words]),
        )
    }

    /// Creates a page that begins with this head. It is as wide as `body` or as the text of the head, whichever is wider,
    /// within limits.
    pub fn page(&self, body: Block) -> Scene {
        let texts = self.lines.iter().map(|line| width_px(line, TEXT)).chain([width_px(self.title, TITLE)]);
        let whole = texts.fold(0.0, f64::max).ceil() + self.beside();
        let width = body.width_px().max(LEAST_WIDTH - 2.0 * MARGIN).max(whole.min(MOST_WIDTH - 2.0 * MARGIN));
        let description = format!("{}. {}", self.title, self.lines.join(". "));
        column(BELOW, [self.block(width).in_width(width, Anchor::Start), body]).page(description)
    }

    fn beside(&self) -> f64 {
        self.image.map_or(0.0, |_| SIDE + BESIDE)
    }
}
