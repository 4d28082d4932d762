//! Small files that would need much: each is an error, or costs little memory and time.

use std::time::{Duration, Instant};

use striate_image::Image;
use striate_testkit::{Memory, memory, peak_bytes};

#[global_allocator]
static MEMORY: Memory = memory();

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, data).unwrap();
    encoder.finish().unwrap()
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&(data.len() as u32).to_be_bytes()[..], &body, &crc.sum().to_be_bytes()].concat()
}

/// A PNG of one image with chunks before it.
fn png([width, height]: [u32; 2], [depth, color]: [u8; 2], extra: &[Vec<u8>], data: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, color, 0, 0, 0]].concat();
    let start = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header)].concat();
    [start, extra.concat(), chunk(b"IDAT", data), chunk(b"IEND", &[])].concat()
}

/// A gray PNG of one pixel with chunks before it: fine, but for these.
fn dot(extra: &[Vec<u8>]) -> Vec<u8> {
    png([1, 1], [8, 0], extra, &zlib(&[0, 7]))
}

fn gif(screen: [u16; 2], frame: [u16; 2]) -> Vec<u8> {
    let sizes = |sizes: [u16; 2]| sizes.map(u16::to_le_bytes).concat();
    let palette = [0, 0, 0, 255, 255, 255];
    let image = [&[0x2c, 0, 0, 0, 0][..], &sizes(frame), &[0, 2, 2, 0x44, 0x01, 0]].concat();
    [b"GIF89a".as_slice(), &sizes(screen), &[0x80, 0, 0], &palette, &image, &[0x3b]].concat()
}

/// A BMP of 40 + 14 bytes of header.
fn bmp(width: i32, height: i32, bits: u16, compression: u32, data: &[u8]) -> Vec<u8> {
    let file = [b"BM".as_slice(), &[0; 8], &54u32.to_le_bytes()].concat();
    let sizes = [&40u32.to_le_bytes()[..], &width.to_le_bytes(), &height.to_le_bytes()].concat();
    let rest = [&1u16.to_le_bytes()[..], &bits.to_le_bytes(), &compression.to_le_bytes(), &[0; 20]].concat();
    [file, sizes, rest, data.to_vec()].concat()
}

/// A TIFF of one directory, whose entries are tag, type, count and value.
fn tiff(entries: &[(u16, u16, u32, u32)], next: u32, data: &[u8]) -> Vec<u8> {
    let directory: Vec<u8> = entries
        .iter()
        .flat_map(|&(tag, kind, count, value)| {
            [tag.to_le_bytes(), kind.to_le_bytes()]
                .concat()
                .into_iter()
                .chain([count, value].map(u32::to_le_bytes).concat())
        })
        .collect();
    let start = [b"II*\0".as_slice(), &8u32.to_le_bytes(), &(entries.len() as u16).to_le_bytes()].concat();
    [start, directory, next.to_le_bytes().to_vec(), data.to_vec()].concat()
}

/// Gray, 8 bits, one strip, with these sides, compression and bytes in the strip.
fn tiff_strip(width: u32, height: u32, compression: u32, strip_bytes: u32) -> Vec<u8> {
    let entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (262, 3, 1, 1),
        (273, 4, 1, 200),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, strip_bytes),
    ];
    tiff(&entries, 0, &[0; 300])
}

fn webp(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let body: Vec<u8> = chunks
        .iter()
        .flat_map(|(kind, data)| [kind.as_slice(), &(data.len() as u32).to_le_bytes(), data].concat())
        .collect();
    [b"RIFF".as_slice(), &(body.len() as u32 + 4).to_le_bytes(), b"WEBP", &body].concat()
}

/// An animation of `screen` pixels whose only frame says that it is `frame`, and its bitstream that it is `inner`.
fn webp_frame(screen: u32, frame: u32, inner: u16) -> Vec<u8> {
    let three = |value: u32| value.to_le_bytes()[..3].to_vec();
    let canvas = [vec![2, 0, 0, 0], three(screen - 1), three(screen - 1)].concat();
    let stream =
        [&[0x10, 0, 0, 0x9d, 1, 0x2a][..], &inner.to_le_bytes(), &inner.to_le_bytes(), &[0; 30]].concat();
    let place = [vec![0; 6], three(frame - 1), three(frame - 1), vec![0; 4]].concat();
    let chunk = [b"VP8 ".as_slice(), &(stream.len() as u32).to_le_bytes(), &stream].concat();
    webp(&[(b"VP8X", canvas), (b"ANIM", vec![0; 6]), (b"ANMF", [place, chunk].concat())])
}

