//! The state of a run, which the loop changes and checkpoints store.

mod budget;
mod change;

use crate::error::{Difference, FitError};
use crate::evaluate::{Evaluation, evaluate};
use crate::event::{Event, EventFn, Stop, Warning};
use crate::folder::{BEST_MODEL, Folder, LAST_MODEL};
use crate::identity::Identity;
use crate::job::{Job, Outcome, Trained};
use crate::progress::Progress;
use crate::run_splits::RunSplits;
use crate::saved::{self, Loaded, State};
use crate::setup::Setup;
use std::time::Instant;
use striate_data::{Loader, Split};
use striate_formats::{Checkpoint, Disk, ModelFile, Provenance};
use striate_graph::{Graph, Mode, Params, Session, StepReport, TrainOptions, TrainStep, rates, trace};

/// The state of a run.
pub(crate) struct Run<'a> {
    job: &'a Job<'a>,
    splits: &'a RunSplits<'a>,
    folder: Option<Folder<'a>>,
    eval_graph: Graph,
    identity: Identity,
    /// What was typed when the run began.
    command: String,
    pub(crate) train: TrainStep,
    pub(crate) loader: Loader<'a>,
    /// In each epoch.
    pub(crate) steps: usize,
    pub(crate) progress: Progress,
    /// Parameters of the best epoch; empty before the first.
    best: Params,
    /// Of the best epoch, unless it was before this process began.
    best_evaluation: Option<Evaluation>,
    resumed: bool,
    /// What is other than it was before.
    changes: Vec<Difference>,
    was_finished: bool,
    saved_at: Instant,
    /// By this process.
    began: Instant,
    /// Of the run, before this process.
    spent_before_s: f64,
    /// What ending the run takes, once that was measured.
    end_s: f64,
}

impl<'a> Run<'a> {
    /// Checks everything, plans the training, and either starts afresh or takes up the checkpoint. Afterwards there is a
    /// checkpoint, and every file that the state implies.
    pub(crate) fn start(
        job: &'a Job<'a>,
        splits: &'a RunSplits<'a>,
        disk: &'a dyn Disk,
        tell: EventFn<'_>,
    ) -> Result<Self, FitError> {
        let shape = job.preprocess.shape();
        let graph = train_graph(job)?;
        let train = train_step(job, splits, &graph)?;
        let loader = loader_of(job, splits, &train)?;
        let mut run = Self {
            job,
            splits,
            folder: None,
            eval_graph: trace(job.setup.net, Mode::Eval, shape)?,
            identity: Identity::new(job, &graph),
            command: job.setup.command.to_string(),
            train,
            steps: loader.batches_per_epoch(),
            loader,
            progress: Progress::default(),
            best: Params::default(),
            best_evaluation: None,
            resumed: false,
            changes: Vec::new(),
            was_finished: false,
            saved_at: Instant::now(),
            began: Instant::now(),
            spent_before_s: 0.0,
            end_s: 0.0,
        };
        run.open_folder(disk, tell)?;
        Ok(run)
    }

    fn open_folder(&mut self, disk: &'a dyn Disk, tell: EventFn<'_>) -> Result<(), FitError> {
        let Some(path) = self.job.run_dir else {
            return if self.job.resume { Err(FitError::NoFolder) } else { Ok(()) };
        };
        let folder = Folder::open(self.job, path, disk, tell)?;
        let saved = if self.job.resume { saved::load(folder.path())? } else { None };
        match saved {
            Some(Loaded { checkpoint, state, newest }) => {
                self.take_up(checkpoint, state, &folder)?;
                if !self.changes.is_empty() {
                    let setup = Setup { command: &self.command, ..self.job.setup.clone() };
                    let job = Job { setup, ..*self.job };
                    folder.args(&job, self.splits, tell)?;
                }
                let folder = self.folder.insert(folder);
                if let Some(newest) = newest {
                    let previous = Checkpoint::previous(&folder.checkpoint_path());
                    tell(&Event::Warning { warning: &Warning::OlderCheckpoint { newest, previous } })?;
                    folder.remove_checkpoint(tell)?;
                    // From here on there are two whole ones again.
                    self.save(&mut |event| untold_checkpoint(event, tell))?;
                }
                self.write_what_follows(tell)
            }
            // A run that was killed before its first checkpoint starts again.
            None => {
                folder.args(self.job, self.splits, tell)?;
                self.folder = Some(folder);
                self.save(&mut |event| untold_checkpoint(event, tell))
            }
        }
    }

