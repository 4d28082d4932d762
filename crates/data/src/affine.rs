//! Affine transforms of small images: one map and one bilinear resampling, with the same bits on every machine.

/// How one image is moved: mirrored, scaled and rotated about its center, then shifted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Motion {
    pub(crate) flip: bool,
    pub(crate) shift_x: f32,
    pub(crate) shift_y: f32,
    pub(crate) degrees: f32,
    pub(crate) scale: f32,
}

const FRACTION_BITS: u32 = 16;
/// 1 in fixed point.
const ONE: i64 = 1 << FRACTION_BITS;
/// Samples that are computed side by side.
const LANES: usize = 16;

/// Where the value of an output pixel comes from: `source = [a b; c d] (x, y) + (e, f)`, in fixed point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Map {
    a: i64,
    b: i64,
    c: i64,
    d: i64,
    e: i64,
    f: i64,
}

impl Map {
    pub(crate) const IDENTITY: Self = Self { a: ONE, b: 0, c: 0, d: ONE, e: 0, f: 0 };
}

impl Motion {
    /// The inverse of: flip, scale and rotate about the center, then shift.
    pub(crate) fn inverse(&self, width: usize, height: usize) -> Map {
        let (sin, cos) = sin_cos(f64::from(self.degrees));
        let scale = f64::from(self.scale);
        let mirror = if self.flip { -1.0 } else { 1.0 };
        let [a, b, c, d] = [mirror * cos / scale, mirror * sin / scale, -sin / scale, cos / scale];
        let (center_x, center_y) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
        let (to_x, to_y) = (center_x + f64::from(self.shift_x), center_y + f64::from(self.shift_y));
        let (e, f) = (center_x - a * to_x - b * to_y, center_y - c * to_x - d * to_y);
        let [a, b, c, d, e, f] = [a, b, c, d, e, f].map(|value| (value * ONE as f64).round() as i64);
        Map { a, b, c, d, e, f }
    }
}

/// Packs the four neighbors of every grid cell into one word, so that a bilinear sample is one load.
///
/// Cell (x, y) of the `[H + 1, W + 1]` cells lies between the pixels (x - 1, y - 1), (x, y - 1), (x - 1, y) and (x, y),
/// which are its bytes 0 to 3; pixels outside the image are 0.
pub(crate) fn pack_cells(plane: &[u8], width: usize, cells: &mut [u32]) {
    let stride = width + 1;
    cells.fill(0);
    for (y, pixels) in plane.chunks_exact(width).enumerate() {
        for (row, low_byte, high_byte) in [(y, 16, 24), (y + 1, 0, 8)] {
            let cells = &mut cells[row * stride..(row + 1) * stride];
            for (cell, &pixel) in cells[1..].iter_mut().zip(pixels) {
                *cell |= u32::from(pixel) << low_byte;
            }
            for (cell, &pixel) in cells.iter_mut().zip(pixels) {
                *cell |= u32::from(pixel) << high_byte;
            }
        }
    }
}

