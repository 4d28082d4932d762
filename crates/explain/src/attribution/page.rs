//! An attribution as a page: the values in color, alone and over the image.

use super::method::PHOTO_PX;
use super::smooth::smoothed;
use super::stretch::{Align, bilinear};
use super::{Attribution, Method};
use crate::maps::colored;
use striate_report::Thumbnail;
use striate_report::chart::{Anchor, Scene};
use striate_report::color::Rgb;
use striate_report::layout::{
    About, Block, CAPTION, Head, INK, Legend, SOFT_INK, column, framed, grid, paragraph,
};
use striate_report::scale::Scale;
use striate_report::scale::number;
use striate_report::text::{grouped, percent};

const SIDE: f64 = 340.0;
const GAP: f64 = 40.0;
/// Between the caption and its tile, and between the tiles and the notes.
const BELOW: [f64; 2] = [6.0, 14.0];
/// The most lines of a caption, and of a note.
const LINES: [usize; 2] = [2, 4];
/// The opacity of the largest value in an overlay.
const OPACITY: f64 = 0.8;

/// The name of a class, or its index where the classes have no names.
pub(super) fn class_name(classes: &[String], class: usize) -> String {
    classes.get(class).cloned().unwrap_or_else(|| format!("class {class}"))
}

/// ` of conv2`, where there is a layer.
pub(super) fn layer_of(attribution: &Attribution) -> String {
    attribution.layer.as_ref().map(|layer| format!(" of {layer}")).unwrap_or_default()
}

impl Attribution {
    /// The σ, in pixels, of the Gaussian that smooths the values in a drawing: a 64th of the longer side of a photo where each
    /// pixel has a value of its own, since single pixels of a photo cannot be distinguished. `None` without smoothing.
    pub fn smoothing_px(&self) -> Option<f64> {
        let side = self.shape[1].max(self.shape[2]);
        (self.method.is_by_pixel() && side > PHOTO_PX).then(|| side as f64 / PHOTO_PX as f64)
    }

    /// `[H, W]`: the values to draw, [`per_pixel`](Self::per_pixel) and smoothed.
    pub(super) fn shown(&self) -> Vec<f32> {
        let [_, h, w] = self.shape;
        match self.smoothing_px() {
            Some(sigma_px) => smoothed(&self.per_pixel(), [h, w], sigma_px),
            None => self.per_pixel(),
        }
    }

    /// The color scale of the drawn values: blue speaks against the class, white is neutral, orange speaks for it; viridis for
    /// methods without negative values.
    pub fn scale(&self) -> Scale {
        Scale::of(&self.shown(), self.method.is_signed())
    }

    /// Blends the values, resized to the image, into the image in grayscale; larger values are more opaque.
    pub fn overlay(&self, image: &Thumbnail) -> Thumbnail {
        let (width, height) = (image.width_px() as usize, image.height_px() as usize);
        let ([_, h, w], scale) = (self.shape, self.scale());
        let values = bilinear(&self.shown(), [h, w], [height, width], Align::Edges);
        let mixed = values.iter().enumerate().map(|(i, &value)| {
            let pixel = image.pixel((i % width) as u32, (i / width) as u32);
            let gray =
                0.2126 * f64::from(pixel[0]) + 0.7152 * f64::from(pixel[1]) + 0.0722 * f64::from(pixel[2]);
            let (color, place) = (scale.color(value), scale.position(value));
            let share = if place.is_nan() { OPACITY } else { OPACITY * place.abs() };
            let mix = |color: u8| (gray * (1.0 - share) + f64::from(color) * share).round() as u8;
            Rgb { r: mix(color.r), g: mix(color.g), b: mix(color.b) }
        });
        Thumbnail::of_colors(width, height, mixed)
    }

    /// Describes in words what the values sum to; `None` for methods without an expected sum.
    pub fn account(&self) -> Option<String> {
        let c = self.completeness?;
        let [rise, sum, gap] = [c.rise, c.sum, c.gap].map(|v| number(v as f32));
        let Some((input, biases)) = self.parts.split_first() else {
            let what = if self.versus.is_some() { "logit difference" } else { "logit" };
            return Some(format!(
                "attributions sum to {sum}; the {what} is {rise} above the baseline's (completeness gap {gap})"
            ));
        };
        let placed = |has: bool| {
            let some = biases.iter().filter(move |part| (part.shape.len() == 3) == has);
            number(some.map(|part| part.sum).sum::<f64>() as f32)
        };
        let (image, maps, rest) = (number(input.sum as f32), placed(true), placed(false));
        Some(format!(
            "image {image} + biases of feature maps {maps} + biases of vectors {rest} = {sum} (completeness gap {gap})"
        ))
    }

