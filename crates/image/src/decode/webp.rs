//! Inspects the container of a WebP before a decoder does, since the decoder trusts the size of each bitstream.
//!
//! # Source
//! RFC9649: 2.3 (chunks), 2.7 (the extended file, whose frames lie in chunks ANMF); RFC6386: 9.1 (sizes of VP8).

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

/// Bytes of a frame's chunk before the chunks in it: place, size, duration, flags.
const FRAME_BYTES: usize = 16;

/// Says what is wrong with a WebP whose image is `width` x `height`, if a chunk is longer than the file or holds a larger
/// image than that.
///
/// # Errors
/// The reason, for people.
pub(crate) fn check(bytes: &[u8], size: [u32; 2]) -> Result<(), String> {
    // "RIFF", a length, "WEBP".
    check_chunks(bytes.get(12..).unwrap_or_default(), size, true)
}

fn check_chunks(mut rest: &[u8], size: [u32; 2], may_have_frames: bool) -> Result<(), String> {
    while let Some((&[k0, k1, k2, k3, length @ ..], behind)) = rest.split_first_chunk::<8>() {
        let kind = [k0, k1, k2, k3];
        let length = u32::from_le_bytes(length) as usize;
        let Some((payload, behind)) = behind.split_at_checked(length) else {
            return Err(format!("its chunk {} is cut short", kind.escape_ascii()));
        };
        let inner = match &kind {
            b"VP8 " => lossy_size(payload),
            b"VP8L" => lossless_size(payload),
            b"ANMF" if may_have_frames => {
                check_chunks(payload.get(FRAME_BYTES..).unwrap_or_default(), size, false)?;
                None
            }
            _ => None,
        };
        if let Some([width, height]) = inner.filter(|inner| inner[0] > size[0] || inner[1] > size[1]) {
            return Err(format!(
                "it contains an image of {width}x{height} pixels, but is only {}x{} itself",
                size[0], size[1]
            ));
        }
        // Chunks start at even places.
        rest = behind.get(length % 2..).unwrap_or_default();
    }
    Ok(())
}

fn lossy_size(payload: &[u8]) -> Option<[u32; 2]> {
    let &[_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = payload else { return None };
    // The upper two bits say how the image is to be shown.
    Some([[w0, w1], [h0, h1]].map(|size| u32::from(u16::from_le_bytes(size) & 0x3fff)))
}

fn lossless_size(payload: &[u8]) -> Option<[u32; 2]> {
    let &[0x2f, a, b, c, d, ..] = payload else { return None };
    let sizes = u32::from_le_bytes([a, b, c, d]);
    Some([sizes, sizes >> 14].map(|size| (size & 0x3fff).saturating_add(1)))
}