    /// Goes on from a checkpoint, if it is one of this run.
    fn take_up(&mut self, checkpoint: Checkpoint, state: State, folder: &Folder<'_>) -> Result<(), FitError> {
        let path = folder.checkpoint_path();
        let differences = state.identity.differences(&self.identity, self.job.initial.is_none());
        let (changes, differences): (Vec<_>, Vec<_>) =
            differences.into_iter().partition(Difference::is_change);
        if !differences.is_empty() {
            return Err(FitError::OtherRun { checkpoint: path, differences });
        }
        let mut progress = state.progress;
        if !changes.is_empty() {
            self.change(&mut progress, &state.config, &changes)?;
        }
        let misfit = |reason: String| FitError::Checkpoint { checkpoint: path.clone(), reason };
        if progress.rows.len() != progress.epoch || progress.step > self.steps {
            return Err(misfit(format!(
                "{} epochs and {} steps of {}, with {} rows",
                progress.epoch,
                progress.step,
                self.steps,
                progress.rows.len()
            )));
        }
        if progress.epoch > 0 {
            checkpoint.best.check(&self.eval_graph).map_err(|e| misfit(format!("its best epoch: {e}")))?;
        }
        let updates = progress.steps_done(self.steps);
        let bad = |names: Vec<String>| {
            misfit(format!("arrays are missing or have another shape: {}", names.join(", ")))
        };
        self.train.restore(&checkpoint.params, &checkpoint.optimizer, updates).map_err(bad)?;
        self.was_finished = progress.is_finished(self.job.config);
        self.spent_before_s = progress.spent_s;
        (self.progress, self.best, self.command) = (progress, checkpoint.best, state.command);
        // The parameters it began with are in the checkpoint, whatever was at hand now.
        self.identity = state.identity.changed(&changes);
        self.resumed = true;
        if !changes.is_empty() {
            let said: Vec<String> = changes.iter().map(|c| format!("{} {}", c.what, c.asked)).collect();
            let epoch = self.progress.epoch + usize::from(self.progress.step > 0);
            self.command += &format!(" # after epoch {epoch}: {}", said.join(", "));
            self.changes = changes;
        }
        Ok(())
    }

    /// Whatever a crash right after the checkpoint kept from being written.
    fn write_what_follows(&self, tell: EventFn<'_>) -> Result<(), FitError> {
        let (Some(folder), Some(best)) = (&self.folder, self.best_epoch()) else { return Ok(()) };
        folder.model(BEST_MODEL, &self.model(self.best.clone(), best + 1)?, tell)?;
        if self.progress.step == 0 {
            folder.model(LAST_MODEL, &self.model(self.current(), self.progress.epoch)?, tell)?;
        }
        folder.results(&self.progress.rows, tell)
    }

