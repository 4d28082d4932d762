//! Draws points in a square, some of them as images.

use striate_report::Thumbnail;
use striate_report::chart::Shape;
use striate_report::color::Rgb;

use striate_report::layout::{Block, HAIRLINE, outline};

/// Ten colors that readers with any color vision tell apart; past the tenth class, gray.
///
/// # Source
/// Tol 2021: "muted", with a gray that shows on white.
pub(super) const COLORS: [Rgb; 10] = [
    Rgb::hex(0x332288),
    Rgb::hex(0x88ccee),
    Rgb::hex(0x44aa99),
    Rgb::hex(0x117733),
    Rgb::hex(0x999933),
    Rgb::hex(0xddcc77),
    Rgb::hex(0xcc6677),
    Rgb::hex(0x882255),
    Rgb::hex(0xaa4499),
    Rgb::hex(0x555555),
];
pub(super) const OTHERS: Rgb = Rgb::hex(0xbbbbbb);

/// Side of an image among the points.
pub(super) const IMAGE: f64 = 20.0;
const DOT: f64 = 1.7;
const INSET: f64 = 12.0;

pub(super) fn color(class: u32) -> Rgb {
    COLORS.get(class as usize).copied().unwrap_or(OTHERS)
}

/// An image as a reader finds it among colored points: of one channel, its light as ink of the class's color on white; of
/// three, as it is.
pub(super) fn ink_of(pixels: &[u8], [channels, height, width]: [usize; 3], class: u32) -> Option<Thumbnail> {
    let side = 2 * IMAGE as usize;
    let plain = Thumbnail::new(width, height, channels, pixels, side).ok()?;
    if channels != 1 {
        return Some(plain);
    }
    let ink = color(class);
    let (w, h) = (plain.width_px(), plain.height_px());
    let mixed = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).map(|(x, y)| {
        let share = f64::from(plain.pixel(x, y)[0]) / 255.0;
        let mix = |ink: u8| (255.0 + (f64::from(ink) - 255.0) * share).round() as u8;
        Rgb { r: mix(ink.r), g: mix(ink.g), b: mix(ink.b) }
    });
    Some(Thumbnail::of_colors(w as usize, h as usize, mixed))
}

/// Points in a square: both axes on one scale, a dot each, and the images of as many as have room.
pub(super) fn points(points: &[[f64; 2]], labels: &[u32], images: &[Option<Thumbnail>], side: f64) -> Block {
    let range = |axis: usize| {
        let values = || points.iter().map(|point| point[axis]).filter(|v| v.is_finite());
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    let ((x0, x1), (y0, y1)) = (range(0), range(1));
    let extent = (x1 - x0).max(y1 - y0);
    let scale = if extent > 0.0 { (side - 2.0 * INSET) / extent } else { 0.0 };
    let middle = [0.5 * (x0 + x1), 0.5 * (y0 + y1)];
    let place = |point: &[f64; 2]| {
        // Upwards is more.
        (side / 2.0 + scale * (point[0] - middle[0]), side / 2.0 - scale * (point[1] - middle[1]))
    };
    Block::drawn(side, side, |scene| {
        outline(scene, (0.0, 0.0, side, side), 1.0, HAIRLINE);
        for (point, &label) in points.iter().zip(labels) {
            scene.shapes.push(Shape::Dot { center: place(point), radius: DOT, fill: color(label) });
        }
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for ((point, image), &label) in points.iter().zip(images).zip(labels) {
            let Some(image) = image else { continue };
            let (x, y) = place(point);
            let half = IMAGE / 2.0;
            let is_inside = x - half >= 0.0 && x + half <= side && y - half >= 0.0 && y + half <= side;
            let is_free = taken.iter().all(|(a, b)| (a - x).abs().max((b - y).abs()) > IMAGE + 3.0);
            if !is_inside || !is_free {
                continue;
            }
            taken.push((x, y));
            let (w, h) = (f64::from(image.width_px()), f64::from(image.height_px()));
            let (width, height) = (IMAGE * w / w.max(h), IMAGE * h / w.max(h));
            let (x, y) = (x - width / 2.0, y - height / 2.0);
            scene.shapes.push(Shape::Image { x, y, width, height, image: image.clone() });
            outline(scene, (x, y, width, height), 1.0, color(label));
        }
    })
}
