//! How the pictures of a data set are normalised when nobody says otherwise.

use striate_data::preprocess::mean_std;
use striate_data::{DataError, Dataset, Known, Preprocess};

/// The preprocessing that goes with a data set: the usual mean and deviation of a known set, or those of its own training
/// pixels.
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
    let shape = data.train.shape();
    // A folder of the user's may be called `mnist` too: the name alone does not tell.
    let is_it = |known: &&Known| known.shape == shape && known.classes.iter().eq(&data.classes);
    match Known::get(&data.name).filter(is_it) {
        Some(known) => Preprocess::new(shape, known.mean, known.std),
        None => {
            let (mean, std) = mean_std(&data.train);
            Preprocess::new(shape, &mean, &std)
        }
    }
}