    pub(crate) fn started(&self) -> Event<'_> {
        let (progress, job, counts) = (&self.progress, self.job, self.splits.counts());
        Event::Started {
            model: job.setup.model_name,
            data: &job.setup.data.name,
            parameters: self.eval_graph.parameter_count(),
            multiply_adds: self.eval_graph.multiply_adds(),
            train_images: counts.train,
            val_images: counts.val,
            test_images: counts.test,
            threads: job.setup.engine.threads(),
            memory_bytes: self.train.memory_bytes(),
            epochs: progress.epochs(job.config),
            steps: self.steps,
            resumed: self.resumed.then_some((progress.epoch + 1, progress.step)),
            changes: &self.changes,
            rows: &progress.rows,
        }
    }

    pub(crate) fn stepped(&self) -> Event<'_> {
        let progress = &self.progress;
        Event::Step {
            epoch: progress.epoch + 1,
            step: progress.step,
            steps: self.steps_of_epoch(),
            loss: progress.loss(),
            accuracy: progress.accuracy(),
            images_per_s: progress.images_per_s(),
            learning_rate: self.rate_of(progress.step - 1),
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.progress.is_finished(self.job.config)
    }

    /// Steps of the epoch at hand: the last one of a budget may have fewer.
    pub(crate) fn steps_of_epoch(&self) -> usize {
        self.progress.steps_of_epoch(self.steps)
    }

    fn best_epoch(&self) -> Option<usize> {
        self.progress.best(self.job.config.metric)
    }

    /// The parameters that are validated and kept: the average, where there is one, and without those of auxiliary classifiers.
    fn current(&self) -> Params {
        self.train.ema_params().unwrap_or_else(|| self.train.params()).only(&self.eval_graph)
    }

    fn spent_s(&self) -> f64 {
        self.spent_before_s + self.began.elapsed().as_secs_f64()
    }

    /// Rate of the next step.
    pub(crate) fn learning_rate(&self) -> f32 {
        self.rate_of(self.progress.step)
    }

    fn rate_of(&self, step: usize) -> f32 {
        let (config, steps) = (self.job.config, self.steps as u64);
        let step = self.progress.epoch as u64 * steps + step as u64;
        let total = self.progress.fitted.map_or(config.epochs as u64 * steps, |fitted| fitted.schedule_steps);
        config.schedule.learning_rate(config.learning_rate, step, total, steps)
    }

    /// Before the step is counted.
    pub(crate) fn check_finite(&self, report: StepReport) -> Result<(), FitError> {
        if report.loss.is_finite() { Ok(()) } else { Err(self.diverged(self.progress.step, report.loss)) }
    }

    fn diverged(&self, step: usize, loss: f32) -> FitError {
        let first = match self.train.first_non_finite() {
            Some(name) => format!("and {name} is the first with a value that is not finite"),
            None => "although every parameter and gradient is still finite".into(),
        };
        FitError::NonFinite {
            epoch: self.progress.epoch + 1,
            step: step + 1,
            steps: self.steps_of_epoch(),
            learning_rate: self.rate_of(step),
            loss,
            first,
            checkpoint: self.folder.as_ref().map(Folder::checkpoint_path),
        }
    }

    pub(crate) fn is_checkpoint_due(&self) -> bool {
        let every_s = self.job.config.checkpoint_every_s.unwrap_or(f64::INFINITY);
        self.folder.is_some() && self.saved_at.elapsed().as_secs_f64() >= every_s
    }

    /// Writes a checkpoint, if the run has a folder. What is not finite never replaces a good one.
    pub(crate) fn save(&mut self, tell: EventFn<'_>) -> Result<(), FitError> {
        if self.folder.is_none() {
            return Ok(());
        }
        if self.train.first_non_finite().is_some() {
            return Err(self.diverged(self.progress.step.saturating_sub(1), self.progress.loss() as f32));
        }
        self.progress.spent_s = self.spent_s();
        let Some(folder) = &self.folder else { return Ok(()) };
        let state = State {
            identity: self.identity.clone(),
            model: self.job.setup.model_name.to_string(),
            data_source: self.job.setup.data_source.to_string(),
            command: self.command.clone(),
            config: self.job.config.clone(),
            preprocess: self.job.preprocess.clone(),
            progress: self.progress.clone(),
        };
        let checkpoint = Checkpoint {
            params: self.train.params(),
            optimizer: self.train.optimizer_state(),
            best: self.best.clone(),
            state: serde_json::to_string(&state).expect("plain data has a JSON form"),
        };
        folder.checkpoint(&checkpoint, tell)?;
        self.saved_at = Instant::now();
        tell(&Event::Checkpoint { path: &folder.checkpoint_path() })
    }

    /// Evaluates, and saves: the checkpoint first, since the rest follows from it.
    pub(crate) fn end_epoch(&mut self, tell: EventFn<'_>) -> Result<(), FitError> {
        let last = self.steps_of_epoch() - 1;
        if self.train.first_non_finite().is_some() {
            return Err(self.diverged(last, self.progress.loss() as f32));
        }
        let params = self.current();
        let evaluation = self.evaluate(&params, &self.splits.val)?;
        self.progress.end_epoch(&evaluation, self.rate_of(last));
        let epoch = self.progress.epoch;
        let is_best = self.best_epoch() == Some(epoch - 1);
        if is_best {
            (self.best, self.best_evaluation) = (params.clone(), Some(evaluation.clone()));
        }
        self.save(tell)?;
        if let Some(folder) = &self.folder {
            let model = self.model(params, epoch)?;
            folder.model(LAST_MODEL, &model, tell)?;
            if is_best {
                folder.model(BEST_MODEL, &model, tell)?;
            }
            folder.results(&self.progress.rows, tell)?;
        }
        let (rows, epochs) = (&self.progress.rows[..], self.progress.epochs(self.job.config));
        let row = rows.last().expect("the epoch just ended");
        tell(&Event::EpochEnd { row, rows, epochs, best: is_best, evaluation: &evaluation })
    }

    /// Ends the run between two steps.
    pub(crate) fn interrupt(mut self, tell: EventFn<'_>) -> Result<Outcome, FitError> {
        self.save(tell)?;
        #[cfg(feature = "charts")]
        if let (Some(folder), Some(best)) = (&self.folder, self.best_epoch()) {
            folder.curves(&self.title(), &self.progress.rows, best, tell)?;
        }
        let checkpoint = self.folder.as_ref().map(Folder::checkpoint_path);
        tell(&Event::Stopped { why: Stop::Asked { checkpoint: checkpoint.as_deref() } })?;
        let (epoch, step, steps) = (self.progress.epoch + 1, self.progress.step, self.steps_of_epoch());
        Ok(Outcome::Interrupted { epoch, step, steps, checkpoint })
    }

    /// Judges the best network, draws what is to be drawn, and hands it over.
    pub(crate) fn finish(mut self, tell: EventFn<'_>) -> Result<Outcome, FitError> {
        let best = self.best_epoch().expect("a finished run has an epoch");
        let evaluation = match self.best_evaluation.take().filter(|_| self.splits.test.is_none()) {
            Some(evaluation) => evaluation,
            None => self.evaluate(&self.best, self.splits.judged())?,
        };
        #[cfg(feature = "charts")]
        if let Some(folder) = &self.folder {
            folder.curves(&self.title(), &self.progress.rows, best, tell)?;
            folder.confusion(&self.title(), &evaluation, &self.job.setup.data.classes, tell)?;
        }
        let why = self.stopped_early(best);
        if let Some(why) = why {
            tell(&Event::Stopped { why })?;
        }
        let stopped_early = why.is_some();
        tell(&Event::Finished { best: &self.progress.rows[best], evaluation: &evaluation })?;
        let params = std::mem::take(&mut self.best);
        let model = self.model(params, best + 1)?;
        Ok(Outcome::Finished(Box::new(Trained {
            model,
            best_epoch: best + 1,
            evaluation,
            counts: self.splits.counts(),
            stopped_early,
            was_finished: self.was_finished,
            model_path: self.folder.as_ref().map(Folder::model_path),
            rows: self.progress.rows,
        })))
    }

    /// Why a finished run has done less than was planned, if it has.
    fn stopped_early(&self, best: usize) -> Option<Stop<'static>> {
        let (progress, config) = (&self.progress, self.job.config);
        if let Some(patience) = config.patience
            && progress.is_exhausted(config)
            && progress.epoch < progress.epochs(config)
        {
            let (best_epoch, metric) = (best + 1, config.metric);
            return Some(Stop::Patience { patience, best_epoch, metric });
        }
        let (steps, planned) = (progress.steps_done(self.steps), progress.fitted?.schedule_steps);
        (steps < planned).then_some(Stop::Budget { budget_s: config.budget_s?, steps, planned })
    }

    #[cfg(feature = "charts")]
    fn title(&self) -> String {
        format!("{} on {}", self.job.setup.model_name, self.job.setup.data.name)
    }

    fn evaluate(&self, params: &Params, images: &Split) -> Result<Evaluation, FitError> {
        let engine = &self.job.setup.engine;
        let mut session = Session::with_engine(self.eval_graph.clone(), params.clone(), engine.clone())?;
        evaluate(&mut session, engine, images, self.job.preprocess)
    }

    /// These parameters, after so many epochs, with all that belongs to them.
    fn model(&self, params: Params, epochs: usize) -> Result<ModelFile, FitError> {
        let job = self.job;
        let provenance = Provenance {
            striate_version: env!("CARGO_PKG_VERSION").to_string(),
            model: job.setup.model_name.to_string(),
            data: job.setup.data.name.clone(),
            data_sha256: job.setup.data.sha256.clone(),
            seed: job.config.seed,
            epochs,
            command: self.command.clone(),
            data_source: (job.setup.data_source != job.setup.data.name)
                .then(|| job.setup.data_source.to_string()),
        };
        let (graph, preprocess, classes) =
            (self.eval_graph.clone(), job.preprocess.clone(), job.setup.data.classes.clone());
        Ok(ModelFile::new(graph, params, preprocess, classes, provenance, &job.setup.engine)?)
    }
}

