//! The whole experiment: tune, then train and measure everything, several runs at a time.

use super::error::FlattenError;
use super::log::Log;
use super::plan::run;
use super::run::{Run, Source};
use super::settings::Settings;
use super::study::{Study, study};
use super::team::{StudyProgressFn, Team};
use super::tune::{Tuned, tune};
use std::sync::atomic::AtomicBool;
use striate_data::Dataset;

/// Why not flatten the pixels? Trains the four networks on each data set and measures them.
///
/// Every run is made on one thread; `workers` are made at a time, each with its canvases in memory (2,304 bytes for each time
/// that an image is seen: 276 MB for 60,000 images seen twice). Runs that the log has are not made again, so an
/// experiment that was interrupted goes on when it is called again with the same log.
///
/// # Numerics
/// The same data and settings give the same study on any number of workers, interrupted or not.
///
/// # Errors
/// A data set that does not fit; a run that fails; a disk that is full; [`FlattenError::Stopped`] soon after `stop` was
/// set.
///
/// # Example
/// See the [module](super).
pub fn flatten(
    data: &[Dataset],
    settings: &Settings,
    log: &mut Log,
    workers: usize,
    stop: &AtomicBool,
    tell: StudyProgressFn<'_>,
) -> Result<Study, FlattenError> {
    let sources = sources(data, settings)?;
    let mut team = Team { sources: &sources, log, workers, stop, tell, before: 0, done: 0, planned: 0 };
    let tuned = tune(&mut team, settings)?;
    let runs: Vec<Run> = runs(&sources, settings, &tuned);
    team.before = team.done;
    team.planned = team.before + runs.len();
    team.complete(&runs)?;
    Ok(study(&sources, settings, &tuned, &runs, team.log))
}

/// Makes sure that the experiment can begin. [`flatten`] does so itself; this is for whoever makes a folder first.
///
/// # Errors
/// A data set that does not fit, or is given twice; a setting out of its range.
pub fn check(data: &[Dataset], settings: &Settings) -> Result<(), FlattenError> {
    sources(data, settings).map(|_| ())
}

fn sources<'d>(data: &'d [Dataset], settings: &Settings) -> Result<Vec<Source<'d>>, FlattenError> {
    settings.check()?;
    let sources = data.iter().map(Source::new).collect::<Result<Vec<_>, _>>()?;
    for (i, source) in sources.iter().enumerate() {
        if sources[..i].iter().any(|other| other.name == source.name) {
            return Err(FlattenError::Twice { data: source.name.to_string() });
        }
    }
    Ok(sources)
}

/// Everything that is reported: a seed after the other, so that few seeds are whole before more are begun.
fn runs(sources: &[Source<'_>], settings: &Settings, tuned: &[Tuned]) -> Vec<Run> {
    let mut runs = Vec::new();
    for &seed in &settings.seeds {
        for tuned in tuned {
            let (data, found) = (&sources[tuned.source], tuned.run());
            let total = data.train.len();
            let of = |train_images| Run {
                learning_rate: found.learning_rate,
                ..run(data, settings, tuned.network, &found.hidden, seed, train_images, tuned.scrambled)
            };
            if tuned.scrambled {
                runs.push(of(total));
                continue;
            }
            let moved_images = settings.moved_images.min(data.test.len());
            runs.push(Run { moved_images, moves: settings.moves(), ..of(total) });
            runs.extend(settings.train_images.iter().filter(|&&n| n < total).map(|&n| of(n)));
        }
    }
    runs
}
