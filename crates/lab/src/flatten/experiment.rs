//! The whole experiment: tune, then train and measure everything, several runs at a time.

use super::error::FlattenError;
use super::log::Log;
use super::nets::Network;
use super::run::{EDITION, Finished, Run, Source};
use super::settings::Settings;
use super::study::{Study, study};
use super::tune::{Tuned, tune};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use striate_data::Dataset;

/// How the experiment is getting on.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The run that was just finished.
    pub finished: &'a Finished,
    /// Runs that are done.
    pub done: usize,
    /// Runs of the whole experiment; tuning may add some.
    pub planned: usize,
}

/// Who is told.
type Tell<'t> = &'t mut (dyn FnMut(Progress<'_>) + Send);

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
    tell: Tell<'_>,
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

/// A run with the settings that all have, measured by the test split; its rate is still to be set.
pub(crate) fn run(
    data: &Source<'_>,
    settings: &Settings,
    network: Network,
    hidden: &[usize],
    seed: u64,
    train_images: usize,
    scrambled: bool,
) -> Run {
    Run {
        edition: EDITION,
        data: data.name.to_string(),
        data_sha256: data.sha256.to_string(),
        network,
        hidden: hidden.to_vec(),
        seed,
        train_images,
        passes: settings.passes(train_images),
        batch_size: settings.batch_size,
        learning_rate: 0.0,
        scrambled,
        held_out: None,
        moved_images: 0,
        moves: Vec::new(),
    }
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

/// The number of runs that are reported.
pub(crate) fn planned(sources: &[Source<'_>], settings: &Settings) -> usize {
    let sizes = |data: &Source<'_>| settings.train_images.iter().filter(|&&n| n < data.train.len()).count();
    let scrambled = Network::ALL.iter().filter(|network| network.can_be_scrambled()).count();
    let of = |data| Network::ALL.len() * (1 + sizes(data)) + scrambled;
    settings.seeds.len() * sources.iter().map(of).sum::<usize>()
}

/// Those who make the runs.
pub(crate) struct Team<'a, 'd> {
    pub(crate) sources: &'a [Source<'d>],
    log: &'a mut Log,
    workers: usize,
    stop: &'a AtomicBool,
    tell: Tell<'a>,
    /// Runs of tuning, once that is over.
    before: usize,
    done: usize,
    /// Of the whole experiment.
    pub(crate) planned: usize,
}

impl Team<'_, '_> {
    /// Makes those runs that the log does not have, in their order, and gives all.
    pub(crate) fn complete(&mut self, runs: &[Run]) -> Result<Vec<Finished>, FlattenError> {
        let missing: Vec<&Run> = runs.iter().filter(|run| self.log.find(run).is_none()).collect();
        self.done = self.before + runs.len() - missing.len();
        let (sources, stop, workers) = (self.sources, self.stop, self.workers);
        let next = AtomicUsize::new(0);
        let shared = Mutex::new((&mut *self, None));
        let work = || {
            while let Some(run) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let source = sources.iter().find(|source| source.name == run.data);
                let source = source.expect("runs are of the data sets at hand");
                let result = if stop.load(Ordering::Relaxed) {
                    Err(FlattenError::Stopped { finished: 0, planned: 0 })
                } else {
                    run.execute(source, stop)
                };
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let (team, failed) = &mut *shared;
                if let Err(error) = result.and_then(|finished| team.keep(finished)) {
                    failed.get_or_insert(error);
                }
                if failed.is_some() {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let (_, failed) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (finished, planned) = (self.done, self.planned);
        match failed {
            Some(FlattenError::Stopped { .. }) => Err(FlattenError::Stopped { finished, planned }),
            Some(error) => Err(error),
            None => {
                Ok(runs.iter().map(|run| self.log.find(run).expect("every run was made").clone()).collect())
            }
        }
    }

    fn keep(&mut self, finished: Finished) -> Result<(), FlattenError> {
        self.log.add(finished)?;
        self.done += 1;
        let finished = self.log.finished().last().expect("one was added just now");
        (self.tell)(Progress { finished, done: self.done, planned: self.planned });
        Ok(())
    }
}
