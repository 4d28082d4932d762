//! Says what a file is by its first bytes, and looks into the containers of JPEG and PNG before a decoder does.

use std::borrow::Cow;

/// A few words for what the bytes look like.
pub(crate) fn looks_like(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    let starts = |prefix: &str| {
        text.len() >= prefix.len() && text[..prefix.len()].eq_ignore_ascii_case(prefix.as_bytes())
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
        [0, 0, 8, 1 | 3, ..] => "an idx file (a data set, not a picture)",
        [b'R', b'I', b'F', b'F', ..] => "a RIFF file (sound or video)",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h' | b'm', b'e' | b'i', ..] => "a HEIC picture",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "an MP4 or AVIF file",
        [_, _, _, _, _, _, _, _, b'{', b'"', ..] => "a safetensors file (a model, not a picture)",
        _ if bytes.iter().take(512).all(|&b| b == 0) => "zeros",
        _ if bytes.iter().take(512).all(|&b| matches!(b, 9 | 10 | 13 | 32..=126)) => "plain text",
        _ => "unknown data",
    }
}

/// The kind of a JPEG with four colour components, CMYK or YCCK.
///
/// The twelfth byte of Adobe's segment APP14 says which transform was made, and 2 is YCCK.
///
/// # Source
/// ITU-T T.81, B.2.2: the frame header holds the number of components in its sixth byte.
pub(crate) fn jpeg_of_inks(bytes: &[u8]) -> Option<&'static str> {
    segments(bytes).find(|&(marker, payload)| is_frame(marker) && payload.get(5) == Some(&4))?;
    let is_ycck = |(marker, payload): (u8, &[u8])| {
        marker == 0xee && payload.starts_with(b"Adobe") && payload.get(11) == Some(&2)
    };
    Some(if segments(bytes).any(is_ycck) { "YCCK JPEG" } else { "CMYK JPEG" })
}

/// True for a JPEG that has an end marker behind the start of its first scan; one cut short has none.
///
/// Inside a scan a byte FF is always followed by 00 or a restart marker, so FF D9 is the end and nothing else.
pub(crate) fn jpeg_has_end(bytes: &[u8]) -> bool {
    let Some((_, scan)) = segments(bytes).find(|&(marker, _)| marker == 0xda) else { return false };
    let start = scan.as_ptr() as usize - bytes.as_ptr() as usize;
    bytes[start..].windows(2).any(|pair| pair == [0xff, 0xd9])
}

/// A PNG with the chunks alone that decide its pixels, and its orientation.
///
/// Texts and colour profiles are packed, and a decoder unpacks them whatever they become; animations are of no use here.
/// What is no row of chunks is left as it is, for the decoder to refuse.
pub(crate) fn png_essentials(bytes: &[u8]) -> Cow<'_, [u8]> {
    const SIGNATURE: usize = 8;
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut at = SIGNATURE;
    let mut is_all = true;
    while let Some(&[a, b, c, d, ref kind @ ..]) = bytes.get(at..at + 8) {
        // Length, kind and checksum.
        let end = at.saturating_add(u32::from_be_bytes([a, b, c, d]) as usize).saturating_add(12);
        let Some(chunk) = bytes.get(at..end) else { break };
        let is_essential = kind[0].is_ascii_uppercase() || matches!(kind, b"tRNS" | b"eXIf");
        if is_essential {
            kept.push(chunk);
        }
        is_all &= is_essential;
        at = end;
    }
    if is_all {
        return Cow::Borrowed(bytes);
    }
    // What comes after the last whole chunk is the rest of a file cut short.
    kept.push(&bytes[at..]);
    Cow::Owned([&bytes[..SIGNATURE], &kept.concat()].concat())
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
            rest = &rest[1..];
        }
        let [0xff, marker, high, low, ..] = *rest else { return None };
        let length = usize::from(u16::from_be_bytes([high, low])).max(2);
        let payload = &rest[4..(2 + length).clamp(4, rest.len())];
        rest = rest.get(2 + length..).unwrap_or_default();
        scan_reached = marker == 0xda;
        Some((marker, payload))
    })
}
