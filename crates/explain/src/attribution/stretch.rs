//! Resizes a map to the size of an image.
//!
//! The interpolation is bilinear: value `i` of `n` becomes the mean of its two neighbors, weighted by nearness. Positions are
//! the centers of values, `(i + ½) · m / n − ½`, or, between corners, `i · (m − 1) / (n − 1)`.

/// How two grids are aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// The outer edges: PyTorch's `align_corners=False`.
    Edges,
    /// The centers of the first and of the last values: PyTorch's `align_corners=True`.
    Corners,
}

/// The two values of `from` that lie about place `i` of `to`, and how far it is to the second, 0 to 1.
fn place(i: usize, to: usize, from: usize, align: Align) -> (usize, usize, f64) {
    let at = match align {
        Align::Edges => ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0),
        Align::Corners if to > 1 => i as f64 * (from - 1) as f64 / (to - 1) as f64,
        Align::Corners => 0.0,
    };
    let low = (at as usize).min(from - 1);
    (low, (low + 1).min(from - 1), at - low as f64)
}

/// Resizes `[H, W]` values to another grid by interpolation.
///
/// # PyTorch
/// `interpolate(mode="bilinear")`.
pub(super) fn bilinear(
    values: &[f32],
    [h, w]: [usize; 2],
    [height, width]: [usize; 2],
    align: Align,
) -> Vec<f32> {
    if [h, w] == [height, width] {
        return values.to_vec();
    }
    let mut out = Vec::with_capacity(height * width);
    for y in 0..height {
        let (y0, y1, down) = place(y, height, h, align);
        for x in 0..width {
            let (x0, x1, right) = place(x, width, w, align);
            let at = |y: usize, x: usize| f64::from(values[y * w + x]);
            let row = |y: usize| at(y, x0) * (1.0 - right) + at(y, x1) * right;
            out.push((row(y0) * (1.0 - down) + row(y1) * down) as f32);
        }
    }
    out
}

/// Distributes `[H, W]` values over another grid: each goes to the positions where [`bilinear`] would use it, with the same
/// weights divided by their sum, so that the total is preserved.
pub(super) fn spread(values: &[f64], from: [usize; 2], to: [usize; 2]) -> Vec<f64> {
    let [rows, columns] = [shares(from[0], to[0]), shares(from[1], to[1])];
    let mut out = vec![0.0; to[0] * to[1]];
    for (i, value) in values.iter().enumerate() {
        for &(y, down) in &rows[i / from[1]] {
            for &(x, right) in &columns[i % from[1]] {
                out[y * to[1] + x] += value * down * right;
            }
        }
    }
    out
}

/// Where each of `from` values goes along a side of `to`, and in which shares.
fn shares(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let mut shares = vec![Vec::new(); from];
    for i in 0..to {
        let (low, high, far) = place(i, to, from, Align::Edges);
        for (at, weight) in [(low, 1.0 - far), (high, far)] {
            if weight > 0.0 {
                shares[at].push((i, weight));
            }
        }
    }
    for (at, shares) in shares.iter_mut().enumerate() {
        if shares.is_empty() {
            // A side that shrinks passes over some values.
            shares.push((at * to / from, 1.0));
        }
        let sum: f64 = shares.iter().map(|(_, weight)| weight).sum();
        shares.iter_mut().for_each(|(_, weight)| *weight /= sum);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges_or_corners_meet() {
        let map = [0.0, 4.0];
        assert_eq!(bilinear(&map, [1, 2], [2, 4], Align::Edges), [0.0, 1.0, 3.0, 4.0, 0.0, 1.0, 3.0, 4.0]);
        let between = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(bilinear(&map, [1, 2], [1, 5], Align::Corners), between);
        assert_eq!(bilinear(&map, [1, 2], [1, 1], Align::Corners), [0.0]);
        let square = [1.0, 2.0, 3.0, 4.0];
        let corners = bilinear(&square, [2, 2], [5, 3], Align::Corners);
        assert_eq!([corners[0], corners[2], corners[7], corners[12], corners[14]], [1.0, 2.0, 2.5, 3.0, 4.0]);
    }

    #[test]
    fn what_is_shared_out_lies_where_bilinear_takes_it() {
        // Twice as large in both directions: each value weighs 4 in all, so a share is a quarter of bilinear's weight.
        let map = [1.0, -2.0, 3.0, 0.5, 7.0, 0.0];
        let narrow: Vec<f32> = map.iter().map(|&v| v as f32).collect();
        let want = bilinear(&narrow, [2, 3], [4, 6], Align::Edges);
        let got = spread(&map, [2, 3], [4, 6]);
        got.iter().zip(want).for_each(|(got, want)| assert!((got - f64::from(want) / 4.0).abs() < 1e-6));
    }

    proptest! {
        #[test]
        fn sums_are_kept(h in 1_usize..9, w in 1_usize..9, height in 1_usize..20, width in 1_usize..20) {
            let map: Vec<f64> = (0..h * w).map(|i| (i as f64 * 1.7).sin()).collect();
            let got: f64 = spread(&map, [h, w], [height, width]).iter().sum();
            prop_assert!((got - map.iter().sum::<f64>()).abs() < 1e-12 * (h * w) as f64);
        }
    }
}
