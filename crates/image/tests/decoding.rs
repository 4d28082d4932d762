//! Images of every format and color type, and what is no image.

use std::io::Cursor;
use std::time::Instant;

use expect_test::expect;
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
use striate_image::{Image, ImageError, InputError};
use striate_testkit::Sample;

const FORMATS: [ImageFormat; 7] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Bmp,
    ImageFormat::Gif,
    ImageFormat::Pnm,
    ImageFormat::WebP,
    ImageFormat::Tiff,
];

fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// 24 x 10 pixels with blocks of color, which JPEG's 8x8 squares leave alone.
fn scene() -> DynamicImage {
    let color = |x, y| {
        if y < 8 {
            [Rgb([200, 30, 30]), Rgb([20, 160, 60]), Rgb([240, 240, 90])][x / 8]
        } else {
            Rgb([9, 9, 9])
        }
    };
    DynamicImage::ImageRgb8(ImageBuffer::from_fn(24, 10, |x, y| color(x as usize, y)))
}

fn decode(bytes: &[u8]) -> Result<Image, ImageError> {
    Image::decode("here", bytes).map_err(|error| match error {
        InputError::Image { place, problem } if place == "here" => problem,
        other => panic!("{other:?}"),
    })
}

#[test]
fn every_format_is_read_by_its_content() {
    for format in FORMATS {
        let image = decode(&encode(&scene(), format)).unwrap();
        assert_eq!((image.width, image.height, image.channels), (24, 10, 3), "{format:?}");
        let tolerance = if format == ImageFormat::Jpeg { 12 } else { 0 };
        for (i, (got, expected)) in image.pixels.iter().zip(scene().to_rgb8().as_raw()).enumerate() {
            // The last two rows share JPEG's squares with nothing but themselves; inside them it rings.
            assert!(got.abs_diff(*expected) <= tolerance, "{format:?} value {i}: {got}, expected {expected}");
        }
    }
}

/// One pixel of each color type, stored as PNG or TIFF, and the gray or RGB value that it must become.
#[test]
fn every_color_type_becomes_eight_bits_on_white() {
    use DynamicImage::*;
    for (original, expected) in [
        (ImageLuma8(ImageBuffer::from_pixel(1, 1, Luma([77]))), vec![77]),
        (ImageLuma16(ImageBuffer::from_pixel(1, 1, Luma([77 * 257 + 128]))), vec![77]),
        (ImageLuma16(ImageBuffer::from_pixel(1, 1, Luma([77 * 257 + 129]))), vec![78]),
        (ImageLuma16(ImageBuffer::from_pixel(1, 1, Luma([65_535]))), vec![255]),
        (ImageLumaA8(ImageBuffer::from_pixel(1, 1, LumaA([0, 255]))), vec![0]),
        (ImageLumaA8(ImageBuffer::from_pixel(1, 1, LumaA([0, 0]))), vec![255]),
        (ImageLumaA8(ImageBuffer::from_pixel(1, 1, LumaA([100, 128]))), vec![177]),
        (ImageLumaA16(ImageBuffer::from_pixel(1, 1, LumaA([0, 0x8080]))), vec![127]),
        (ImageRgb8(ImageBuffer::from_pixel(1, 1, Rgb([1, 2, 3]))), vec![1, 2, 3]),
        (ImageRgb16(ImageBuffer::from_pixel(1, 1, Rgb([257, 0, 65_535]))), vec![1, 0, 255]),
        (ImageRgba8(ImageBuffer::from_pixel(1, 1, Rgba([200, 0, 50, 51]))), vec![244, 204, 214]),
        (ImageRgba16(ImageBuffer::from_pixel(1, 1, Rgba([0, 0, 0, 0]))), vec![255, 255, 255]),
    ] {
        let image = decode(&encode(&original, ImageFormat::Png)).unwrap();
        assert_eq!(image.pixels, expected, "{:?}", original.color());
        assert_eq!(image.channels, expected.len());
    }
}

#[test]
fn palettes_are_looked_up_and_only_the_first_frame_counts() {
    let frame = |color| Frame::new(ImageBuffer::from_pixel(3, 2, Rgba(color)));
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    encoder.encode_frames([frame([10, 200, 30, 255]), frame([0, 0, 0, 255])]).unwrap();
    drop(encoder);
    assert_eq!(decode(&file).unwrap().pixels, [10, 200, 30].repeat(6));
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&(data.len() as u32).to_be_bytes()[..], &body, &crc.sum().to_be_bytes()].concat()
}

