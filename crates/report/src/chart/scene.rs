//! A drawing as a list of shapes.

use crate::color::Rgb;
use crate::thumbnail::Thumbnail;
use std::ops::Range;

/// A drawing: shapes on white, painted in order. Lengths are CSS pixels, and y grows downwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The width of the drawing.
    pub width_px: f64,
    /// The height of the drawing.
    pub height_px: f64,
    /// One sentence that describes the drawing, as alternative text.
    pub description: String,
    /// The shapes, back to front.
    pub shapes: Vec<Shape>,
    /// The boxes that texts must not leave.
    pub(crate) boxes: Vec<TextBox>,
}

/// A box that some texts of a [`Scene`] must not leave: that of the block for which they were drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TextBox {
    /// The upper left corner.
    pub(crate) at: (f64, f64),
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// The indices of the shapes, of which the texts are held to the box.
    pub(crate) shapes: Range<usize>,
}

/// One shape of a [`Scene`].
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A filled rectangle.
    Rect {
        /// The left edge.
        x: f64,
        /// The upper edge.
        y: f64,
        /// The width of the rectangle.
        width: f64,
        /// The height of the rectangle.
        height: f64,
        /// The fill color.
        fill: Rgb,
        /// The text that a browser shows when the pointer hovers over the shape; ignored in PNG.
        tooltip: Option<String>,
    },
    /// Straight lines that connect points.
    Polyline {
        /// The points (x, y); fewer than two draw nothing.
        points: Vec<(f64, f64)>,
        /// The width of the line.
        width: f64,
        /// The color of the line.
        stroke: Rgb,
        /// The lengths of dashes and gaps; `None` for a solid line.
        dash: Option<(f64, f64)>,
    },
    /// A filled circle.
    Dot {
        /// The center of the circle.
        center: (f64, f64),
        /// The radius of the circle.
        radius: f64,
        /// The fill color.
        fill: Rgb,
    },
    /// An image, stretched over a rectangle.
    Image {
        /// The left edge.
        x: f64,
        /// The upper edge.
        y: f64,
        /// The width of the rectangle.
        width: f64,
        /// The height of the rectangle.
        height: f64,
        /// The image to draw.
        image: Thumbnail,
    },
    /// One line of text.
    Text {
        /// The position of the anchor on the baseline.
        at: (f64, f64),
        /// The font size.
        size: f64,
        /// The part of the text that is at `at`.
        anchor: Anchor,
        /// The rotation in degrees, clockwise about `at`.
        rotate: f64,
        /// The color of the text.
        fill: Rgb,
        /// The text as shown.
        text: String,
        /// The complete text, if `text` was shortened.
        tooltip: Option<String>,
    },
}

/// The part of a text that is at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The beginning of the text.
    Start,
    /// The middle of the text.
    Middle,
    /// The end of the text.
    End,
}

impl Scene {
    /// Creates an empty drawing.
    pub fn new(width_px: f64, height_px: f64, description: impl Into<String>) -> Self {
        Self { width_px, height_px, description: description.into(), shapes: Vec::new(), boxes: Vec::new() }
    }

    /// Adds a filled rectangle.
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: Rgb) {
        self.shapes.push(Shape::Rect { x, y, width, height, fill, tooltip: None });
    }

    /// Moves every shape, and every box.
    pub(crate) fn shift(&mut self, right: f64, down: f64) {
        for shape in &mut self.shapes {
            match shape {
                Shape::Rect { x, y, .. } | Shape::Image { x, y, .. } => (*x, *y) = (*x + right, *y + down),
                Shape::Polyline { points, .. } => {
                    points.iter_mut().for_each(|(x, y)| (*x, *y) = (*x + right, *y + down));
                }
                Shape::Dot { center: (x, y), .. } | Shape::Text { at: (x, y), .. } => {
                    (*x, *y) = (*x + right, *y + down);
                }
            }
        }
        self.boxes.iter_mut().for_each(|of| of.at = (of.at.0 + right, of.at.1 + down));
    }

    /// Adds a solid line of width 1.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Rgb) {
        self.shapes.push(Shape::Polyline { points: vec![from, to], width: 1.0, stroke, dash: None });
    }

    /// Adds a horizontal text.
    pub fn text(&mut self, at: (f64, f64), size: f64, anchor: Anchor, fill: Rgb, text: impl Into<String>) {
        let text = text.into();
        self.shapes.push(Shape::Text { at, size, anchor, rotate: 0.0, fill, text, tooltip: None });
    }
}
