//! The nature of the images of a data set: strokes such as digits, small images, or photos; in color or gray; and their
//! background.
//!
//! A network that suits one kind of images does not suit another: photos shrunk to 28 pixels are unrecognizable, a mirrored
//! digit is a different sign, and a dark digit on white means nothing to a network that learned from white digits on black. All
//! advice, warnings and choices of augmentation use this module, so that they agree.
//!
//! # Numerics
//! An image is classified by a grid of at most about 256 x 256 of its pixels, in integers, so the same image gives the same
//! result on every machine. The thresholds are defined below, each with the measurements behind it.

use serde::Serialize;

use crate::dataset::Dataset;
use crate::split::Split;
use striate_image::Image;
use striate_image::{Preprocess, luma};
use striate_kernels::map_on_all_cores;

/// Images of a data set that are looked at; 64 tell a share of one half to 12 % in 95 of 100 cases.
const LOOKED_AT: usize = 64;
/// The largest side of a small image, in pixels: images of CIFAR have 32 pixels, of Tiny ImageNet 64.
pub const SMALL_PX: usize = 64;
/// Points of a grid along a side, at most twice as many.
const GRID: usize = 128;

/// A pixel has a color when its channels differ by more than this. JPEG leaves up to about ten in gray images.
const COLORED: u8 = 24;
/// An image is colored when more than one pixel in so many has a color: of 20 photos of ImageNet the palest has 1 in 50.
const ONE_IN: usize = 100;
/// Tones that differ by no more are one ground.
const SAME_TONE: u8 = 32;
/// A ground is dark up to here and light from here on.
const DARK: u8 = 80;
const LIGHT: u8 = 160;
/// An image of which no pixel is brighter is nearly black: what 14 bits come to in a file of 16.
pub(crate) const BLACK: u8 = 64;

/// The nature of the images of a data set, or of a single image.
///
/// # Example
/// ```
/// use striate_data::nature::{Ground, ImageKind, Nature};
///
/// let digits = striate_data::load("digits")?;
/// let nature = Nature::of(&digits).expect("every image can be looked at");
/// assert_eq!((nature.kind, nature.ground), (ImageKind::Strokes, Ground::Dark));
/// assert!(nature.is_gray && nature.is_one_size() && !nature.is_mirrorable());
/// # Ok::<(), striate_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Nature {
    /// The kind of the images.
    pub kind: ImageKind,
    /// The background of the images.
    pub ground: Ground,
    /// Whether at most one in twenty images has colors, regardless of the color format of the files.
    pub is_gray: bool,
    /// The smallest, the median and the largest image by number of pixels, as `[width, height]`.
    pub sizes_px: [[usize; 2]; 3],
    /// The brightest value of all images, 0 to 255.
    pub brightest: u8,
    /// The number of images that were examined.
    pub looked_at: usize,
}

/// Kinds of images that need different networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageKind {
    /// Gray images of mostly two tones, with a background that covers most of the image: digits, letters, sketches, of any
    /// size.
    Strokes,
    /// Other images of up to 64 pixels a side, such as those of CIFAR or Fashion-MNIST.
    Small,
    /// All other images, including drawings and X-rays.
    Photos,
}

/// The tone along the border of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ground {
    /// The background is dark, and the content is light.
    Dark,
    /// The background is light, as on paper, and the content is dark.
    Light,
    /// The background is uneven or of a middle tone, or fewer than three of four images agree.
    Mixed,
}

/// A reason why a network may misinterpret an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mismatch {
    /// The image is nearly black: no value is above 64 of 255, as in a 12-bit image in a 16-bit file.
    Black,
    /// The image is dark on light and the network was trained on light on dark, or vice versa. Inverting the image helps.
    Inverted,
    /// The image would be right without inverting, but [`Preprocess::invert`] is on.
    NeedlesslyInverted,
    /// The image has colors, and the network takes gray images.
    Color,
    /// A photo is shrunk to a size at which little of it is recognizable.
    Shrunk,
}

impl Nature {
    /// Examines up to 64 training images, evenly spaced; `None` when none of them can be decoded.
    pub fn of(data: &Dataset) -> Option<Self> {
        Self::of_split(&data.train)
    }

    /// Examines one split like [`of`](Self::of).
    pub fn of_split(split: &Split) -> Option<Self> {
        let (n, count) = (split.len(), split.len().min(LOOKED_AT));
        let looks =
            map_on_all_cores(count, |i| split.image(i * n / count).ok().map(|image| Look::at(&image)));
        Self::of_looks(&looks.into_iter().flatten().collect::<Vec<_>>())
    }

    /// Examines a single image.
    pub fn of_image(image: &Image) -> Self {
        Self::of_looks(&[Look::at(image)]).unwrap_or_else(|| unreachable!("one image was looked at"))
    }

