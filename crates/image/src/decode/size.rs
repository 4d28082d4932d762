//! Checks, from the header, whether an image is small enough to be decoded.

use crate::error::ImageError;
use crate::limits::{MAX_BYTES, MAX_PIXELS, MAX_SIDE_PX};
use striate_base::memory::{most_unpacked, room_for};

/// From so many bytes on, it is made sure that there is memory before an image is decoded ...
const LARGE_BYTES: u64 = 1 << 20;
/// ... for its pixels so many times: as they are decoded, as gray or RGB, and turned.
const COPIES: u64 = 3;

/// Refuses what is too large, and what claims to be far larger than its file.
pub(super) fn check_size(
    kind: &'static str,
    [width, height]: [u32; 2],
    packed: u64,
    unpacked: u64,
) -> Result<(), ImageError> {
    match () {
        () if width.max(height) > MAX_SIDE_PX || u64::from(width) * u64::from(height) > MAX_PIXELS => {
            Err(ImageError::TooManyPixels { width, height })
        }
        () if width == 0 || height == 0 => {
            Err(ImageError::Damaged { kind, why: format!("it is {width}x{height} pixels") })
        }
        () if unpacked > MAX_BYTES => Err(ImageError::TooManyBytes { bytes: unpacked }),
        () if unpacked > most_unpacked(packed) => Err(ImageError::Bomb { packed, unpacked }),
        () => Ok(()),
    }
}

/// Makes sure that there is memory for a large image: decoders take theirs without asking.
pub(super) fn check_room(unpacked: u64) -> Result<(), ImageError> {
    if unpacked < LARGE_BYTES { Ok(()) } else { Ok(room_for(unpacked.saturating_mul(COPIES))?) }
}
