//! Occlusion, `f_class(x) - f_class(x with a patch covered)`: the drop of the logit without a part of the image. A pixel under
//! several patches gets their mean.

use ndarray::{ArrayView3, Axis, AxisDescription, Slice};

use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

/// The batch size of covered images.
const BATCH: usize = 32;

/// The patch that covers a part of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patch {
    /// The height and width in pixels; a patch larger than the image covers all of it.
    pub side_px: usize,
    /// The distance between neighboring patches in pixels. The last patch of a row ends at the edge of the image.
    pub stride_px: usize,
}

/// Patches along the longer side if they did not overlap.
const ALONG: usize = 8;

impl Patch {
    /// Returns the default patch for an image `[C, H, W]`: an eighth of its longer side, with neighbors that overlap by half.
    pub fn of([_, h, w]: [usize; 3]) -> Self {
        let side_px = h.max(w).div_ceil(ALONG);
        Self { side_px, stride_px: side_px.div_ceil(2) }
    }
}

impl Attributor<'_> {
    /// Covers the image with a patch of `baseline`, `[C, H, W]`, at one position after another.
    ///
    /// # Errors
    /// When the baseline has another shape than the image.
    ///
    /// # Panics
    /// When the patch has no size or no stride.
    ///
    /// # Source
    /// Zeiler 2014.
    pub fn occlusion(
        &mut self,
        baseline: &ArrayView3<'_, f32>,
        patch: Patch,
    ) -> Result<Attribution, ExplainError> {
        assert!(patch.side_px > 0 && patch.stride_px > 0, "a patch has a size and a stride");
        self.check(baseline)?;
        let [_, height, width] = self.shape();
        let score = self.scores(&self.batch())?[0];
        let rows = spans(height, patch);
        let places: Vec<_> =
            rows.flat_map(|rows| spans(width, patch).map(move |columns| (rows.clone(), columns))).collect();
        let (mut sum, mut count) = (vec![0.0; height * width], vec![0_u32; height * width]);
        let mut done = 0;
        for some in places.chunks(BATCH) {
            let mut images = self.images(some.len());
            for (mut image, (rows, columns)) in images.axis_iter_mut(Axis(0)).zip(some) {
                image.assign(&self.image);
                let part = |axis: AxisDescription| match axis.axis {
                    Axis(1) => Slice::from(rows.clone()),
                    Axis(2) => Slice::from(columns.clone()),
                    _ => Slice::from(..),
                };
                image.slice_each_axis_mut(part).assign(&baseline.slice_each_axis(part));
            }
            for ((rows, columns), covered) in some.iter().zip(self.scores(&images)?) {
                for i in rows.clone().flat_map(|y| columns.clone().map(move |x| y * width + x)) {
                    sum[i] += score - covered;
                    count[i] += 1;
                }
            }
            done += some.len();
            self.told(done, places.len());
        }
        let mean = sum.iter().zip(count).map(|(sum, count)| (sum / f64::from(count.max(1))) as f32);
        let attribution = self.attribution(Method::Occlusion, score, mean.collect())?;
        Ok(Attribution { shape: [1, height, width], ..attribution })
    }
}

/// Where the patch lies along a side.
fn spans(side: usize, patch: Patch) -> impl Iterator<Item = std::ops::Range<usize>> {
    let length = patch.side_px.min(side);
    let last = side - length;
    let regular = (0..last).step_by(patch.stride_px);
    // A stride longer than the patch skips pixels, which stay 0.
    regular.chain([last]).map(move |start| start..start + length)
}
