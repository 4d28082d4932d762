//! Cross entropy of logits `[N, C]` against labels or mixtures of two, averaged over the batch.

use super::{check_len, log_softmax};
use crate::loss::Target;

/// Computes the loss, and its gradient with respect to the logits.
///
/// `loss = (1/W) Σ_n [ (1−ε) · w[y_n] · (−logp[n,y_n]) + (ε/C) · Σ_c w[c] · (−logp[n,c]) ]`
///
/// `grad_logits[n,k] = (1/W) · ( exp(logp[n,k]) · Σ_c t[n,c] − t[n,k] )`
///
/// with `logp = log_softmax(logits)`, `w` the class weights (1 when absent), `W = Σ_n w[y_n]`, `ε` the label smoothing,
/// and `t[n,c] = (1−ε) · w[y_n] · [c = y_n] + (ε/C) · w[c]` the target that the two terms amount to. Note that the
/// mean divides by the weights of the *labels*, in the smoothed part, too.
///
/// For a mixture (a [`Target`] with `0 < λ < 1`) the target is `λ · t(a) + (1−λ) · t(b)`, and it counts as
/// `λ · w[a] + (1−λ) · w[b]` in `W`.
///
/// # Shapes
/// `logits [N, C]`, `targets [N]`, `class_weights [C]`; the gradient is `[N, C]`.
///
/// # Source
/// Szegedy et al. 2016, section 7, for label smoothing; Zhang et al. 2018 for mixtures.
///
/// # PyTorch
/// `torch.nn.CrossEntropyLoss(weight=class_weights, label_smoothing=ε, reduction="mean")`. As there, an empty batch and weights
/// of the labels that sum to 0 give NaN. For mixtures without class weights this equals PyTorch's loss on probabilities. With
/// class weights it does not: there PyTorch divides by `N`, so its result jumps at `λ = 1`; here the mean is the weighted one
/// for mixtures too, as in `λ · criterion(x, a) + (1−λ) · criterion(x, b)` of the MixUp paper.
///
/// # Panics
/// If a class is not below `C`, or `label_smoothing` is not in `[0, 1]`.
pub fn cross_entropy<T: Into<Target> + Copy>(
    n: usize,
    classes: usize,
    logits: &[f64],
    targets: &[T],
    label_smoothing: f64,
    class_weights: Option<&[f64]>,
) -> (f64, Vec<f64>) {
    check_len("cross_entropy logits [N, C]", logits.len(), n * classes);
    check_len("cross_entropy targets [N]", targets.len(), n);
    assert!(
        (0.0..=1.0).contains(&label_smoothing),
        "reference: label smoothing must be in [0, 1], got {label_smoothing}"
    );
    let targets: Vec<Target> = targets.iter().map(|&target| target.into()).collect();
    if let Some(target) = targets.iter().find(|target| !target.is_valid(classes)) {
        panic!("reference: {target:?} does not exist among {classes} classes");
    }
    let ones = vec![1.0; classes];
    let weights = class_weights.unwrap_or(&ones);
    check_len("cross_entropy class weights [C]", weights.len(), classes);

    let logp = log_softmax(n, classes, logits);
    let shares = || targets.iter().flat_map(|target| target.shares());
    let weight_of_labels: f64 = shares().map(|(class, share)| share * weights[class]).sum();
    let mut loss = 0.0;
    let mut grad_logits = Vec::with_capacity(logits.len());
    for (logp, mixture) in logp.chunks_exact(classes).zip(&targets) {
        let mut target: Vec<f64> = weights.iter().map(|w| label_smoothing / classes as f64 * w).collect();
        for (class, share) in mixture.shares() {
            target[class] += share * (1.0 - label_smoothing) * weights[class];
        }
        loss -= target.iter().zip(logp).map(|(t, logp)| t * logp).sum::<f64>();
        let target_sum: f64 = target.iter().sum();
        grad_logits.extend(
            target.iter().zip(logp).map(|(t, logp)| (logp.exp() * target_sum - t) / weight_of_labels),
        );
    }
    (loss / weight_of_labels, grad_logits)
}

#[cfg(test)]
mod tests {
    use striate_testkit::{Sample, assert_close, assert_vjp, widen};

    use super::*;

    /// Logits of the probabilities 1/8, 1/4 and 5/8.
    fn logits() -> [f64; 3] {
        [0.0, 2.0f64.ln(), 5.0f64.ln()]
    }

    #[test]
    fn plain_by_hand() {
        let two = [logits(), [1.0; 3]].concat();
        let (loss, grad) = cross_entropy(2, 3, &two, &[1_u32, 0], 0.0, None);
        assert_close(&[loss], &[(4.0f64.ln() + 3.0f64.ln()) / 2.0], 1e-15, 0.0, "loss");
        let third = 1.0 / 3.0;
        let want = [0.125, 0.25 - 1.0, 0.625, third - 1.0, third, third].map(|g| g / 2.0);
        assert_close(&grad, &want, 1e-15, 0.0, "grad_logits");
    }

    #[test]
    fn smoothing_by_hand() {
        // Target (0.1, 0.1, 0.1) + 0.7 on class 2.
        let (loss, grad) = cross_entropy(1, 3, &logits(), &[2_u32], 0.3, None);
        let want = 0.1 * 8.0f64.ln() + 0.1 * 4.0f64.ln() + 0.8 * 1.6f64.ln();
        assert_close(&[loss], &[want], 1e-15, 0.0, "loss");
        assert_close(&grad, &[0.025, 0.15, -0.175], 1e-14, 0.0, "grad_logits");
    }