/// A PNG header: depth 8, the given color type (0 gray, 3 palette).
fn png_header(width: u32, height: u32, color_type: u8) -> Vec<u8> {
    let ihdr = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, color_type, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &ihdr)].concat()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_png_palette_with_transparency_is_composited_on_white() {
    let file = [
        png_header(2, 1, 3),
        chunk(b"PLTE", &[10, 20, 30, 0, 0, 0]),
        chunk(b"tRNS", &[255, 0]),
        chunk(b"IDAT", &zlib(&[0, 0, 1])),
        chunk(b"IEND", &[]),
    ];
    assert_eq!(decode(&file.concat()).unwrap().pixels, [10, 20, 30, 255, 255, 255]);
}

/// EXIF with nothing but an orientation, 1 to 8.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [b"MM\0\x2a\0\0\0\x08\0\x01".as_slice(), &entry, &[0; 4]].concat()
}

/// Where the pixel of the upright image (x, y) lies in a stored image with this orientation.
///
/// Source: EXIF 2.3, tag 0x0112: the sides of the scene at which row 0 and column 0 lie.
fn stored_at(orientation: u8, x: usize, y: usize, width: usize, height: usize) -> (usize, usize) {
    match orientation {
        1 => (x, y),
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (y, width - 1 - x),
        7 => (height - 1 - y, width - 1 - x),
        8 => (height - 1 - y, x),
        _ => unreachable!(),
    }
}

