//! Recognizes a file by its first bytes, and inspects the containers of JPEG and PNG before a decoder does.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

use std::borrow::Cow;

/// A few words for what the bytes look like.
pub(crate) fn looks_like(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    let starts = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    match bytes {
        _ if starts("<!doctype html") || starts("<html") || starts("<head") => {
            "an HTML page (a download that went wrong?)"
        }
        _ if starts("<svg") => "an SVG drawing",
        _ if starts("<?xml") => "an XML or SVG file",
        _ if starts("{") || starts("[") => "JSON text",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [b'P', b'K', 3, 4, ..] => "a zip archive",
        [0x1f, 0x8b, ..] => "a gzip file",
        [0x7f, b'E', b'L', b'F', ..] | [b'M', b'Z', ..] => "a program",
        [0, 0, 8, 1 | 3, ..] => "an idx file (a data set, not an image)",
        [b'R', b'I', b'F', b'F', ..] => "a RIFF file (sound or video)",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "an MP4 file",
        [_, _, _, _, _, _, _, _, b'{', b'"', ..] => "a safetensors file (a model, not an image)",
        _ if bytes.iter().take(512).all(|&b| b == 0) => "zeros",
        _ if bytes.iter().take(512).all(|&b| matches!(b, 9 | 10 | 13 | 32..=126)) => "plain text",
        _ => "unknown data",
    }
}

/// True for a JPEG with four color components, CMYK or YCCK.
///
/// # Source
/// ITU-T T.81, B.2.2: the frame header holds the number of components in its sixth byte.
pub(crate) fn jpeg_is_of_inks(bytes: &[u8]) -> bool {
    segments(bytes).any(|(marker, payload)| is_frame(marker) && payload.get(5) == Some(&4))
}

/// Columns, rows and color components of a JPEG, as its frame header has them.
#[cfg(feature = "decode-all")]
pub(crate) fn jpeg_size(bytes: &[u8]) -> Option<[u32; 3]> {
    let (_, payload) = segments(bytes).find(|&(marker, _)| is_frame(marker))?;
    let &[_, h0, h1, w0, w1, components, ..] = payload else { return None };
    let [width, height] = [[w0, w1], [h0, h1]].map(|size| u32::from(u16::from_be_bytes(size)));
    Some([width, height, components.into()])
}

/// The kind of a JPEG that is not decoded here.
///
/// # Source
/// ITU-T T.81, table B.1: what the markers of frames stand for; B.2.2: their first byte is the number of bits.
pub(crate) fn jpeg_unread(bytes: &[u8]) -> Option<&'static str> {
    let (marker, payload) = segments(bytes).find(|&(marker, _)| is_frame(marker))?;
    match (marker, payload.first()) {
        (0xc3, _) => Some("lossless JPEG"),
        (0xc5..=0xc7, _) => Some("hierarchical JPEG"),
        (0xc9..=0xcf, _) => Some("JPEG with arithmetic coding"),
        (_, Some(12)) => Some("JPEG of 12 bits"),
        _ => None,
    }
}

/// The kind of an image in a format that is not decoded here and that the decoders do not know either.
pub(crate) fn image_unread(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', b'h' | b'm', b'e' | b'i', ..] => Some("HEIC"),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Some("JPEG 2000"),
        [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] | [0xff, 0x0a, ..] => Some("JPEG XL"),
        [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => Some("BigTIFF"),
        [b'8', b'B', b'P', b'S', ..] => Some("PSD"),
        _ => None,
    }
}