    #[test]
    fn weights_by_hand() {
        // One sample: the weight of its label cancels in the plain part.
        let weights = [1.0, 2.0, 3.0];
        let (loss, _) = cross_entropy(1, 3, &logits(), &[1_u32], 0.0, Some(&weights));
        assert_close(&[loss], &[4.0f64.ln()], 1e-15, 0.0, "one sample");
        // Two samples: weighted mean of ln 4 (weight 2) and ln 1.6 (weight 3).
        let two = [logits(), logits()].concat();
        let (loss, _) = cross_entropy(2, 3, &two, &[1_u32, 2], 0.0, Some(&weights));
        assert_close(&[loss], &[(2.0 * 4.0f64.ln() + 3.0 * 1.6f64.ln()) / 5.0], 1e-15, 0.0, "two samples");
        // With smoothing 0.6 the smooth part keeps its own weights and is divided by that of the label, 2.
        let (loss, _) = cross_entropy(1, 3, &logits(), &[1_u32], 0.6, Some(&weights));
        let smooth = 8.0f64.ln() + 2.0 * 4.0f64.ln() + 3.0 * 1.6f64.ln();
        assert_close(&[loss], &[0.4 * 4.0f64.ln() + 0.2 * smooth / 2.0], 1e-15, 0.0, "smoothed");
    }

    #[test]
    fn gradient_is_the_derivative_of_the_loss() {
        let mut sample = Sample::new(14);
        for case in 0..80 {
            let (n, classes) = (sample.usize_in(1..=6), sample.usize_in(1..=9));
            let logits = widen(&sample.normal_vec(n * classes));
            let class = |sample: &mut Sample| sample.usize_in(0..=classes - 1) as u32;
            let labels: Vec<Target> = (0..n)
                .map(|_| {
                    let lambda = sample.choose(&[1.0, 0.3, 0.0]);
                    Target { a: class(&mut sample), b: class(&mut sample), lambda }
                })
                .collect();
            let smoothing = sample.choose(&[0.0, 0.1, 0.5, 1.0]);
            let weights = widen(&sample.uniform_vec(classes, 0.2, 3.0));
            let weights = sample.chance(0.5).then_some(weights.as_slice());
            let (_, grad) = cross_entropy(n, classes, &logits, &labels, smoothing, weights);
            let loss = |x: &[f64]| vec![cross_entropy(n, classes, x, &labels, smoothing, weights).0];
            let what = format!("case {case}: [{n}, {classes}], smoothing {smoothing}, weights {weights:?}");
            assert_vjp(loss, &logits, &[1.0], &grad, 1e-7, &what);
        }
    }

    #[test]
    fn an_empty_batch_is_nan_as_in_pytorch() {
        let (loss, grad) = cross_entropy::<u32>(0, 3, &[], &[], 0.0, None);
        assert!(loss.is_nan() && grad.is_empty());
    }

    #[test]
    #[should_panic(expected = "lambda: 1.0 } does not exist among 3 classes")]
    fn a_label_past_the_classes_is_refused() {
        cross_entropy(1, 3, &logits(), &[3_u32], 0.0, None);
    }

    #[test]
    fn a_mixture_by_hand() {
        // A quarter of ln 4 and three quarters of ln 1.6; the target of class 0 is empty.
        let mixture = Target { a: 1, b: 2, lambda: 0.25 };
        let (loss, grad) = cross_entropy(1, 3, &logits(), &[mixture], 0.0, None);
        assert_close(&[loss], &[0.25 * 4.0f64.ln() + 0.75 * 1.6f64.ln()], 1e-15, 0.0, "loss");
        assert_close(&grad, &[0.125, 0.0, -0.125], 1e-15, 1e-16, "grad_logits");
        // With weights 2 and 3 the sample counts 0.25 · 2 + 0.75 · 3 = 2.75.
        let (loss, _) = cross_entropy(1, 3, &logits(), &[mixture], 0.0, Some(&[1.0, 2.0, 3.0]));
        assert_close(&[loss], &[(0.5 * 4.0f64.ln() + 2.25 * 1.6f64.ln()) / 2.75], 1e-15, 0.0, "weighted");
    }

    #[test]
    fn mixup_is_the_mixture_of_two_losses() {
        let mut sample = Sample::new(15);
        let (n, classes, lambda) = (5, 4, 0.375);
        let logits = widen(&sample.normal_vec(n * classes));
        let labels = |sample: &mut Sample| (0..n).map(|_| sample.usize_in(0..=3)).collect::<Vec<_>>();
        let (a, b) = (labels(&mut sample), labels(&mut sample));
        let mixtures: Vec<Target> =
            a.iter().zip(&b).map(|(&a, &b)| Target { a: a as u32, b: b as u32, lambda }).collect();
        let of = |labels: &[usize]| cross_entropy(n, classes, &logits, labels, 0.1, None).0;
        let (loss, _) = cross_entropy(n, classes, &logits, &mixtures, 0.1, None);
        let share = f64::from(lambda);
        assert_close(&[loss], &[share * of(&a) + (1.0 - share) * of(&b)], 1e-14, 0.0, "criterion of MixUp");
    }
}