    fn of_looks(looks: &[Look]) -> Option<Self> {
        let looked_at = looks.len();
        let mut sizes: Vec<[usize; 2]> = looks.iter().map(|look| look.size_px).collect();
        sizes.sort_unstable_by_key(|&[width, height]| (width * height, width));
        let sizes_px = [*sizes.first()?, sizes[looked_at / 2], sizes[looked_at - 1]];
        let are = |is: &dyn Fn(&Look) -> bool| looks.iter().filter(|look| is(look)).count();
        let is_most = |count: usize| 4 * count >= 3 * looked_at;
        let [_, [width, height], _] = sizes_px;
        let ground_is = |ground| is_most(are(&|look| look.ground == ground));
        Some(Self {
            kind: match () {
                () if is_most(are(&|look| look.is_strokes)) => ImageKind::Strokes,
                () if width.max(height) <= SMALL_PX => ImageKind::Small,
                () => ImageKind::Photos,
            },
            ground: match () {
                () if ground_is(Ground::Dark) => Ground::Dark,
                () if ground_is(Ground::Light) => Ground::Light,
                () => Ground::Mixed,
            },
            brightest: looks.iter().map(|look| look.brightest).max()?,
            is_gray: 20 * are(&|look| look.is_colored) <= looked_at,
            sizes_px,
            looked_at,
        })
    }

    /// Whether all examined images have one size.
    pub fn is_one_size(&self) -> bool {
        self.sizes_px[0] == self.sizes_px[2] && self.sizes_px[0] == self.sizes_px[1]
    }

    /// Whether a mirror image belongs to the same class; false for strokes, such as digits and letters.
    pub fn is_mirrorable(&self) -> bool {
        self.kind != ImageKind::Strokes
    }

    /// Returns the reasons why a network with this preprocessing may misinterpret these images, the most important first.
    ///
    /// The background of the training images is inferred from the mean of the preprocessing: a gray mean below 0.4 is that of
    /// light on dark, one above 0.6 that of dark on light. A preprocessing with [`resize_shorter`](Preprocess::resize_shorter)
    /// is for photos, whatever its size.
    pub fn mismatches(&self, preprocess: &Preprocess) -> Vec<Mismatch> {
        let mut found = Vec::new();
        if self.brightest <= BLACK {
            found.push(Mismatch::Black);
        }
        let [channels, height, width] = preprocess.shape();
        let learned = match preprocess.mean[0] {
            _ if channels == 3 => Ground::Mixed,
            mean if mean < 0.4 => Ground::Dark,
            mean if mean > 0.6 => Ground::Light,
            _ => Ground::Mixed,
        };
        if learned != Ground::Mixed && self.ground != Ground::Mixed {
            match ((learned == self.ground), preprocess.invert) {
                (false, false) => found.push(Mismatch::Inverted),
                (true, true) => found.push(Mismatch::NeedlesslyInverted),
                (true, false) | (false, true) => {}
            }
        }
        if channels == 1 && !self.is_gray {
            found.push(Mismatch::Color);
        }
        let is_for_photos = preprocess.resize_shorter.is_some() || height.max(width) > SMALL_PX;
        if self.kind == ImageKind::Photos && !is_for_photos {
            found.push(Mismatch::Shrunk);
        }
        found
    }
}

/// What one image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    size_px: [usize; 2],
    brightest: u8,
    is_colored: bool,
    ground: Ground,
    is_strokes: bool,
}

impl Look {
    fn at(image: &Image) -> Self {
        let (width, height, channels) = (image.width, image.height, image.channels);
        let step = [width, height].map(|side| (side / GRID).max(1));
        // Thin enough to lie outside a centered digit, thick enough that a frame of one pixel is not all there is.
        let border = (width.min(height) / 32).max(1);
        let (mut all, mut ring, mut colored) = ([0; 256], [0; 256], 0);
        for y in (0..height).step_by(step[1]) {
            for x in (0..width).step_by(step[0]) {
                let pixel = &image.pixels[(y * width + x) * channels..][..channels];
                let (least, most) =
                    pixel.iter().fold((255, 0), |(least, most), &v| (v.min(least), v.max(most)));
                colored += usize::from(most - least > COLORED);
                let tone = usize::from(if channels == 3 { luma(pixel) } else { pixel[0] });
                all[tone] += 1;
                let is_border = x.min(width - 1 - x) < border || y.min(height - 1 - y) < border;
                ring[tone] += usize::from(is_border);
            }
        }
        let is_colored = colored * ONE_IN > all.iter().sum();
        let tones = Tones::of(&all, &ring);
        Self {
            size_px: [width, height],
            brightest: all.iter().rposition(|&count| count > 0).unwrap_or(0) as u8,
            is_colored,
            ground: tones.ground(),
            is_strokes: !is_colored && tones.are_strokes(),
        }
    }
}

