//! The choice of the penalty: the one with the highest probability of the held-out labels, searched only as finely as the
//! images can resolve.

use super::folds::stratified;
use super::head::Head;
use super::logistic::Rows;

/// λ of the penalty, strongest first: each fit starts where the last one ended.
const PENALTIES: [f64; 11] = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6];
/// The most steps of a search.
pub(super) const STEPS: usize = PENALTIES.len();
/// Once so many images were judged, more say nothing new about λ.
const ENOUGH: usize = 2000;
/// f of a head that only compares penalties is at most so far above its minimum. With EfficientNet-Lite0's features of 500
/// photos of tools/photos/many.py, 1e-5 takes 60 % more passes, chooses the same λ and changes no held-out loss by 0.001.
const GAP: f64 = 1e-3;
/// So many penalties in a row without a gain end the search.
const PATIENCE: usize = 2;

/// One fold of the search: who learns, who judges, and the head so far.
struct Fold {
    learn: Vec<u32>,
    judge: Vec<u32>,
    head: Head,
}

/// λ for these rows, and a head that was fitted with it to some of them.
///
/// All folds take one λ after the other, so that the search can end for all of them at once: when [`PATIENCE`] in a row do
/// not lower the mean held-out loss, image by image, by more than the standard error of that mean, or when one
/// raises it by more than that.
pub(super) fn choose(rows: Rows<'_>, folds: usize, seed: u64, tell: &mut dyn FnMut(usize)) -> (f64, Head) {
    let features = rows.table.of;
    let labels: Vec<u32> = rows.images.iter().map(|&i| features.labels[i as usize]).collect();
    let mut parts =
        split(rows.images, &labels, folds, seed, &Head::zero(features.classes, rows.table.features()));
    let mut best: Option<(f64, Vec<f64>, Head)> = None;
    let mut in_vain = 0;
    for (step, &l2) in PENALTIES.iter().enumerate() {
        let mut losses = Vec::new();
        for part in &mut parts {
            part.head = Rows { images: &part.learn, ..rows }.fit(l2, GAP, &part.head);
            losses.extend(Rows { images: &part.judge, ..rows }.losses(&part.head));
        }
        tell(step + 1);
        let (gain, error) = best.as_ref().map_or((f64::INFINITY, 0.0), |(_, best, _)| gain(best, &losses));
        in_vain = if gain > error { 0 } else { in_vain + 1 };
        if gain > 0.0 {
            best = Some((l2, losses, parts[0].head.clone()));
        }
        if in_vain == PATIENCE || gain < -error {
            break;
        }
    }
    let (l2, _, head) = best.expect("the first penalty is better than none");
    (l2, head)
}

/// The folds that judge λ: as many as it takes to judge [`ENOUGH`] images.
fn split(images: &[u32], labels: &[u32], folds: usize, seed: u64, head: &Head) -> Vec<Fold> {
    let fold_of = stratified(labels, folds, seed.wrapping_add(1));
    let mut parts = Vec::new();
    let mut judged = 0;
    for fold in 0..folds {
        let of_fold = |is_in: bool| -> Vec<u32> {
            let chosen = images.iter().zip(&fold_of).filter(|&(_, &f)| (f == fold) == is_in);
            chosen.map(|(&image, _)| image).collect()
        };
        let (learn, judge) = (of_fold(false), of_fold(true));
        if !judge.is_empty() && judged < ENOUGH {
            judged += judge.len();
            parts.push(Fold { learn, judge, head: head.clone() });
        }
    }
    parts
}

/// By how much the mean loss has become lower, and the standard error of that.
fn gain(before: &[f64], after: &[f64]) -> (f64, f64) {
    let n = before.len() as f64;
    let differences = || before.iter().zip(after).map(|(before, after)| before - after);
    let mean = differences().sum::<f64>() / n;
    let squares: f64 = differences().map(|d| (d - mean) * (d - mean)).sum();
    (mean, (squares / (n * (n - 1.0).max(1.0))).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_has_the_error_of_a_mean_of_pairs() {
        // Differences 1, 2, 3: mean 2, deviation 1, error 1 / √3.
        let (mean, error) = gain(&[5.0, 5.0, 5.0], &[4.0, 3.0, 2.0]);
        assert!((mean - 2.0).abs() < 1e-12 && (error - 1.0 / 3_f64.sqrt()).abs() < 1e-12, "{mean} {error}");
        assert_eq!(gain(&[1.0], &[1.0]), (0.0, 0.0));
    }

    #[test]
    fn as_many_folds_judge_as_it_takes() {
        let zero = Head::zero(2, 1);
        for (n, folds) in [(50, 5), (2400, 5), (4000, 3), (20_000, 1)] {
            let images: Vec<u32> = (7..7 + n).collect();
            let labels: Vec<u32> = (0..n).map(|i| i % 2).collect();
            let parts = split(&images, &labels, 5, 0, &zero);
            assert_eq!(parts.len(), folds, "{n}");
            for part in &parts {
                assert_eq!(part.learn.len() + part.judge.len(), n as usize);
                assert!(part.judge.iter().all(|image| !part.learn.contains(image)), "nobody judges himself");
            }
        }
        // More folds than images: those without any judge nothing.
        assert_eq!(split(&[0, 1, 2], &[0, 0, 1], 5, 0, &zero).len(), 3);
    }
}