/// A TIFF of 16 x 16 pixels in one strip, which is a JPEG.
fn tiff_of_jpeg(jpeg: &[u8]) -> Vec<u8> {
    let entries = [
        (256, 4, 1, 16),
        (257, 4, 1, 16),
        (258, 3, 1, 8),
        (259, 3, 1, 7),
        (262, 3, 1, 1),
        (273, 4, 1, 8 + 2 + 9 * 12 + 4),
        (277, 3, 1, 1),
        (278, 4, 1, 16),
        (279, 4, 1, jpeg.len() as u32),
    ];
    tiff(&entries, 0, jpeg)
}

/// A progressive JPEG from Pillow with other sides, and its last scan so many times.
fn jpeg(width: u16, height: u16, scans: usize) -> Vec<u8> {
    let line = include_str!("golden/pillow.txt")
        .lines()
        .find(|line| line.starts_with("file jpeg_progressive"))
        .unwrap();
    let hex = line.split(' ').nth(5).unwrap();
    let mut file: Vec<u8> =
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    let frame = file.windows(2).position(|marker| marker == [0xff, 0xc2]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[height.to_be_bytes(), width.to_be_bytes()].concat());
    let last = file.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap();
    let end = file.len() - 2;
    let scan = file[last..end].to_vec();
    file.truncate(end);
    (0..scans).for_each(|_| file.extend(&scan));
    file.extend([0xff, 0xd9]);
    file
}

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let zeros = vec![0; 60 << 20];
    let packed = zlib(&zeros);
    let text = |kind, start: &[u8]| dot(&[chunk(kind, &[start, &packed].concat())]);
    let canvas = |side: u32| [&[2, 0, 0, 0][..], &side.to_le_bytes()[..3], &side.to_le_bytes()[..3]].concat();
    let many_chunks: Vec<Vec<u8>> = (0..4000).map(|_| chunk(b"tEXt", b"a\0b")).collect();
    vec![
        ("PNG, 20000 x 20000", png([20_000, 20_000], [8, 2], &[], &[])),
        ("PNG, 2^31 - 1 a side", png([i32::MAX as u32, i32::MAX as u32], [16, 6], &[], &[])),
        ("PNG, 8192 x 8192 of 8 bytes", png([8192, 8192], [16, 6], &[], &[])),
        (
            "PNG, 7000 x 7000 zeros that are there",
            png([7000, 7000], [8, 0], &[], &zlib(&vec![0; 7001 * 7000])),
        ),
        ("PNG, 1 bit, 8192 x 8192", png([8192, 8192], [1, 0], &[], &zlib(&vec![0; 1025 * 8192]))),
        ("PNG, interlaced data of another size", png([3000, 3000], [8, 2], &[], &packed)),
        ("PNG, one pixel and 60 MB of data", png([1, 1], [8, 0], &[], &packed)),
        ("PNG, zTXt", text(b"zTXt", b"Comment\0\0")),
        ("PNG, iTXt", text(b"iTXt", b"Comment\0\x01\0\0\0")),
        ("PNG, XMP", text(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0")),
        ("PNG, iCCP", text(b"iCCP", b"icc\0\0")),
        ("PNG, a raw EXIF profile", text(b"zTXt", b"Raw profile type exif\0\0")),
        ("PNG, 4000 texts", dot(&many_chunks)),
        ("GIF, a screen of 65535 x 65535", gif([65_535, 65_535], [1, 1])),
        ("GIF, a frame of 65535 x 65535", gif([1, 1], [65_535, 65_535])),
        ("GIF, 8000 x 8000", gif([8000, 8000], [8000, 8000])),
        ("GIF, a frame of 8000 x 8000 on a small screen", gif([1, 1], [8000, 8000])),
        ("BMP, 20000 x 20000", bmp(20_000, 20_000, 24, 0, &[])),
        ("BMP, the lowest height", bmp(8000, i32::MIN, 24, 0, &[])),
        ("BMP, 8192 x 8192 without data", bmp(8192, 8192, 24, 0, &[])),
        ("BMP, run lengths", bmp(8192, 8192, 8, 1, &[0, 1])),
        ("PNM, 20000 x 20000", b"P6 20000 20000 255\n".to_vec()),
        ("PNM, 8000 x 8000 of 6 bytes", b"P6 8000 8000 65535\n".to_vec()),
        ("PNM, 8192 x 8192 bits", b"P4 8192 8192\n".to_vec()),
        ("PNM, numbers as text", [b"P3 8192 8192 255\n".to_vec(), b"0 ".repeat(40_000)].concat()),
        (
            "PAM, a depth of 2^31",
            b"P7\nWIDTH 8000\nHEIGHT 8000\nDEPTH 2147483648\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n".to_vec(),
        ),
        ("JPEG, 65500 x 65500", jpeg(65_500, 65_500, 1)),
        ("JPEG, 8000 x 8000", jpeg(8000, 8000, 1)),
        ("JPEG, 3000 scans of 3300 x 3300", jpeg(3300, 3300, 3000)),
        ("WebP, a canvas of 16383 x 16383", webp(&[(b"VP8X", canvas(16_382)), (b"ANIM", vec![0; 6])])),
        ("WebP, lossless 16383 x 16383", webp(&[(b"VP8L", vec![0x2f, 0xfe, 0xbf, 0xff, 0x0f, 0, 0, 0])])),
        ("WebP, lossless 8000 x 8000", webp(&[(b"VP8L", vec![0x2f, 0x3f, 0xdf, 0xcf, 0x07, 0, 0, 0])])),
        (
            "WebP, lossy 16383 x 16383",
            webp(&[(b"VP8 ", vec![0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f])]),
        ),
        ("WebP, a frame of 16383 x 16383 on a small canvas", webp_frame(31, 31, 16_383)),
        ("WebP, a frame of 65535 x 65535 on a small canvas", webp_frame(31, 31, 65_535)),
        ("WebP, a large frame in a small one on a large canvas", webp_frame(2000, 31, 8000)),
        ("WebP, EXIF of 2^32 - 1 bytes", {
            let mut file = webp_frame(31, 31, 31);
            file[20] = 0x0a;
            file.extend(b"EXIF\xff\xff\xff\xff");
            file
        }),
        ("TIFF, a JPEG of 16000 x 16000 in a strip", tiff_of_jpeg(&jpeg(16_000, 16_000, 1))),
        ("TIFF, a JPEG of 2000 scans in a strip", tiff_of_jpeg(&jpeg(16, 16, 2000))),
        (
            "TIFF, a kind of planes of 2^22 numbers",
            tiff(&[(256, 4, 1, 10), (257, 4, 1, 10), (284, 3, 1 << 22, 8)], 0, &[0; 100]),
        ),
        (
            "TIFF, 2^22 strips",
            tiff(
                &[(256, 4, 1, 10), (257, 4, 1, 10), (273, 4, 1 << 22, 8), (279, 4, 1 << 22, 8)],
                0,
                &[0; 100],
            ),
        ),
        ("TIFF, 20000 x 20000", tiff_strip(20_000, 20_000, 1, 100)),
        ("TIFF, 2^32 - 1 a side", tiff_strip(u32::MAX, u32::MAX, 1, 100)),
        ("TIFF, 8000 x 8000 in 100 bytes", tiff_strip(8000, 8000, 1, 100)),
        ("TIFF, a strip of 2^32 - 1 bytes", tiff_strip(1000, 1000, 1, u32::MAX)),
        ("TIFF, LZW", tiff_strip(8000, 8000, 5, 100)),
        ("TIFF, deflate", tiff_strip(5000, 5000, 8, 100)),
        (
            "TIFF, 2^30 bits a sample",
            tiff(&[(256, 4, 1, 10), (257, 4, 1, 10), (258, 3, 1 << 30, 8)], 0, &[0; 100]),
        ),
        ("TIFF, directories in a circle", tiff(&[(256, 4, 1, 10), (257, 4, 1, 10)], 8, &[])),
    ]
}

/// In one test, since others that run at the same time would count.
#[test]
fn bombs_are_defused_within_a_blink() {
    let bombs = bombs();
    assert!(bombs.len() >= 40);
    let mut errors = 0;
    for (name, file) in &bombs {
        assert!(file.len() <= 100_000, "{name}: {} bytes", file.len());
        let started = Instant::now();
        let (result, peak) = peak_bytes(|| Image::decode(name, file));
        let elapsed = started.elapsed();
        // 20 to 200 times as long as it takes, as other programs may hold this one up.
        assert!(elapsed < Duration::from_secs(2), "{name}: {elapsed:?}");
        assert!(peak <= 36 << 20, "{name}: {} MiB", peak >> 20);
        match result {
            Err(error) => {
                errors += 1;
                assert!(error.to_string().starts_with(&format!("{name}: ")), "{error}");
            }
            // A small image with a bomb beside its pixels is an image.
            Ok(image) => assert!(image.pixels.len() <= 16 << 20, "{name}"),
        }
    }
    assert!(errors >= 30, "{errors} of {} are errors", bombs.len());
}