/// How often each tone occurs, in all of an image and along its border.
struct Tones<'a> {
    all: &'a [usize; 256],
    ring: &'a [usize; 256],
    /// The median of the border.
    ground: u8,
}

impl<'a> Tones<'a> {
    fn of(all: &'a [usize; 256], ring: &'a [usize; 256]) -> Self {
        let half = ring.iter().sum::<usize>() / 2;
        let mut below = 0;
        let median = ring.iter().position(|&count| {
            below += count;
            below > half
        });
        Self { all, ring, ground: median.unwrap_or(0) as u8 }
    }

    /// How many have a tone that is further than `from` and no further than `to` from the ground.
    fn count(&self, of: &[usize; 256], from: u8, to: u8) -> usize {
        (0..=255u8)
            .filter(|tone| (from..=to).contains(&tone.abs_diff(self.ground)))
            .map(|tone| of[usize::from(tone)])
            .sum()
    }

    /// Even along 70 % of the border: of 167 cut-outs on white 72 % at least, of 20 photos 16 to 89 %.
    fn ground(&self) -> Ground {
        let near = self.count(self.ring, 0, SAME_TONE);
        match self.ground {
            _ if 10 * near < 7 * self.ring.iter().sum::<usize>() => Ground::Mixed,
            ..=DARK => Ground::Dark,
            LIGHT.. => Ground::Light,
            _ => Ground::Mixed,
        }
    }

