//! Multinomial logistic regression, fitted to convergence.
//!
//! f(W, b) = 1/N Σ_n [ log Σ_k exp(W_k·z_n + b_k) − (W_y·z_n + b_y) ] + λ/2 ‖W‖², y the label of n; the bias is free.
//!
//! f is convex, and λ-strongly convex in W: where its gradient is g, it is at most ‖g‖² / 2λ above its minimum. So a fit ends
//! when this bound is below the requested precision.

use super::head::{Head, softmax_residual};
use super::lbfgs::minimize;
use super::scale::Scale;
use super::table::Table;
use ndarray::{Array1, Array2};
use striate_graph::Engine;

/// Never reached by features that are scaled.
const STEPS: usize = 2000;

/// What is fitted, or asked: images of a table, on a scale of their own.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) table: &'a Table<'a>,
    pub(super) scale: &'a Scale,
    pub(super) images: &'a [u32],
    pub(super) engine: &'a Engine,
}

impl Rows<'_> {
    /// The head whose f is at most `gap` above the least for `l2` = λ, sought from `start` on.
    pub(super) fn fit(&self, l2: f64, gap: f64, start: &Head) -> Head {
        let (classes, features) = start.weight.dim();
        let theta: Vec<f64> = start.weight.iter().chain(&start.bias).copied().collect();
        let tolerance = (2.0 * l2 * gap).sqrt();
        let found = minimize(|theta, gradient| self.value(l2, theta, gradient), theta, tolerance, STEPS);
        let (weight, bias) = found.x.split_at(classes * features);
        let weight = Array2::from_shape_vec((classes, features), weight.to_vec());
        Head { weight: weight.expect("K x D weights"), bias: Array1::from(bias.to_vec()) }
    }

    /// f at `theta` = (W, b); writes its gradient. The products are in f32, everything else is in f64.
    fn value(&self, l2: f64, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let (classes, features, width) = (self.table.of.classes, self.table.features(), self.table.width());
        let (weight, bias) = theta.split_at(classes * features);
        let mut sums = vec![0.0; classes * width];
        let labels = &self.table.of.labels;
        let loss = self.table.rows(self.images).gradient(
            self.engine.pool(),
            self.engine.isa(),
            &self.folded(weight, bias),
            &mut sums,
            &|m, scores| softmax_residual(scores, labels[self.images[m] as usize] as usize),
        );
        let share = 1.0 / self.images.len() as f64;
        let Scale { mean, factor } = self.scale;
        let (of_weight, of_bias) = gradient.split_at_mut(classes * features);
        let mut squares = 0.0;
        for class in 0..classes {
            let sums = &sums[class * width..][..=features];
            of_bias[class] = share * sums[features];
            let part = class * features..(class + 1) * features;
            let of_weight = of_weight[part.clone()].iter_mut().zip(&weight[part]);
            for ((to, w), (sum, mean)) in of_weight.zip(sums.iter().zip(mean)) {
                *to = factor * (share * sum - of_bias[class] * mean) + l2 * w;
                squares += w * w;
            }
        }
        share * loss + 0.5 * l2 * squares
    }

    /// The weights for rows as they stand in the table, the bias behind those of each class.
    fn folded(&self, weight: &[f64], bias: &[f64]) -> Vec<f32> {
        let (features, width) = (self.table.features(), self.table.width());
        let Scale { mean, factor } = self.scale;
        let mut folded = vec![0.0; bias.len() * width];
        for ((to, weight), bias) in
            folded.chunks_exact_mut(width).zip(weight.chunks_exact(features)).zip(bias)
        {
            let mut at_mean = 0.0;
            for ((to, w), mean) in to.iter_mut().zip(weight).zip(mean) {
                *to = (factor * w) as f32;
                at_mean += f64::from(*to) * mean;
            }
            to[features] = (bias - at_mean) as f32;
        }
        folded
    }

    /// One probability for each image and class, `[images, classes]`.
    pub(super) fn probabilities(&self, head: &Head) -> Array2<f64> {
        let classes = head.bias.len();
        let weight = head.weight.as_slice().expect("rows of weights");
        let folded = self.folded(weight, head.bias.as_slice().expect("biases in a row"));
        let rows = self.table.rows(self.images);
        let scores = rows.scores(self.engine.pool(), self.engine.isa(), &folded, classes);
        let scores = Array2::from_shape_vec((self.images.len(), classes), scores);
        let mut probabilities = scores.expect("a row an image").mapv(f64::from);
        for mut row in probabilities.rows_mut() {
            super::head::log_softmax(row.as_slice_mut().expect("rows are contiguous"));
            row.mapv_inplace(f64::exp);
        }
        probabilities
    }

    /// −log of the probability of the label of each image.
    pub(super) fn losses(&self, head: &Head) -> Vec<f64> {
        let label = |&image: &u32| self.table.of.labels[image as usize] as usize;
        let probabilities = self.probabilities(head);
        let of_label = probabilities.rows().into_iter().zip(self.images.iter().map(label));
        // A probability that f64 cannot hold counts as the smallest that it can.
        of_label.map(|(row, label)| -row[label].max(f64::MIN_POSITIVE).ln()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Features;
    use ndarray::array;

    /// What a test fits: rows as they are, no scale.
    struct Case {
        features: Features,
        images: Vec<u32>,
        engine: Engine,
    }

    impl Case {
        fn new(rows: Array2<f32>, labels: &[u32], classes: usize) -> Self {
            let features = Features { rows, labels: labels.to_vec(), classes };
            Self {
                images: (0..labels.len() as u32).collect(),
                features,
                engine: Engine::new(Some(2)).unwrap(),
            }
        }

        /// Calls `test` with the rows on the scale of the table undone.
        fn with<T>(&self, test: impl FnOnce(Rows<'_>) -> T) -> T {
            let table = Table::new(&self.features);
            let (mean, factor) = (&table.scale.mean, table.scale.factor);
            // (x − m) f = z, and what is wanted is x: minus the mean −m f, times 1 / f.
            let undone = if factor > 0.0 { 1.0 / factor } else { 0.0 };
            let scale = Scale { mean: mean.mapv(|m| -m * factor), factor: undone };
            test(Rows { table: &table, scale: &scale, images: &self.images, engine: &self.engine })
        }
    }

    const GAP: f64 = 1e-11;

    #[test]
    fn without_features_the_bias_says_how_frequent_classes_are() {
        // W x = 0 for x = 0: the minimum is at softmax(b) = shares.
        let case = Case::new(Array2::zeros((10, 2)), &[0, 0, 0, 0, 0, 1, 1, 1, 2, 2], 3);
        case.with(|rows| {
            let head = rows.fit(0.1, GAP, &Head::zero(3, 2));
            for (p, share) in rows.probabilities(&head).row(0).iter().zip([0.5, 0.3, 0.2]) {
                assert!((p - share).abs() < 1e-5, "{p} {share}");
            }
            assert!(head.weight.iter().all(|w| *w == 0.0));
        });
    }

    #[test]
    fn two_points_by_hand() {
        // x = ±1, one of each class: by symmetry b = 0, W = (−w, w), and f = log(1 + e^(−2w)) + λ w², so
        // f' = −2 / (1 + e^(2w)) + 2 λ w = 0.
        let l2 = 0.05;
        let case = Case::new(array![[-1.0], [1.0]], &[0, 1], 2);
        let head = case.with(|rows| rows.fit(l2, GAP, &Head::zero(2, 1)));
        let w = head.weight[[1, 0]];
        assert!((w + head.weight[[0, 0]]).abs() < 1e-5, "symmetric: {head:?}");
        // Of two points f is known to about 1e-8, so where its slope is less than √(2 f'' 1e-8) = 5e-5 no descent is seen.
        assert!((1.0 / (1.0 + (2.0 * w).exp()) - l2 * w).abs() < 5e-5, "{w}");
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let x = array![[0.3, -1.2], [0.8, 0.1], [-0.5, 0.9], [1.5, 0.4]];
        let case = Case::new(x, &[0, 1, 2, 1], 3);
        let theta: Vec<f64> = (0..9).map(|i| 0.3 * f64::from(i - 4)).collect();
        case.with(|rows| {
            let mut gradient = vec![0.0; 9];
            rows.value(0.2, &theta, &mut gradient);
            for i in 0..9 {
                let at = |step: f64| {
                    let mut theta = theta.clone();
                    theta[i] += step;
                    rows.value(0.2, &theta, &mut [0.0; 9])
                };
                // Scores are right to 1e-7, and so is f: with this step the slope is to 1e-5.
                let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
                assert!((slope - gradient[i]).abs() < 5e-5, "{i}: {slope} {}", gradient[i]);
            }
        });
    }

    #[test]
    fn where_it_starts_does_not_matter() {
        let x = array![[0.3, -1.2], [0.8, 0.1], [-0.5, 0.9], [1.5, 0.4], [0.2, 0.2]];
        let case = Case::new(x, &[0, 1, 2, 1, 0], 3);
        case.with(|rows| {
            let mean = |head: &Head| rows.losses(head).iter().sum::<f64>() / 5.0;
            let one = rows.fit(0.01, GAP, &Head::zero(3, 2));
            let start = Head { weight: Array2::from_elem((3, 2), 5.0), bias: array![3.0, -3.0, 0.0] };
            let other = rows.fit(0.01, GAP, &start);
            let close = one.weight.iter().zip(&other.weight).all(|(a, b)| (a - b).abs() < 1e-3);
            assert!(close, "{one:?} {other:?}");
            assert!((mean(&one) - mean(&other)).abs() < 1e-5);
            assert!(mean(&one) < 3_f64.ln(), "better than knowing nothing");
        });
    }
}
