//! Images whose evidence is known by construction: a shape pasted at a random place on clutter, with the mask of its position;
//! and for one class a watermark in a corner, beside a shape without information.

use striate_data::Images;

use striate_base::random::{below, signed_unit};

/// Classes: the watermark's, then one a shape.
pub(super) const CLASSES: [&str; 5] = ["watermark", "ring", "cross", "triangle", "bars"];
/// Strokes of the clutter on an image of 28 x 28; other sizes have as many an area.
const STROKES: usize = 10;

/// Images with the place of their evidence.
pub(super) struct Planted {
    pub(super) images: Images,
    /// `[N]` masks `[H, W]`: the box that holds the shape, or the watermark.
    pub(super) masks: Vec<Vec<bool>>,
}

/// Draws for one image: a function of (seed, image, how many came before).
struct Draws {
    seed: u64,
    next: u64,
}

impl Draws {
    fn new(seed: u64, image: usize) -> Self {
        Self { seed, next: (image as u64) << 20 }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next += 1;
        below(bound as u64, self.seed, self.next) as usize
    }

    /// From -1 to 1.
    fn unit(&mut self) -> f64 {
        self.next += 1;
        signed_unit(self.seed, self.next)
    }
}

/// The smallest image that a shape and a watermark fit on side by side.
pub(super) const LEAST_SIDE: usize = 16;

/// `n` images `[C, H, W]`, the classes in turn. All channels are alike: white on black.
///
/// # Panics
/// When a side is below [`LEAST_SIDE`].
pub(super) fn planted(n: usize, [channels, height, width]: [usize; 3], seed: u64) -> Planted {
    assert!(height.min(width) >= LEAST_SIDE, "room for a shape and a watermark");
    let (mut pixels, mut labels, mut masks) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        let class = i % CLASSES.len();
        let (gray, mask) = image(class, [height, width], &mut Draws::new(seed, i));
        (0..channels).for_each(|_| pixels.extend_from_slice(&gray));
        labels.push(class as u8);
        masks.push(mask);
    }
    let images = Images::new([channels, height, width], pixels, labels);
    Planted { images: images.expect("whole images with a label each"), masks }
}

fn image(class: usize, size @ [height, width]: [usize; 2], draws: &mut Draws) -> (Vec<u8>, Vec<bool>) {
    let mut gray = vec![0_u8; height * width];
    let least = height.min(width);
    for _ in 0..STROKES * height * width / (28 * 28) {
        let from = [draws.below(height) as f64, draws.below(width) as f64];
        let (angle, length) = (3.2 * draws.unit(), least as f64 * (0.2 + 0.1 * draws.unit()));
        let to = [from[0] + length * angle.sin(), from[1] + length * angle.cos()];
        line(&mut gray, size, from, to, ink(draws));
    }
    let mut mask = vec![false; height * width];
    let mut mark = |top: usize, left: usize, side: usize| {
        for y in top..top + side {
            mask[y * width + left..y * width + left + side].fill(true);
        }
    };
    // A third of the image, odd, so that a cross has a middle.
    let side = (least / 3) | 1;
    let (top, left) = (draws.below(height - side + 1), draws.below(width - side + 1));
    if class > 0 {
        shape(&mut gray, size, [top, left], side, class, ink(draws));
        mark(top, left, side);
    } else {
        let of = 1 + draws.below(CLASSES.len() - 1);
        shape(&mut gray, size, [top, left], side, of, ink(draws));
        let side = (least / 6).max(4);
        let corner = [height - side - 1 - draws.below(2), width - side - 1 - draws.below(2)];
        for y in 0..side {
            for x in 0..side {
                // A checkered patch over whatever is there.
                gray[(corner[0] + y) * width + corner[1] + x] = if (y + x) % 2 == 0 { 255 } else { 0 };
            }
        }
        mark(corner[0], corner[1], side);
    }
    (gray, mask)
}

fn ink(draws: &mut Draws) -> u8 {
    (200.0 + 55.0 * draws.unit()) as u8
}