    /// The ground fills 60 % of the image, and with the ink 85 %; the ink is what lies within 64 of the tone that 2 % of the
    /// pixels are at least as far from the ground as, and far from it.
    ///
    /// Of 400 MNIST digits the ground fills 65 % at least, and both 90 %, enlarged to 300 pixels 87 %; of Fashion-MNIST's
    /// clothes half have a ground of less than 53 %.
    fn are_strokes(&self) -> bool {
        let sum: usize = self.all.iter().sum();
        let ground = self.count(self.all, 0, SAME_TONE);
        let ink = (0..=255u8).rev().find(|&far| 50 * self.count(self.all, far, 255) >= sum).unwrap_or(0);
        let is_far = ink >= 2 * SAME_TONE;
        let inked = self.count(self.all, ink.saturating_sub(64).max(SAME_TONE + 1), 255);
        self.ground() != Ground::Mixed
            && is_far
            && 10 * ground >= 6 * sum
            && 20 * (ground + inked) >= 17 * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::Images;

    /// An image of these channels, whose values a formula gives.
    fn image(
        width: usize,
        height: usize,
        channels: usize,
        value: impl Fn(usize, usize, usize) -> u8,
    ) -> Image {
        let at = |i: usize| value(i / channels % width, i / channels / width, i % channels);
        Image { width, height, channels, pixels: (0..width * height * channels).map(at).collect() }
    }

    /// Waves of all tones that leave no even ground.
    fn scene(width: usize, height: usize, channels: usize) -> Image {
        image(width, height, channels, |x, y, c| {
            let phase = (x * 400 / width + y * 300 / height + 90 * c) % 510;
            phase.abs_diff(255) as u8
        })
    }

    fn digit(i: usize) -> Image {
        crate::load("digits").unwrap().test.image(i).unwrap()
    }

    fn inverted(mut image: Image) -> Image {
        image.pixels.iter_mut().for_each(|v| *v = 255 - *v);
        image
    }

    fn enlarged(image: &Image, factor: usize) -> Image {
        let (width, height) = (image.width * factor, image.height * factor);
        self::image(width, height, 1, |x, y, _| image.pixels[y / factor * image.width + x / factor])
    }

    /// The same as RGB with the noise that JPEG leaves.
    fn as_rgb(gray: &Image) -> Image {
        image(gray.width, gray.height, 3, |x, y, c| {
            gray.pixels[y * gray.width + x].saturating_add(((x * 3 + y * 5 + c * 7) % 9) as u8)
        })
    }

    fn kind(image: &Image) -> (ImageKind, Ground, bool) {
        let nature = Nature::of_image(image);
        (nature.kind, nature.ground, nature.is_gray)
    }

    #[test]
    fn digits_are_strokes_of_any_size_and_format() {
        let digits = crate::load("digits").unwrap();
        for i in 0..200 {
            let digit = digits.test.image(i).unwrap();
            assert_eq!(kind(&digit), (ImageKind::Strokes, Ground::Dark, true), "digit {i}");
            assert_eq!(
                kind(&inverted(digit)),
                (ImageKind::Strokes, Ground::Light, true),
                "digit {i}, dark on light"
            );
        }
        assert_eq!(kind(&enlarged(&digit(7), 10)), (ImageKind::Strokes, Ground::Dark, true));
        assert_eq!(kind(&as_rgb(&inverted(digit(7)))), (ImageKind::Strokes, Ground::Light, true));
    }

    #[test]
    fn what_is_no_stroke_is_small_or_a_photo() {
        assert_eq!(kind(&scene(300, 200, 3)), (ImageKind::Photos, Ground::Mixed, false));
        assert_eq!(kind(&scene(300, 200, 1)), (ImageKind::Photos, Ground::Mixed, true));
        assert_eq!(kind(&as_rgb(&scene(300, 200, 1))), (ImageKind::Photos, Ground::Mixed, true));
        assert_eq!(kind(&scene(64, 64, 3)), (ImageKind::Small, Ground::Mixed, false));
        assert_eq!(kind(&scene(65, 64, 3)), (ImageKind::Photos, Ground::Mixed, false));
        // A cut-out on white: a ground, but all tones before it.
        let cut_out = image(200, 200, 1, |x, y, _| {
            if (30..170).contains(&x) && (30..170).contains(&y) { (x + y) as u8 / 2 } else { 255 }
        });
        assert_eq!(kind(&cut_out), (ImageKind::Photos, Ground::Light, true));
        for tone in [0, 128, 255] {
            let ground = [Ground::Dark, Ground::Mixed, Ground::Light][usize::from(tone) / 127];
            assert_eq!(
                kind(&image(28, 28, 1, |_, _, _| tone)),
                (ImageKind::Small, ground, true),
                "blank {tone}"
            );
        }
        assert_eq!(kind(&image(1, 1, 3, |_, _, c| [250, 0, 0][c])), (ImageKind::Small, Ground::Dark, false));
        assert_eq!(kind(&image(5000, 2, 1, |x, _, _| x as u8)).0, ImageKind::Photos);
    }

    #[test]
    fn a_data_set_is_what_most_of_it_is() {
        let of = |colored: usize, all: usize| {
            let color = |i| if i < colored { [200, 10, 10] } else { [90, 90, 90] };
            let pixels = (0..all).flat_map(|i| color(i).map(|v| [v; 16]).concat()).collect();
            let images = Images::new([3, 4, 4], pixels, vec![0; all]).unwrap();
            Nature::of_split(&images.into()).unwrap()
        };
        assert!(of(0, 40).is_gray && of(2, 40).is_gray && !of(3, 40).is_gray);
        let half = of(50, 100);
        assert_eq!((half.looked_at, half.is_gray), (LOOKED_AT, false), "those past the 64th count too");
        assert!(half.is_one_size() && half.is_mirrorable());
        let none = Images::new([1, 4, 4], vec![], vec![]).unwrap();
        assert_eq!(Nature::of_split(&none.into()), None);
    }

    #[test]
    fn a_digit_model_is_warned_of_paper_and_of_photos() {
        use Mismatch::*;
        let digits = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081]).unwrap();
        let on_paper = Preprocess::new([1, 28, 28], &[0.87], &[0.31]).unwrap();
        let of_photos = Preprocess::imagenet(32).unwrap();
        let invert = |preprocess: &Preprocess| {
            let mut inverted = preprocess.clone();
            inverted.invert = true;
            inverted
        };
        let why = |image: &Image, preprocess: &Preprocess| Nature::of_image(image).mismatches(preprocess);
        let (dark, light, photo) = (digit(7), inverted(digit(7)), scene(300, 200, 3));
        assert_eq!(why(&dark, &digits), []);
        let twelve_bits = image(28, 28, 1, |x, _, _| (x / 2) as u8);
        assert_eq!(why(&twelve_bits, &of_photos), [Black]);
        assert_eq!(why(&light, &digits), [Inverted]);
        assert_eq!(why(&light, &invert(&digits)), []);
        assert_eq!(why(&dark, &invert(&digits)), [NeedlesslyInverted]);
        assert_eq!(why(&dark, &on_paper), [Inverted]);
        assert_eq!(why(&light, &on_paper), []);
        assert_eq!(why(&photo, &digits), [Color, Shrunk]);
        assert_eq!(why(&scene(300, 200, 1), &digits), [Shrunk]);
        assert_eq!(why(&scene(40, 40, 3), &digits), [Color]);
        for image in [&dark, &light, &photo] {
            assert_eq!(why(image, &of_photos), [], "made for photos");
        }
        assert_eq!(why(&photo, &Preprocess::new([3, 32, 32], &[0.5; 3], &[0.2; 3]).unwrap()), [Shrunk]);
    }
}
