//! The choice of the test images to explain: correctly classified ones, one of each class in turn.

use ndarray::{Array3, Axis};
use striate_data::{Dataset, Preprocess};
use striate_graph::Session;

use super::explain::{Seen, answers};
use crate::LabError;

/// Test images that are looked through for some that the network knows.
const LOOKED_THROUGH: usize = 200;

/// An image as the network takes it.
pub(super) fn seen(index: usize, class: usize, pixels: &[u8], preprocess: &Preprocess) -> Seen {
    let [c, h, w] = preprocess.shape();
    let mut values = vec![0.0; c * h * w];
    preprocess.normalize(pixels, &mut values);
    let image = Array3::from_shape_vec((c, h, w), values).expect("an image of the network's size");
    Seen { index, image, class }
}

/// Up to `n` test images with the class that the network says, and how many of them it is right about, if they are labeled
/// with its classes.
pub(super) fn choose(
    session: &mut Session,
    data: &Dataset,
    preprocess: &Preprocess,
    (n, is_labeled): (usize, bool),
) -> Result<(Vec<Seen>, usize), LabError> {
    // The class, how many of it came before, the number: the first of each class, then the second of each.
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut of_class = vec![0_usize; data.classes.len()];
    // A large network is not asked about more than it takes to find a few.
    let enough = |known: &[(usize, Seen)]| known.iter().filter(|(before, _)| *before == 0).count() >= n;
    for i in 0..data.test.len().min(LOOKED_THROUGH) {
        let pixels = preprocess.from_image(&data.test.image(i)?);
        let mut seen = seen(i, 0, &pixels, preprocess);
        seen.class = answers(session, &seen.image.clone().insert_axis(Axis(0)))?[0];
        let label = data.test.label(i) as usize;
        if is_labeled && seen.class == label {
            known.push((of_class[label], seen));
            of_class[label] += 1;
        } else {
            unknown.push(seen);
        }
        let searched = if is_labeled { 20 * n } else { n };
        if enough(&known) || (known.is_empty() && unknown.len() >= searched) {
            break;
        }
    }
    known.sort_by_key(|(before, seen)| (*before, seen.index));
    let mut chosen: Vec<Seen> = known.into_iter().map(|(_, seen)| seen).take(n).collect();
    let right = chosen.len();
    chosen.extend(unknown.into_iter().take(n - right));
    Ok((chosen, right))
}