#[test]
fn the_eight_orientations_of_exif_are_applied() {
    let (width, height) = (24, 16);
    let upright = |x: usize, y: usize| (100 * (x / 8) + 20 * (y / 8)) as u8;
    for orientation in 1..=8 {
        let (stored_width, stored_height) = if orientation < 5 { (width, height) } else { (height, width) };
        let mut stored = ImageBuffer::new(stored_width as u32, stored_height as u32);
        for y in 0..height {
            for x in 0..width {
                let (to_x, to_y) = stored_at(orientation, x, y, width, height);
                stored.put_pixel(to_x as u32, to_y as u32, Luma([upright(x, y)]));
            }
        }
        let stored = DynamicImage::ImageLuma8(stored);
        let jpeg = encode(&stored, ImageFormat::Jpeg);
        let app1 = [b"Exif\0\0".to_vec(), exif(orientation)].concat();
        let length = (app1.len() as u16 + 2).to_be_bytes();
        let jpeg = [&jpeg[..2], &[0xff, 0xe1], &length, &app1, &jpeg[2..]].concat();
        let png = encode(&stored, ImageFormat::Png);
        let png = [&png[..33], &chunk(b"eXIf", &exif(orientation)), &png[33..]].concat();
        for (kind, file, tolerance) in [("JPEG", jpeg, 2), ("PNG", png, 0)] {
            let image = decode(&file).unwrap();
            assert_eq!((image.width, image.height), (width, height), "{kind} {orientation}");
            for (i, &got) in image.pixels.iter().enumerate() {
                let expected = upright(i % width, i / width);
                assert!(
                    got.abs_diff(expected) <= tolerance,
                    "{kind} {orientation}, pixel {i}: {got}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn what_is_too_large_is_refused_from_its_header() {
    // PNG, BMP, GIF, WebP and PNM that claim huge sizes and hold next to nothing.
    let png = [png_header(20_000, 20_000, 0), chunk(b"IDAT", &zlib(&[0; 100])), chunk(b"IEND", &[])].concat();
    let mut bmp = encode(&scene(), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&20_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&20_000u32.to_le_bytes());
    let mut gif = encode(&scene(), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0x20, 0x4e, 0x20, 0x4e]);
    let pnm = b"P5 20000 20000 255\n\0\0\0".to_vec();
    let mut jpeg = encode(&scene(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x4e, 0x20, 0x4e, 0x20]);
    let started = Instant::now();
    for (kind, file) in [("png", &png), ("bmp", &bmp), ("gif", &gif), ("pnm", &pnm), ("jpeg", &jpeg)] {
        let expected = ImageError::TooManyPixels { width: 20_000, height: 20_000 };
        assert_eq!(decode(file), Err(expected), "{kind}");
    }
    // 400 megapixels would take seconds and gigabytes; this bound is no measurement.
    assert!(started.elapsed().as_secs() < 2);
    let in_all = [png_header(8192, 8193, 0), chunk(b"IDAT", &[])].concat();
    assert_eq!(decode(&in_all), Err(ImageError::TooManyPixels { width: 8192, height: 8193 }));
    let bomb = [png_header(8000, 8000, 0), chunk(b"IDAT", &zlib(&[0; 100])), chunk(b"IEND", &[])].concat();
    assert_eq!(decode(&bomb), Err(ImageError::Bomb { packed: bomb.len() as u64, unpacked: 64_000_000 }));
    // A blank page of the same size really is that compressible, and fine.
    let page = DynamicImage::new_luma8(4000, 4000);
    assert_eq!(decode(&encode(&page, ImageFormat::Png)).unwrap().pixels.len(), 16_000_000);
}

#[test]
fn cut_files_are_errors_or_whole() {
    for format in FORMATS {
        let file = encode(&scene(), format);
        let whole = decode(&file).unwrap();
        let mut errors = 0;
        for cut in 0..file.len() {
            match decode(&file[..cut]) {
                Ok(image) => assert_eq!(image, whole, "{format:?} cut at {cut} of {}", file.len()),
                Err(_) => errors += 1,
            }
        }
        assert!(errors * 10 > file.len() * 9, "{format:?}: {errors} errors in {} cuts", file.len());
    }
}

#[test]
fn mutants_give_an_image_or_an_error() {
    let files = FORMATS.map(|format| encode(&scene(), format));
    let mut accepted = 0;
    for seed in 0..7000 {
        let mut sample = Sample::new(seed);
        let mut mutant = files[seed as usize % files.len()].clone();
        for _ in 0..sample.usize_in(1..=4) {
            // Headers are short and decide much: half of the changes hit the first 64 bytes.
            let end = if sample.usize_in(0..=1) == 0 { mutant.len().min(64) } else { mutant.len() };
            let at = sample.usize_in(0..=end.max(1) - 1);
            match sample.usize_in(0..=4) {
                0 if !mutant.is_empty() => mutant[at] ^= 1 << sample.usize_in(0..=7),
                1 if !mutant.is_empty() => mutant[at] = sample.choose(&[0x00, 0x7f, 0x80, 0xff]),
                2 => mutant.truncate(at),
                3 => mutant.extend((0..20).map(|_| sample.bits() as u8).collect::<Vec<_>>()),
                _ => {
                    let other = &files[sample.usize_in(0..=files.len() - 1)];
                    mutant.truncate(at);
                    mutant.extend(&other[at.min(other.len())..]);
                }
            }
        }
        if let Ok(image) = decode(&mutant) {
            assert_eq!(image.pixels.len(), image.width * image.height * image.channels, "seed {seed}");
            accepted += 1;
        }
    }
    assert!(accepted > 200, "{accepted} accepted: the mutants are too wild to test the decoders");
}

/// Files that Pillow wrote, of every format, color type and orientation, against the pixels that Pillow reads.
#[test]
fn files_have_the_pixels_of_pillow() {
    let unhex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    };
    let mut cases = 0;
    for line in include_str!("golden/pillow.txt").lines().filter(|line| line.starts_with("file ")) {
        let fields: Vec<&str> = line.split(' ').collect();
        let name = fields[1];
        let [channels, width, height] = [2, 3, 4].map(|i| fields[i].parse::<usize>().unwrap());
        let got = decode(&unhex(fields[5])).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((got.width, got.height), (width, height), "{name}");
        let expected = unhex(fields[6]);
        // A palette may hold nothing but grays, and be read as either.
        let expected: Vec<u8> = match (channels, got.channels) {
            (1, 3) => expected.iter().flat_map(|&value| [value; 3]).collect(),
            _ => expected,
        };
        assert_eq!(got.pixels.len(), expected.len(), "{name}: {} channels", got.channels);
        let furthest = got.pixels.iter().zip(&expected).map(|(g, e)| g.abs_diff(*e)).max().unwrap();
        // Decoders of JPEG differ in the last bits of the cosine transform and of the colors.
        let tolerance = if name.contains("jpeg") { 3 } else { u8::from(name.contains('a')) };
        assert!(furthest <= tolerance, "{name}: off by {furthest}");
        cases += 1;
    }
    assert_eq!(cases, 69);
}

#[test]
fn transparency_is_laid_on_the_color_that_is_asked_for() {
    let clear = DynamicImage::ImageRgba8(ImageBuffer::from_pixel(1, 1, Rgba([200, 0, 50, 51])));
    let file = encode(&clear, ImageFormat::Png);
    assert_eq!(Image::decode_on("x", &file, [0, 0, 0]).unwrap().pixels, [40, 0, 10]);
    assert_eq!(Image::decode_on("x", &file, [10, 20, 30]).unwrap().pixels, [48, 16, 34]);
    let gray = DynamicImage::ImageLumaA8(ImageBuffer::from_pixel(1, 1, LumaA([100, 0])));
    let file = encode(&gray, ImageFormat::Png);
    assert_eq!(Image::decode_on("x", &file, [9, 9, 9]).unwrap().pixels, [9]);
    assert_eq!(Image::decode_on("x", &file, [9, 8, 7]).unwrap().pixels, [9, 8, 7], "gray on a color is RGB");
}

/// A JPEG of 64 x 64 pixels with detail everywhere, so that its data are long; made by `detailed.py`.
fn detailed(progressive: bool) -> Vec<u8> {
    let hex = include_str!("golden/detailed.txt").lines().nth(usize::from(progressive)).unwrap();
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// The decoder fills what is missing with gray, and damaged data mean something too.
#[test]
fn a_jpeg_of_which_a_part_is_missing_is_damaged() {
    let why = |bytes: &[u8]| match decode(bytes) {
        Err(ImageError::Damaged { kind: "JPEG", why }) => why,
        other => panic!("{other:?}"),
    };
    for progressive in [false, true] {
        let whole = detailed(progressive);
        let n = whole.len();
        assert_eq!(decode(&whole).unwrap().width, 64);
        let half = [&whole[..n / 2], &[0xff, 0xd9]].concat();
        assert!(why(&half).starts_with("its data end after "), "{}", why(&half));
        let mut hole = whole.clone();
        hole[n / 2..n / 2 + n / 4].fill(0);
        assert!(!why(&hole).is_empty());
        // Bytes behind the data change no pixel, and some cameras leave a few.
        let spare = [&whole[..n - 2], &[0x12, 0x34, 0x56, 0xff, 0xd9]].concat();
        assert_eq!(decode(&spare), decode(&whole));
        let behind = [whole.as_slice(), &[7; 1000]].concat();
        assert_eq!(decode(&behind), decode(&whole));
    }
}

#[test]
fn what_is_right_but_not_read_is_called_by_its_name() {
    let kind = |bytes: &[u8]| match decode(bytes) {
        Err(ImageError::Unsupported { kind }) => kind,
        other => panic!("{other:?}"),
    };
    let jpeg = encode(&scene(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    for (marker, expected) in
        [(0xc3, "lossless JPEG"), (0xc6, "hierarchical JPEG"), (0xc9, "JPEG with arithmetic coding")]
    {
        let mut other = jpeg.clone();
        other[frame + 1] = marker;
        assert_eq!(kind(&other), expected);
    }
    let mut deep = jpeg;
    deep[frame + 4] = 12;
    assert_eq!(kind(&deep), "JPEG of 12 bits");
    assert_eq!(kind(b"\0\0\0\x18ftypheic\0\0\0\0"), "HEIC");
    assert_eq!(kind(b"\0\0\0\x0cjP  \r\n\x87\n"), "JPEG 2000");
}

/// A TIFF of one row, whose values follow its directory: bits of a value, their format (1 unsigned, 2 signed, 3 float), and
/// what colors they are (1 gray, 5 inks, 8 L*a*b*).
fn tiff(bits: u16, format: u16, colors: u16, samples: u16, values: &[u8]) -> Vec<u8> {
    let width = values.len() as u32 * 8 / u32::from(bits) / u32::from(samples);
    let entries = [
        (256, 4, width),
        (257, 4, 1),
        (258, 3, bits.into()),
        (259, 3, 1),
        (262, 3, colors.into()),
        (273, 4, 8 + 2 + 12 * 10 + 4),
        (277, 3, samples.into()),
        (278, 4, 1),
        (279, 4, values.len() as u32),
        (339, 3, u32::from(format)),
    ];
    let entry = |&(tag, kind, value): &(u16, u16, u32)| {
        [&tag.to_le_bytes()[..], &u16::to_le_bytes(kind), &1u32.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let directory: Vec<u8> = entries.iter().flat_map(entry).collect();
    [b"II\x2a\0\x08\0\0\0\x0a\0".as_slice(), &directory, &[0; 4], values].concat()
}

#[test]
fn numbers_of_every_kind_are_tones_or_said_to_be_none() {
    let floats =
        |values: &[f32]| tiff(32, 3, 1, 1, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>());
    let integers =
        |values: &[i32]| tiff(32, 2, 1, 1, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>());
    assert_eq!(decode(&floats(&[0.0, 0.5, 1.0])).unwrap().pixels, [0, 128, 255], "shares");
    assert_eq!(decode(&floats(&[0.0, 127.5, 255.0])).unwrap().pixels, [0, 127, 255], "bytes, as Pillow");
    assert_eq!(decode(&integers(&[0, 1, 255])).unwrap().pixels, [0, 1, 255]);
    let message = |file: &[u8]| Image::decode("x.tif", file).unwrap_err().to_string();
    expect!["x.tif: is a TIFF of 32-bit integers from 0 to 25500, so the values of black and white are unknown; scale it to 0..255 and save it as PNG"]
        .assert_eq(&message(&integers(&[0, 25_500])));
    expect!["x.tif: is a TIFF of 32-bit floats from -3.5 to 812.25, so the values of black and white are unknown; scale it to 0..255 and save it as PNG"]
        .assert_eq(&message(&floats(&[-3.5, 812.25])));
    assert!(message(&floats(&[0.5, f32::NAN])).contains("floats from NaN to NaN"));
    // Two bits a pixel: four tones, and the row starts with the highest.
    assert_eq!(decode(&tiff(2, 1, 1, 1, &[0b0001_1011])).unwrap().pixels, [0, 85, 170, 255]);
    assert_eq!(decode(&tiff(4, 1, 1, 1, &[0x0f, 0x80])).unwrap().pixels, [0, 255, 136, 0]);
    // 16 bits signed.
    assert_eq!(decode(&tiff(16, 2, 1, 1, &[7, 0, 255, 0])).unwrap().pixels, [7, 255]);
    let lab = message(&tiff(8, 1, 8, 3, &[50, 0, 0]));
    assert!(lab.contains("is an image of the kind TIFF (") && lab.ends_with("convert it to PNG"), "{lab}");
}

#[test]
fn messages_say_what_it_is_instead() {
    let message = |bytes: &[u8]| Image::decode("cat.png", bytes).unwrap_err().to_string();
    expect!["cat.png: is empty (0 bytes), so it is not an image"].assert_eq(&message(b""));
    expect!["cat.png: is not an image: it looks like an HTML page (a download that went wrong?); expected PNG, JPEG, BMP, GIF, PNM, WebP or TIFF"].assert_eq(&message(b"  <!DOCTYPE html><title>404</title>"));
    expect!["cat.png: is not an image: it looks like an idx file (a data set, not an image); expected PNG, JPEG, BMP, GIF, PNM, WebP or TIFF"].assert_eq(&message(&[0, 0, 8, 3, 0, 0, 0, 1]));
    expect![
        "cat.png: is not an image: it looks like plain text; expected PNG, JPEG, BMP, GIF, PNM, WebP or TIFF"
    ]
    .assert_eq(&message(b"hello"));
    expect!["cat.png: is an image of the kind avif, which cannot be read here; convert it to PNG"]
        .assert_eq(&message(b"\0\0\0\x18ftypavif\0\0\0\0"));
    expect![
        "cat.png: is 20000x20000 pixels, but at most 8192 on a side and 64 megapixels in all are allowed; make it smaller"
    ]
    .assert_eq(&message(&[png_header(20_000, 20_000, 0), chunk(b"IDAT", &[])].concat()));
    let jpeg = encode(&scene(), ImageFormat::Jpeg);
    expect!["cat.png: is a damaged JPEG: it is cut short: its end marker is missing; save or copy it again"]
        .assert_eq(&message(&jpeg[..jpeg.len() - 20]));
    let folder = tempfile::tempdir().unwrap();
    let error = Image::open(folder.path()).unwrap_err().to_string();
    expect!["FOLDER: is a folder, expected an image"]
        .assert_eq(&error.replace(folder.path().to_str().unwrap(), "FOLDER"));
    let missing = Image::open(&folder.path().join("none.png")).unwrap_err().to_string();
    assert!(missing.contains("none.png: cannot be read: No such file"), "{missing}");
}

#[test]
fn endless_streams_are_cut_off() {
    let error = Image::read("standard input", std::io::repeat(0)).unwrap_err().to_string();
    assert!(error.starts_with("standard input: needs 268435457 bytes"), "{error}");
}
