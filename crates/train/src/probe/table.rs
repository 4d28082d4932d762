//! Features in the form to which heads are fitted: centered, of length about 1, and with a 1 at the end of each row, whose
//! weight is the bias.
//!
//! One table serves every fit. Each fit has its own images and its own [`Scale`] computed from them, which is arithmetic on the
//! weights: `W (x − m) / r + b` is `W' x + b'` with `W' = W / r` and `b' = b − W' m`. So no fold copies a
//! row, and besides the features, fitting needs only the memory of the table: 4 · (D + 1) bytes per image, with D + 1 rounded
//! up to a multiple of 16.

use super::Features;
use super::scale::Scale;
use ndarray::{ArrayView2, Axis, Slice};
use striate_graph::TableRows;

/// Numbers of a row are filled up to whole vectors of this length.
const VECTOR: usize = 16;

/// Scaled features of all images.
pub(super) struct Table<'a> {
    pub(super) of: &'a Features,
    /// From the features as they are to the rows of the table.
    pub(super) scale: Scale,
    values: Vec<f32>,
    width: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(of: &'a Features) -> Self {
        let (n, features) = of.rows.dim();
        let everything: Vec<u32> = (0..n as u32).collect();
        // By all images, so that numbers are small; what a head may know of is told by the scale of each fit.
        let scale = Scale::of(of.rows.view(), &everything);
        let width = (features + 1).next_multiple_of(VECTOR);
        let mut values = vec![0.0; n * width];
        for (to, row) in values.chunks_exact_mut(width).zip(of.rows.rows()) {
            scale.apply(row, &mut to[..features]);
            to[features] = 1.0;
        }
        Self { of, scale, values, width }
    }

    /// Features of an image.
    pub(super) fn features(&self) -> usize {
        self.of.rows.ncols()
    }

    /// Values of a row: its features, the 1, and zeros.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The scale of these images of the table.
    pub(super) fn scale_of(&self, images: &[u32]) -> Scale {
        let all = ArrayView2::from_shape((self.of.len(), self.width), &self.values).expect("whole rows");
        Scale::of(all.slice_axis(Axis(1), Slice::from(..self.features())), images)
    }

    /// These images, for the products.
    pub(super) fn rows<'r>(&'r self, images: &'r [u32]) -> TableRows<'r> {
        TableRows { table: &self.values, inputs: self.width, chosen: images }
    }
}
