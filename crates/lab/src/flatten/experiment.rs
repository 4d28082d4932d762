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

/// Why not flatten the pixels? Trains the four networks on each data set and evaluates them.
///
/// Every run uses one thread. `workers` runs are made at a time, each with its canvases in memory (2,304 bytes for each time
/// that an image is seen: 276 MB for 60,000 images seen twice). Runs in the log are not repeated, so an interrupted experiment
/// continues when the function is called again with the same log.
///
/// # Numerics
/// The same data and settings give the same study on any number of workers, interrupted or not.
///
/// # Errors
/// When a data set is not suitable, a run fails, or the disk is full; [`FlattenError::Stopped`] soon after `stop` is set.
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

/// Checks that the experiment can start. [`flatten`] makes the same check; this function is for callers who create a folder
/// first.
///
/// # Errors
/// When a data set is not suitable or is given twice, or a setting is out of range.
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