/// True for a JPEG that has an end marker behind the start of its first scan; one cut short has none.
///
/// Inside a scan a byte FF is always followed by 00 or a restart marker, so FF D9 is the end and nothing else.
pub(crate) fn jpeg_has_end(bytes: &[u8]) -> bool {
    let Some((_, scan)) = segments(bytes).find(|&(marker, _)| marker == 0xda) else { return false };
    let start = (scan.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
    bytes.get(start..).unwrap_or_default().windows(2).any(|pair| pair == [0xff, 0xd9])
}

/// A PNG with the chunks alone that decide its pixels, and its orientation.
///
/// Texts and color profiles are packed, and a decoder unpacks them whatever they become; animations are of no use here. A
/// file that ends behind its pixels gets the end that it lacks, as whole chunks of pixels are all that is needed; what is no
/// row of chunks is left as it is, for the decoder to refuse.
pub(crate) fn png_essentials(bytes: &[u8]) -> Cow<'_, [u8]> {
    const SIGNATURE: usize = 8;
    const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut at = SIGNATURE;
    let (mut is_all, mut has_pixels, mut has_end) = (true, false, false);
    while let Some(&[a, b, c, d, ref kind @ ..]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        // Length, kind and checksum.
        let end = at.saturating_add(u32::from_be_bytes([a, b, c, d]) as usize).saturating_add(12);
        let Some(chunk) = bytes.get(at..end) else { break };
        let is_essential = matches!(kind, [b'A'..=b'Z', ..] | b"tRNS" | b"eXIf");
        if is_essential {
            kept.push(chunk);
        }
        is_all &= is_essential;
        has_pixels |= kind.starts_with(b"IDAT");
        has_end |= kind.starts_with(b"IEND");
        at = end;
    }
    // What comes after the last whole chunk is the rest of a file cut short: of its end, or of its pixels.
    let rest = bytes.get(at..).unwrap_or_default();
    let lacks_end = has_pixels && !has_end && rest.get(4..8).is_none_or(|kind| kind == b"IEND");
    if is_all && !lacks_end {
        return Cow::Borrowed(bytes);
    }
    kept.push(if lacks_end { END } else { rest });
    let signature = bytes.get(..SIGNATURE).unwrap_or_default();
    Cow::Owned([signature, &kept.concat()].concat())
}

/// How many scans a JPEG has: passes over all of its pixels.
///
/// Inside a scan a byte FF is followed by 00 or a restart marker; a start of scan inside another segment counts too, which
/// needs a very odd file.
pub(crate) fn jpeg_scans(bytes: &[u8]) -> usize {
    bytes.windows(2).filter(|pair| *pair == [0xff, 0xda]).count()
}

fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// The marker segments of a JPEG up to and with the first start of scan, each with its payload.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes.get(2..).unwrap_or_default();
    let mut scan_reached = false;
    std::iter::from_fn(move || {
        if scan_reached {
            return None;
        }
        // Any number of FF may stand before a marker.
        while let [0xff, 0xff, ..] = rest {
            rest = rest.get(1..).unwrap_or_default();
        }
        let [0xff, marker, high, low, behind @ ..] = rest else { return None };
        // The length counts itself.
        let length = usize::from(u16::from_be_bytes([*high, *low])).saturating_sub(2);
        let (payload, marker) = (behind.get(..length).unwrap_or(behind), *marker);
        rest = behind.get(length..).unwrap_or_default();
        scan_reached = marker == 0xda;
        Some((marker, payload))
    })
}

#[cfg(test)]
mod tests {
    use super::looks_like;

    #[test]
    fn what_is_no_image_is_told_by_its_first_bytes() {
        let header = [&320_u64.to_le_bytes()[..], b"{\"a\":{\"dtype\""].concat();
        for (bytes, told) in [
            (&header[..], "a safetensors file"),
            (b"%PDF-1.7", "a PDF document"),
            (b"PK\x03\x04", "a zip archive"),
            (b"\x7fELF\x02", "a program"),
            (&[0, 0, 8, 3, 0, 0], "an idx file"),
            (b"RIFF....WAVE", "a RIFF file"),
            (b"\0\0\0\x18ftypmp42", "an MP4 file"),
            (&[0; 40], "zeros"),
            (b"to be or not to be", "plain text"),
            (&[200, 1, 130, 7], "unknown data"),
        ] {
            assert!(looks_like(bytes).starts_with(told), "{bytes:?}: {}", looks_like(bytes));
        }
    }
}