/// Bilinear samples of packed cells, normalized.
///
/// Coordinates are fixed point with 16 fractional bits, so a step along a row is exact. The pixels of a row whose
/// source lies in the image are neighbors, as the image is convex: the others are found from both ends, and those
/// between need no test. They are computed [`LANES`] at a time; only the loads from the cells are one by one.
pub(crate) fn resample(
    cells: &[u32],
    width: usize,
    height: usize,
    map: Map,
    (scale, bias): (f32, f32),
    out: &mut [f32],
) {
    let stride = (width + 1) as i32;
    let (end_x, end_y) = (((width + 1) as u64) << FRACTION_BITS, ((height + 1) as u64) << FRACTION_BITS);
    let steps_x: [i32; LANES] = std::array::from_fn(|lane| map.a as i32 * lane as i32);
    let steps_y: [i32; LANES] = std::array::from_fn(|lane| map.c as i32 * lane as i32);
    for (y, row) in out.chunks_exact_mut(width).enumerate() {
        // +1: cell 0 lies before pixel 0.
        let source = |x: usize| {
            let (x, y) = (x as i64, y as i64);
            (map.a * x + map.b * y + map.e + ONE, map.c * x + map.d * y + map.f + ONE)
        };
        // A negative coordinate becomes a huge one.
        let is_inside = |&x: &usize| (source(x).0 as u64) < end_x && (source(x).1 as u64) < end_y;
        let first = (0..width).find(is_inside).unwrap_or(width);
        let end = (first..width).rfind(is_inside).map_or(first, |last| last + 1);
        row[..first].fill(bias);
        row[end..].fill(bias);
        for (block, values) in row[first..end].chunks_mut(LANES).enumerate() {
            let (block_x, block_y) = source(first + block * LANES);
            // Inside the image, of at most 8192 pixels a side, so 30 bits are enough.
            let source_x = steps_x.map(|step| block_x as i32 + step);
            let source_y = steps_y.map(|step| block_y as i32 + step);
            let corners: [i32; LANES] = std::array::from_fn(|lane| {
                (source_y[lane] >> FRACTION_BITS) * stride + (source_x[lane] >> FRACTION_BITS)
            });
            let mut loaded = [0; LANES];
            for (cell, &corner) in loaded.iter_mut().zip(&corners).take(values.len()) {
                *cell = cells[corner as usize];
            }
            let samples: [f32; LANES] = std::array::from_fn(|lane| {
                let [a, b, c, d] = [0, 8, 16, 24].map(|shift| ((loaded[lane] >> shift) & 255) as i32 as f32);
                let (right, lower) = (fraction(source_x[lane]), fraction(source_y[lane]));
                let (above, below) = (a + (b - a) * right, c + (d - c) * right);
                (above + (below - above) * lower) * scale + bias
            });
            values.copy_from_slice(&samples[..values.len()]);
        }
    }
}

/// The part of a coordinate behind the point, as a float; exact, as 16 bits are fewer than 24.
fn fraction(coordinate: i32) -> f32 {
    (coordinate & (ONE as i32 - 1)) as f32 * (1.0 / ONE as f32)
}

