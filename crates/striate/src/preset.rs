//! How the images of a data set are normalized when nobody says otherwise.

use striate_data::preprocess::mean_std;
use striate_data::{DataError, Dataset, Known, Preprocess, Split};

/// Sides of the square that networks for photos take.
const PHOTO_PX: usize = 224;

/// The preprocessing that goes with a data set: the usual mean and deviation of a known set, or those of its own training
/// pixels; for photos, those of ImageNet at 224 x 224.
///
/// # Errors
/// [`DataError::Preprocess`] when its images are of a shape that no network can be fed, such as two channels.
///
/// # Example
/// ```
/// let digits = striate::data::load("digits")?;
/// assert_eq!(striate::preprocess_of(&digits)?.mean, [0.1307]);
/// # Ok::<(), striate::data::DataError>(())
/// ```
pub fn preprocess_of(data: &Dataset) -> Result<Preprocess, DataError> {
    let images = match &data.train {
        Split::Images(images) => images,
        Split::Photos(_) => return Preprocess::imagenet(PHOTO_PX),
    };
    let shape = images.shape();
    // A folder of the user's may be called `mnist` too: the name alone does not tell.
    let is_it = |known: &&Known| known.shape == shape && known.classes.iter().eq(&data.classes);
    match Known::get(&data.name).filter(is_it) {
        Some(known) => Preprocess::new(shape, known.mean, known.std),
        None => {
            let (mean, std) = mean_std(images);
            Preprocess::new(shape, &mean, &std)
        }
    }
}
