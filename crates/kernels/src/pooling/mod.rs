//! Pooling: each output pixel is the maximum or the mean of a region of the input, for each channel.
//!
//! All kernels here are one loop over output pixels and the cells of their regions, 16 channels at a time, and differ only in
//! what they do with a cell. Forward and backward are cut into blocks of channels, and a backward block adds the gradients of
//! its outputs in scan order, so that overlapping windows are always summed in the same order.

mod adaptive_avg_pool;
mod avg_pool;
mod max_pool;
mod mean;
mod regions;
#[cfg(test)]
mod tests;

pub use adaptive_avg_pool::{AdaptiveAvgPool, AdaptiveAvgPoolBackward};
pub use avg_pool::{AvgPool, AvgPoolBackward};
pub use max_pool::{MaxPool, MaxPoolBackward};

use crate::cut::{check_apart, check_blocked};
use crate::plane::Value;
use crate::{PoolShape, Window};
use regions::Regions;

/// Asserts that `big` and `small` are blocked and that their sizes fit, and lists the regions of the window.
#[track_caller]
fn window_regions(what: &str, big: &Value, small: &Value, window: Window) -> Regions {
    check_pair(what, big, small);
    let output = PoolShape { channels: big.plane.channels, input: big.plane.size(), window }.output();
    assert!(
        output == small.plane.size(),
        "{what}: {window:?} makes {output:?} of {:?}, not {:?}",
        big.plane,
        small.plane
    );
    Regions::window(big.plane.size(), &window)
}

#[track_caller]
fn check_pair(what: &str, big: &Value, small: &Value) {
    check_blocked(what, big);
    check_blocked(what, small);
    check_apart(what, big, small);
    let channels = (big.plane.channels, small.plane.channels);
    assert!(
        channels.0 == channels.1,
        "{what}: input and output must have the same number of channels, got {channels:?}"
    );
}