/// Sine and cosine of an angle in degrees up to 180, by their Taylor series within 45 degrees.
///
/// The system's own functions may differ in the last bit from one machine to the next; sums and products do not.
pub(crate) fn sin_cos(degrees: f64) -> (f64, f64) {
    let quarters = (degrees / 90.0).round();
    let x = (degrees - 90.0 * quarters) * (std::f64::consts::PI / 180.0);
    let square = x * x;
    // Terms up to x^19 and x^18: the next is below 1e-19 at 45 degrees.
    let series = |first: f64, from: f64| {
        let (mut term, mut sum) = (first, first);
        for k in 0..9 {
            let n = from + 2.0 * f64::from(k);
            term *= -square / ((n + 1.0) * (n + 2.0));
            sum += term;
        }
        sum
    };
    let (sin, cos) = (series(x, 1.0), series(1.0, 0.0));
    match (quarters as i32).rem_euclid(4) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use striate_testkit::Sample;

    use super::*;

    const STILL: Motion = Motion { flip: false, shift_x: 0.0, shift_y: 0.0, degrees: 0.0, scale: 1.0 };

    /// Applies a motion to a 3x3 image without normalizing.
    fn moved(motion: Motion, plane: [u8; 9]) -> [f32; 9] {
        let mut cells = [0; 16];
        pack_cells(&plane, 3, &mut cells);
        let mut out = [0.0; 9];
        resample(&cells, 3, 3, motion.inverse(3, 3), (1.0, 0.0), &mut out);
        out
    }

    fn close(got: [f32; 9], expected: [f32; 9]) {
        assert!(got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-4), "{got:?} is not {expected:?}");
    }

    const PLANE: [u8; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

    #[test]
    fn no_motion_is_the_identity() {
        assert_eq!(STILL.inverse(28, 28), Map::IDENTITY);
        assert_eq!(STILL.inverse(5, 8), Map::IDENTITY);
    }

    #[test]
    fn shifts_move_and_fill_with_zero() {
        close(moved(Motion { shift_x: 1.0, ..STILL }, PLANE), [0., 1., 2., 0., 4., 5., 0., 7., 8.]);
        close(moved(Motion { shift_y: -1.0, ..STILL }, PLANE), [4., 5., 6., 7., 8., 9., 0., 0., 0.]);
        close(moved(Motion { shift_x: 50.0, ..STILL }, PLANE), [0.0; 9]);
    }

    #[test]
    fn flips_mirror_left_to_right() {
        close(moved(Motion { flip: true, ..STILL }, PLANE), [3., 2., 1., 6., 5., 4., 9., 8., 7.]);
    }

    #[test]
    fn quarter_turns_are_exact() {
        // Positive degrees turn clockwise, since y points down.
        close(moved(Motion { degrees: 90.0, ..STILL }, PLANE), [7., 4., 1., 8., 5., 2., 9., 6., 3.]);
        close(moved(Motion { degrees: -180.0, ..STILL }, PLANE), [9., 8., 7., 6., 5., 4., 3., 2., 1.]);
    }

    #[test]
    fn scaling_up_spreads_from_the_center() {
        let mut dot = [0; 9];
        dot[4] = 8;
        close(moved(Motion { scale: 2.0, ..STILL }, dot), [2., 4., 2., 4., 8., 4., 2., 4., 2.]);
    }

    /// The definition: every pixel on its own, in f64, from the motion and not from the map.
    fn naive(motion: &Motion, plane: &[u8], width: usize, height: usize) -> Vec<f64> {
        let pixel = |x: i64, y: i64| match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < width && y < height => f64::from(plane[y * width + x]),
            _ => 0.0,
        };
        let (sin, cos) = f64::from(motion.degrees).to_radians().sin_cos();
        let (center_x, center_y) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
        let value = |x: usize, y: usize| {
            let (x, y) = (
                x as f64 - f64::from(motion.shift_x) - center_x,
                y as f64 - f64::from(motion.shift_y) - center_y,
            );
            let (x, y) = (
                (cos * x + sin * y) / f64::from(motion.scale),
                (cos * y - sin * x) / f64::from(motion.scale),
            );
            let (x, y) = (if motion.flip { -x } else { x } + center_x, y + center_y);
            let (left, top) = (x.floor(), y.floor());
            let (right_part, bottom_part) = (x - left, y - top);
            let (left, top) = (left as i64, top as i64);
            let above = pixel(left, top) * (1.0 - right_part) + pixel(left + 1, top) * right_part;
            let below = pixel(left, top + 1) * (1.0 - right_part) + pixel(left + 1, top + 1) * right_part;
            above * (1.0 - bottom_part) + below * bottom_part
        };
        (0..width * height).map(|i| value(i % width, i / width)).collect()
    }

    #[test]
    fn resampling_is_the_naive_one() {
        for seed in 0..600 {
            let mut sample = Sample::new(seed);
            // Widths around the number of lanes, and thin images.
            let width = sample.choose(&[1, 2, 3, 8, 15, 16, 17, 28, 31, 33, 64]);
            let height = sample.choose(&[1, 2, 5, 28]);
            let plane: Vec<u8> = (0..width * height).map(|_| sample.bits() as u8).collect();
            let motion = Motion {
                flip: sample.choose(&[false, true]),
                shift_x: sample.usize_in(0..=8) as f32 - 4.0,
                shift_y: sample.usize_in(0..=8) as f32 - 4.0,
                degrees: sample.choose(&[0.0, 15.0, -33.3, 90.0, 179.0]),
                scale: sample.choose(&[0.3, 0.9, 1.0, 1.25, 3.0]),
            };
            let mut cells = vec![u32::MAX; (width + 1) * (height + 1)];
            pack_cells(&plane, width, &mut cells);
            let mut out = vec![f32::NAN; width * height];
            resample(&cells, width, height, motion.inverse(width, height), (0.5, -3.0), &mut out);
            for (i, (got, expected)) in out.iter().zip(naive(&motion, &plane, width, height)).enumerate() {
                // Coordinates are off by up to 2^-17 (1 + W + H), values by 255 times as much a pixel and axis.
                let tolerance = 0.5 * 255.0 * 4.0 * (1 + width + height) as f64 / 131_072.0;
                let difference = (f64::from(*got) - (0.5 * expected - 3.0)).abs();
                assert!(
                    difference < tolerance,
                    "seed {seed}, {width}x{height}, pixel {i}: off by {difference}"
                );
            }
        }
    }

    #[test]
    fn sines_are_those_of_the_library() {
        for tenth in -1800..=1800 {
            let degrees = f64::from(tenth) / 10.0;
            let (sin, cos) = sin_cos(degrees);
            let (expected_sin, expected_cos) = degrees.to_radians().sin_cos();
            assert!((sin - expected_sin).abs() < 1e-15 && (cos - expected_cos).abs() < 1e-15, "{degrees}");
        }
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
    }
}