/// A shape in the box of `side` from `[top, left]`, drawn with the strokes of the clutter.
fn shape(gray: &mut [u8], size: [usize; 2], corner: [usize; 2], side: usize, class: usize, ink: u8) {
    let last = (side - 1) as f64;
    let middle = last / 2.0;
    let mut stroke = |from: [f64; 2], to: [f64; 2]| {
        let at = |p: [f64; 2]| [corner[0] as f64 + p[0], corner[1] as f64 + p[1]];
        line(gray, size, at(from), at(to), ink);
    };
    match CLASSES[class] {
        "ring" => {
            let around = |i: u32| {
                let angle = f64::from(i) * std::f64::consts::TAU / 16.0;
                [middle + middle * angle.sin(), middle + middle * angle.cos()]
            };
            (0..16).for_each(|i| stroke(around(i), around(i + 1)));
        }
        "cross" => {
            stroke([0.0, 0.0], [last, last]);
            stroke([0.0, last], [last, 0.0]);
        }
        "triangle" => {
            stroke([0.0, middle], [last, 0.0]);
            stroke([last, 0.0], [last, last]);
            stroke([last, last], [0.0, middle]);
        }
        "bars" => [0.0, middle, last].into_iter().for_each(|y| stroke([y, 0.0], [y, last])),
        _ => unreachable!("the watermark is no shape"),
    }
}

/// A line of one pixel; what lies outside the image is not drawn.
fn line(gray: &mut [u8], [height, width]: [usize; 2], from: [f64; 2], to: [f64; 2], ink: u8) {
    let steps = (to[0] - from[0]).abs().max((to[1] - from[1]).abs()).ceil().max(1.0);
    for step in 0..=steps as usize {
        let along = step as f64 / steps;
        let place = [0, 1].map(|axis| (from[axis] + along * (to[axis] - from[axis])).round());
        if (0.0..height as f64).contains(&place[0]) && (0.0..width as f64).contains(&place[1]) {
            gray[place[0] as usize * width + place[1] as usize] = ink;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_is_where_the_mask_says() {
        let shape = [1, 28, 28];
        let all = planted(200, shape, 1);
        assert_eq!(all.images.pixels, planted(200, shape, 1).images.pixels);
        assert_ne!(all.images.pixels, planted(200, shape, 2).images.pixels);
        let mut places = std::collections::BTreeSet::new();
        for (i, mask) in all.masks.iter().enumerate() {
            let class = usize::from(all.images.labels[i]);
            assert_eq!(class, i % 5);
            let side = if class == 0 { 4 } else { 9 };
            let inside: Vec<usize> = (0..784).filter(|&p| mask[p]).collect();
            assert_eq!(inside.len(), side * side, "image {i}");
            let (first, last) = (inside[0], inside[inside.len() - 1]);
            assert_eq!([last / 28 - first / 28, last % 28 - first % 28], [side - 1; 2], "a square");
            places.insert(first);
            let gray = all.images.sample(i);
            let ink = inside.iter().filter(|&&p| gray[p] > 100).count();
            assert!(ink >= side, "image {i}: {ink} pixels of ink in the mask");
            if class > 0 {
                // Every shape touches all four sides of its box.
                let at = |y: usize, x: usize| gray[first + 28 * y + x] > 100;
                assert!((0..9).any(|i| at(0, i)) && (0..9).any(|i| at(8, i)), "image {i}: above and below");
                assert!((0..9).any(|i| at(i, 0)) && (0..9).any(|i| at(i, 8)), "image {i}: left and right");
            }
            if class == 0 {
                assert!(
                    inside.iter().all(|&p| gray[p] == 0 || gray[p] == 255),
                    "nothing covers the watermark"
                );
                assert!(first / 28 >= 22 && first % 28 >= 22, "it is in the corner");
            }
        }
        assert!(places.len() > 100, "shapes are at random places");
    }

    #[test]
    fn outside_the_mask_no_class_is_told_apart() {
        // The mean ink outside the mask is the same for all shapes, within five standard deviations of the mean.
        let all = planted(2000, [1, 28, 28], 3);
        let outside = |i: usize| {
            let gray = all.images.sample(i);
            (0..784).filter(|&p| !all.masks[i][p]).map(|p| f64::from(gray[p])).sum::<f64>() / 703.0
        };
        let of_class = |class: usize| (0..2000).filter(|i| i % 5 == class).map(outside).collect::<Vec<_>>();
        let moments = |v: &[f64]| {
            let mean = v.iter().sum::<f64>() / v.len() as f64;
            (mean, v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (v.len() * v.len()) as f64)
        };
        let (first, spread) = moments(&of_class(1));
        for class in 2..5 {
            let (mean, other) = moments(&of_class(class));
            assert!((mean - first).abs() < 5.0 * (spread + other).sqrt(), "{class}: {mean}, {first}");
        }
    }

    #[test]
    fn any_size_and_colors() {
        let all = planted(10, [3, 16, 40], 1);
        assert_eq!(all.images.shape(), [3, 16, 40]);
        let sample = all.images.sample(3);
        assert_eq!(sample[..640], sample[1280..], "all channels are alike");
    }
}
