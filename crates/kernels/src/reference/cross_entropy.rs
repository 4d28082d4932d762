//! Cross entropy of logits `[N, C]` against class labels, mean over the batch.

use super::{check_len, log_softmax};

/// The loss, and its gradient with respect to the logits.
///
/// `loss = (1/W) Σ_n [ (1−ε) · w[y_n] · (−logp[n,y_n]) + (ε/C) · Σ_c w[c] · (−logp[n,c]) ]`
///
/// `grad_logits[n,k] = (1/W) · ( exp(logp[n,k]) · Σ_c t[n,c] − t[n,k] )`
///
/// with `logp = log_softmax(logits)`, `w` the class weights (1 when absent), `W = Σ_n w[y_n]`, `ε` the label smoothing
/// and `t[n,c] = (1−ε) · w[y_n] · [c = y_n] + (ε/C) · w[c]` the target that the two terms amount to. Note that the mean
/// divides by the weights of the *labels*, the smooth part too.
///
/// # Shapes
/// `logits [N, C]`, `labels [N]`, `class_weights [C]`; the gradient is `[N, C]`.
///
/// # Source
/// Szegedy et al. 2016, section 7, for label smoothing.
///
/// # PyTorch
/// `torch.nn.CrossEntropyLoss(weight=class_weights, label_smoothing=ε, reduction="mean")`. As there, an empty batch and
/// weights of the labels that sum to 0 give NaN.
///
/// # Panics
/// When a label is not below `C`, or `label_smoothing` not in `[0, 1]`.
pub fn cross_entropy(
    n: usize,
    classes: usize,
    logits: &[f64],
    labels: &[usize],
    label_smoothing: f64,
    class_weights: Option<&[f64]>,
) -> (f64, Vec<f64>) {
    check_len("cross_entropy logits [N, C]", logits.len(), n * classes);
    check_len("cross_entropy labels [N]", labels.len(), n);
    assert!(
        (0.0..=1.0).contains(&label_smoothing),
        "reference: label smoothing must be in [0, 1], got {label_smoothing}"
    );
    if let Some(&label) = labels.iter().find(|&&label| label >= classes) {
        panic!("reference: label {label} does not exist among {classes} classes");
    }
    let ones = vec![1.0; classes];
    let weights = class_weights.unwrap_or(&ones);
    check_len("cross_entropy class weights [C]", weights.len(), classes);

    let logp = log_softmax(n, classes, logits);
    let weight_of_labels: f64 = labels.iter().map(|&label| weights[label]).sum();
    let mut loss = 0.0;
    let mut grad_logits = Vec::with_capacity(logits.len());
    for (logp, &label) in logp.chunks_exact(classes).zip(labels) {
        let mut target: Vec<f64> = weights.iter().map(|w| label_smoothing / classes as f64 * w).collect();
        target[label] += (1.0 - label_smoothing) * weights[label];
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
        let (loss, grad) = cross_entropy(2, 3, &two, &[1, 0], 0.0, None);
        assert_close(&[loss], &[(4.0f64.ln() + 3.0f64.ln()) / 2.0], 1e-15, 0.0, "loss");
        let third = 1.0 / 3.0;
        let want = [0.125, 0.25 - 1.0, 0.625, third - 1.0, third, third].map(|g| g / 2.0);
        assert_close(&grad, &want, 1e-15, 0.0, "grad_logits");
    }

    #[test]
    fn smoothing_by_hand() {
        // Target (0.1, 0.1, 0.1) + 0.7 on class 2.
        let (loss, grad) = cross_entropy(1, 3, &logits(), &[2], 0.3, None);
        let want = 0.1 * 8.0f64.ln() + 0.1 * 4.0f64.ln() + 0.8 * 1.6f64.ln();
        assert_close(&[loss], &[want], 1e-15, 0.0, "loss");
        assert_close(&grad, &[0.025, 0.15, -0.175], 1e-14, 0.0, "grad_logits");
    }

    #[test]
    fn weights_by_hand() {
        // One sample: the weight of its label cancels in the plain part.
        let weights = [1.0, 2.0, 3.0];
        let (loss, _) = cross_entropy(1, 3, &logits(), &[1], 0.0, Some(&weights));
        assert_close(&[loss], &[4.0f64.ln()], 1e-15, 0.0, "one sample");
        // Two samples: weighted mean of ln 4 (weight 2) and ln 1.6 (weight 3).
        let two = [logits(), logits()].concat();
        let (loss, _) = cross_entropy(2, 3, &two, &[1, 2], 0.0, Some(&weights));
        assert_close(&[loss], &[(2.0 * 4.0f64.ln() + 3.0 * 1.6f64.ln()) / 5.0], 1e-15, 0.0, "two samples");
        // With smoothing 0.6 the smooth part keeps its own weights and is divided by that of the label, 2.
        let (loss, _) = cross_entropy(1, 3, &logits(), &[1], 0.6, Some(&weights));
        let smooth = 8.0f64.ln() + 2.0 * 4.0f64.ln() + 3.0 * 1.6f64.ln();
        assert_close(&[loss], &[0.4 * 4.0f64.ln() + 0.2 * smooth / 2.0], 1e-15, 0.0, "smoothed");
    }

    #[test]
    fn gradient_is_the_derivative_of_the_loss() {
        let mut sample = Sample::new(14);
        for case in 0..80 {
            let (n, classes) = (sample.usize_in(1..=6), sample.usize_in(1..=9));
            let logits = widen(&sample.normal_vec(n * classes));
            let labels: Vec<usize> = (0..n).map(|_| sample.usize_in(0..=classes - 1)).collect();
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
        let (loss, grad) = cross_entropy(0, 3, &[], &[], 0.0, None);
        assert!(loss.is_nan() && grad.is_empty());
    }

    #[test]
    #[should_panic(expected = "label 3 does not exist among 3 classes")]
    fn a_label_past_the_classes_is_refused() {
        cross_entropy(1, 3, &logits(), &[3], 0.0, None);
    }
}
