//! The default preprocessing of a data set.

use striate_data::{Dataset, InputError, Known, Preprocess, Split, mean_std};

/// The default height and width of photos, in pixels.
const PHOTO_PX: usize = 224;

/// The default preprocessing of a data set: the published mean and standard deviation of a known data set, or those of its
/// training pixels; for photos, those of ImageNet at 224 x 224.
///
/// # Errors
/// [`InputError::Preprocess`] when its images are of a shape that no network can be fed, such as two channels.
///
/// # Example
/// ```
/// # #[cfg(feature = "digits")] {
/// let digits = striate::data::load("digits")?;
/// assert_eq!(striate::preprocess_of(&digits)?.mean, [0.1307]);
/// # }
/// # Ok::<(), striate::data::DataError>(())
/// ```
pub fn preprocess_of(data: &Dataset) -> Result<Preprocess, InputError> {
    let images = match &data.train {
        Split::Images(images) => images,
        Split::Photos(_) => return Preprocess::imagenet(PHOTO_PX),
    };
    let shape = images.shape();
    // A user's folder may be called `mnist`, too, so the name alone is not enough.
    let is_it = |known: &&Known| known.shape == shape && known.classes.iter().eq(&data.classes);
    match Known::get(&data.name).filter(is_it) {
        Some(known) => Preprocess::new(shape, known.mean, known.std),
        None => {
            let (mean, std) = mean_std(images);
            Preprocess::new(shape, &mean, &std)
        }
    }
}