/// Tells everything but that a checkpoint was written: the one that a run begins with is a part of `Started`.
fn untold_checkpoint(event: &Event<'_>, tell: EventFn<'_>) -> Result<(), FitError> {
    if matches!(event, Event::Checkpoint { .. }) { Ok(()) } else { tell(event) }
}

/// The network as it is trained, once it is certain that it and the settings fit the data.
pub(crate) fn train_graph(job: &Job<'_>) -> Result<Graph, FitError> {
    let graph = trace(job.setup.net, Mode::Train, job.preprocess.shape())?;
    let graph = if job.config.auxiliary { graph } else { graph.without_auxiliary() };
    let expected = job.setup.data.classes.len();
    if graph.output_shape() != [expected] {
        let (model, data) = (job.setup.model_name.to_string(), job.setup.data.name.clone());
        return Err(FitError::Classes { model, data, expected, got: graph.output_shape().to_vec() });
    }
    job.config.check(expected)?;
    rates::check(&graph, &job.config.rates(&graph))?;
    Ok(graph)
}

/// The images to learn from in the order of the job: for a network with batch norm, without one that would be alone.
pub(crate) fn loader_of<'a>(
    job: &Job<'_>,
    splits: &'a RunSplits<'_>,
    train: &TrainStep,
) -> Result<Loader<'a>, FitError> {
    let (images, config) = (&*splits.train, job.config);
    let size = config.update_size();
    let mut loader = Loader::new(images, job.preprocess, config.augment, size, config.seed, true)?;
    if train.couples_batch() {
        loader = loader.without_single(config.batch_size);
    }
    Ok(if config.weighted_sampling { loader.balanced()? } else { loader })
}

/// The network in training, as the job wants it.
pub(crate) fn train_step(
    job: &Job<'_>,
    splits: &RunSplits<'_>,
    graph: &Graph,
) -> Result<TrainStep, FitError> {
    let config = job.config;
    let update_size = config.update_size().min(splits.train.len());
    let options = TrainOptions {
        micro_batch: (config.grad_accum_steps > 1).then_some(config.batch_size),
        clip: config.clip(),
        ema: config.ema_decay,
        rates: config.rates(graph),
        ..TrainOptions::new(update_size, config.seed)
    };
    let fresh;
    let params = match job.initial {
        Some(params) => params,
        None => {
            fresh = Params::init(graph, config.seed);
            &fresh
        }
    };
    let loss = config.loss(&splits.train.class_counts(job.setup.data.classes.len()));
    let optimizer = config.optimizer.build()?;
    Ok(TrainStep::new(graph, params, &loss, &*optimizer, job.setup.engine.clone(), options)?)
}