    /// Notes for the reader: the precision of integrated gradients, and whether the drawing is smoothed.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(found) = self.refinement {
            let (change, gradients) = (percent(Some(found.change)), grouped(found.gradients as u64));
            notes.push(match found.is_settled() {
                true => format!(
                    "After {gradients} gradients the last two refinements agree: no pixel differs by more than {change} of \
                     the largest."
                ),
                false => format!(
                    "After {gradients} gradients the last two refinements still differ by {change} of the largest at one pixel \
                     (tolerance: {}): interpret single pixels with caution.",
                    percent(Some(found.tolerance))
                ),
            });
        }
        if let Some(sigma_px) = self.smoothing_px() {
            notes.push(format!(
                "The drawing is smoothed by {sigma_px:.1} pixels, so that it can be read; the values are not smoothed."
            ));
        }
        notes
    }

    /// The meaning of the colors, for `class` or for `class` compared with `versus`.
    pub(super) fn colors(&self, class: &str, versus: Option<&str>) -> String {
        match (self.method, versus) {
            (Method::EigenCam, _) => "orange and blue: the two ends of the main variation".into(),
            (Method::Gradient | Method::SmoothGrad | Method::GuidedBackprop, _) => {
                "orange: the logit rises with the pixel; blue: it falls".into()
            }
            (method, None) if method.is_signed() => format!("orange speaks for {class}, blue against it"),
            (method, Some(other)) if method.is_signed() => {
                format!("orange speaks for {class}, blue for {other}")
            }
            _ => format!("the brighter, the more a place speaks for {class}"),
        }
    }

    /// The title: the question, and the method that answers it.
    fn title(&self, about: &About) -> String {
        let (how, layer) = (self.method.name(), layer_of(self));
        if !self.method.knows_class() {
            return format!("Where do the maps differ? {how}{layer}");
        }
        let rather = self.versus.map(|other| format!(" rather than {}", class_name(&about.classes, other)));
        format!("Why {}{}? {how}{layer}", class_name(&about.classes, self.class), rather.unwrap_or_default())
    }

    /// Draws a page with the values, the overlay, and a legend. `about.image` is the input of the network.
    pub fn page(&self, about: &About) -> Scene {
        let logit = number(self.logit);
        let logit = if self.versus.is_some() {
            format!("logit difference {logit}")
        } else {
            format!("logit {logit}")
        };
        let line = self.account().map_or_else(|| logit.clone(), |account| format!("{logit} · {account}"));
        let (scale, room) = (self.scale(), 2.0 * SIDE + GAP);
        let [_, height, width] = self.shape;
        let shown = colored(&self.shown(), [height, width], |v| scale.color(v));
        let mut tiles = vec![(format!("{}, {height} x {width}", self.method.unit()), shown)];
        if let Some(image) = &about.image {
            tiles.push(("over the image; larger values are more opaque".into(), self.overlay(image)));
        }
        let captions = tiles.iter().map(|(caption, _)| paragraph(caption, CAPTION, SOFT_INK, SIDE, LINES[0]));
        let images = tiles.iter().map(|(_, image)| framed(image, SIDE));
        let cells = captions.chain(images).map(|cell| cell.in_width(SIDE, Anchor::Start));
        let tiles = grid(&vec![Anchor::Start; tiles.len()], (GAP, BELOW[0]), cells);
        let warning = self.method.warning().map(|warning| format!("Caution: {warning}"));
        let notes = self.notes().into_iter().chain(warning);
        let notes = notes.map(|note| paragraph(&note, CAPTION + 1.0, INK, room, LINES[1]));
        let parts: Vec<Block> = [tiles].into_iter().chain(notes).collect();

        let versus = self.versus.map(|other| class_name(&about.classes, other));
        let colors = self.colors(&class_name(&about.classes, self.class), versus.as_deref());
        let head = Head {
            title: &self.title(about),
            lines: &[&about.subject, &line],
            image: about.image.as_ref(),
            legend: Some(Legend::Told(&scale, &colors)),
        };
        head.page(column(BELOW[1], parts))
    }
}
