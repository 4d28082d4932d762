//! The default preprocessing of a data set.

use striate_data::{Dataset, InputError, Known, Preprocess, Split, mean_std};

/// The default height and width of photos, in pixels.
const PHOTO_PX: usize = 224;

/// Returns the default preprocessing of a data set: for a known data set with its published mean and standard deviation, for
/// other images in memory with those of the training pixels, and for photos that of ImageNet at 224 x 224.
///
/// # Errors
/// [`InputError::Preprocess`] when the images have a shape that no network accepts, such as two channels.
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
