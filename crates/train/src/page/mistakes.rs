//! The worst mistakes, with their images.

use crate::error::FitError;
use striate_data::Split;
use striate_report::page::Mistake;
use striate_report::{Answer, Thumbnail, worst};

/// The number of mistakes that are shown.
const SHOWN: usize = 24;
/// The longest side of an image on the page, in pixels: twice what a phone shows, for high-density screens.
const SIDE_PX: usize = 160;

/// The worst mistakes among predictions, at most 24, with their images and the worst first. `image` gives the split that prediction
/// number `i` belongs to, and the index of its image there.
///
/// # Errors
/// [`FitError::Data`] when an image cannot be decoded.
///
/// # Example
/// ```
/// use striate_data::{Images, Split};
/// use striate_report::Answer;
///
/// let images: Split = Images::new([1, 4, 4], vec![20; 32], vec![0, 1])?.into();
/// let answers = [Answer::new(&[0.9, 0.1], 0), Answer::new(&[0.8, 0.2], 1)];
/// let mistakes = striate_train::mistakes(&answers, |i| (&images, i))?;
/// assert_eq!((mistakes.len(), mistakes[0].label, mistakes[0].predicted), (1, 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn mistakes<'a>(
    answers: &[Answer],
    image: impl Fn(usize) -> (&'a Split, usize),
) -> Result<Vec<Mistake>, FitError> {
    let of = |i: usize| -> Result<Mistake, FitError> {
        let (split, at) = image(i);
        let (image, answer) = (split.image(at)?, &answers[i]);
        Ok(Mistake {
            image: Thumbnail::new(image.width, image.height, image.channels, &image.pixels, SIDE_PX)?,
            name: split.name(at),
            label: answer.label as usize,
            predicted: answer.predicted as usize,
            probability: answer.probability.into(),
            label_probability: answer.label_probability.into(),
        })
    };
    worst(answers).into_iter().take(SHOWN).map(of).collect()
}
