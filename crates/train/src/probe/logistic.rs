//! Multinomial logistic regression, fitted to convergence.
//!
//! f(W, b) = 1/N Σ_n [ log Σ_k exp(W_k·x_n + b_k) − (W_y·x_n + b_y) ] + λ/2 ‖W‖², y the label of n; the bias is free.

use super::head::{Head, log_softmax};
use super::lbfgs::minimise;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// No entry of the gradient is larger than this in the end; f is then within about 1e-14 / λ of its minimum.
const TOLERANCE: f64 = 1e-7;
/// Never reached by features that are scaled.
const STEPS: usize = 2000;

/// What is fitted: rows `[N, D]` with a label each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) x: ArrayView2<'a, f64>,
    pub(super) labels: &'a [u32],
    pub(super) classes: usize,
}

impl Rows<'_> {
    /// The head of least f for `l2` = λ, sought from `start` on.
    pub(super) fn fit(&self, l2: f64, start: &Head) -> Head {
        let (classes, features) = start.weight.dim();
        let theta: Vec<f64> = start.weight.iter().chain(&start.bias).copied().collect();
        let found = minimise(|theta, gradient| self.value(l2, theta, gradient), theta, TOLERANCE, STEPS);
        let (weight, bias) = found.x.split_at(classes * features);
        let weight = Array2::from_shape_vec((classes, features), weight.to_vec());
        Head { weight: weight.expect("K x D weights"), bias: Array1::from(bias.to_vec()) }
    }

    /// f at `theta` = (W, b), row by row; writes its gradient.
    fn value(&self, l2: f64, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let (n, features) = self.x.dim();
        let weights = self.classes * features;
        let weight =
            ArrayView2::from_shape((self.classes, features), &theta[..weights]).expect("K x D weights");
        // Row by row whatever the layouts, so that a picture's scores lie together.
        let mut scores = Array2::zeros((n, self.classes));
        general_mat_mul(1.0, &self.x, &weight.t(), 0.0, &mut scores);
        let mut loss = 0.0;
        for (mut row, &label) in scores.axis_iter_mut(Axis(0)).zip(self.labels) {
            let row = row.as_slice_mut().expect("rows are contiguous");
            row.iter_mut().zip(&theta[weights..]).for_each(|(score, bias)| *score += bias);
            log_softmax(row);
            loss -= row[label as usize];
            row.iter_mut().for_each(|score| *score = score.exp());
            row[label as usize] -= 1.0;
        }
        let scale = 1.0 / n as f64;
        let of_weight = scores.t().dot(&self.x);
        let mut squares = 0.0;
        for (i, of_loss) in of_weight.iter().enumerate() {
            gradient[i] = scale * of_loss + l2 * theta[i];
            squares += theta[i] * theta[i];
        }
        for (class, of_bias) in scores.sum_axis(Axis(0)).iter().enumerate() {
            gradient[weights + class] = scale * of_bias;
        }
        scale * loss + 0.5 * l2 * squares
    }

    /// Mean of −log of the probability of the label.
    pub(super) fn loss(&self, head: &Head) -> f64 {
        let of = |(row, &label): (ArrayView1<'_, f64>, &u32)| {
            let mut logits = (head.weight.dot(&row) + &head.bias).to_vec();
            log_softmax(&mut logits);
            -logits[label as usize]
        };
        self.x.axis_iter(Axis(0)).zip(self.labels).map(of).sum::<f64>() / self.labels.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn rows<'a>(x: &'a Array2<f64>, labels: &'a [u32], classes: usize) -> Rows<'a> {
        Rows { x: x.view(), labels, classes }
    }

    #[test]
    fn without_features_the_bias_says_how_frequent_classes_are() {
        // W x = 0 for x = 0: the minimum is at softmax(b) = shares.
        let x = Array2::zeros((10, 2));
        let labels = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2];
        let head = rows(&x, &labels, 3).fit(0.1, &Head::zero(3, 2));
        let p = head.probabilities(x.row(0));
        for (p, share) in p.iter().zip([0.5, 0.3, 0.2]) {
            assert!((p - share).abs() < 1e-6, "{p} {share}");
        }
        assert!(head.weight.iter().all(|w| *w == 0.0));
    }

    #[test]
    fn two_points_by_hand() {
        // x = ±1, one of each class: by symmetry b = 0, W = (−w, w), and f = log(1 + e^(−2w)) + λ w², so
        // f' = −2 / (1 + e^(2w)) + 2 λ w = 0.
        let x = array![[-1.0], [1.0]];
        let l2 = 0.05;
        let head = rows(&x, &[0, 1], 2).fit(l2, &Head::zero(2, 1));
        let w = head.weight[[1, 0]];
        assert!((w + head.weight[[0, 0]]).abs() < 1e-6, "symmetric: {head:?}");
        assert!((1.0 / (1.0 + (2.0 * w).exp()) - l2 * w).abs() < 1e-6, "{w}");
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let x = array![[0.3, -1.2], [0.8, 0.1], [-0.5, 0.9], [1.5, 0.4]];
        let data = rows(&x, &[0, 1, 2, 1], 3);
        let theta: Vec<f64> = (0..9).map(|i| 0.3 * f64::from(i - 4)).collect();
        let mut gradient = vec![0.0; 9];
        data.value(0.2, &theta, &mut gradient);
        for i in 0..9 {
            let at = |step: f64| {
                let mut theta = theta.clone();
                theta[i] += step;
                data.value(0.2, &theta, &mut [0.0; 9])
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-8, "{i}: {slope} {}", gradient[i]);
        }
    }

    #[test]
    fn where_it_starts_does_not_matter() {
        let x = array![[0.3, -1.2], [0.8, 0.1], [-0.5, 0.9], [1.5, 0.4], [0.2, 0.2]];
        let data = rows(&x, &[0, 1, 2, 1, 0], 3);
        let one = data.fit(0.01, &Head::zero(3, 2));
        let start = Head { weight: Array2::from_elem((3, 2), 5.0), bias: array![3.0, -3.0, 0.0] };
        let other = data.fit(0.01, &start);
        assert!(one.weight.iter().zip(&other.weight).all(|(a, b)| (a - b).abs() < 1e-4), "{one:?} {other:?}");
        assert!((data.loss(&one) - data.loss(&other)).abs() < 1e-6);
        assert!(data.loss(&one) < 3_f64.ln(), "better than knowing nothing");
    }
}
