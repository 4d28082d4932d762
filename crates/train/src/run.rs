//! The state of a run: what the loop works on, and what is saved of it.

use crate::error::FitError;
use crate::evaluate::{Evaluation, evaluate};
use crate::event::{Event, Stop};
use crate::fit::{Job, Outcome, Trained};
use crate::folder::{BEST_MODEL, Folder, LAST_MODEL};
use crate::identity::Identity;
use crate::patience;
use crate::progress::Progress;
use crate::saved::{self, State};
use std::time::Instant;
use striate_data::Loader;
use striate_formats::{Checkpoint, Disk, ModelFile, Provenance};
use striate_graph::{Graph, Mode, Params, Session, StepReport, TrainOptions, TrainStep, trace};

/// Tells everybody.
pub(crate) type Tell<'t> = &'t mut dyn FnMut(&Event<'_>) -> Result<(), FitError>;

/// The state of a run.
pub(crate) struct Run<'a> {
    job: &'a Job<'a>,
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
    was_finished: bool,
    saved_at: Instant,
}

impl<'a> Run<'a> {
    /// Checks everything, plans the training, and either starts afresh or takes up the checkpoint. Afterwards there is a
    /// checkpoint, and every file that the state implies.
    pub(crate) fn start(job: &'a Job<'a>, disk: &'a dyn Disk) -> Result<Self, FitError> {
        let shape = job.preprocess.shape();
        let graph = trace(job.net, Mode::Train, shape)?;
        let classes = job.data.classes.len();
        if graph.output_shape() != [classes] {
            let (model, data) = (job.model_name.to_string(), job.data.name.clone());
            return Err(FitError::Classes {
                model,
                data,
                expected: classes,
                got: graph.output_shape().to_vec(),
            });
        }
        let config = job.config;
        config.check(classes)?;
        let loader = Loader::new(
            &job.data.train,
            job.preprocess,
            config.augment,
            config.batch_size,
            config.seed,
            true,
        )?;
        let params = Params::init(&graph, config.seed);
        let options = TrainOptions::new(config.batch_size.min(job.data.train.len()), config.seed);
        let optimizer = config.optimizer.build()?;
        let train =
            TrainStep::new(&graph, &params, &config.loss(), &*optimizer, job.engine.clone(), options)?;
        let mut run = Self {
            job,
            folder: None,
            eval_graph: trace(job.net, Mode::Eval, shape)?,
            identity: Identity::new(job, &graph),
            command: job.command.to_string(),
            train,
            steps: loader.batches_per_epoch(),
            loader,
            progress: Progress::default(),
            best: Params::default(),
            best_evaluation: None,
            resumed: false,
            was_finished: false,
            saved_at: Instant::now(),
        };
        run.open_folder(disk)?;
        Ok(run)
    }

    fn open_folder(&mut self, disk: &'a dyn Disk) -> Result<(), FitError> {
        let Some(path) = self.job.run_dir else {
            return if self.job.resume { Err(FitError::NoFolder) } else { Ok(()) };
        };
        let saved = match (self.job.resume, path.join(crate::folder::CHECKPOINT).exists()) {
            (false, true) => return Err(FitError::RunExists { folder: path.to_path_buf() }),
            (false, false) => None,
            (true, _) => saved::load(path)?,
        };
        let folder = Folder::new(path, disk)?;
        match saved {
            Some((checkpoint, state)) => {
                self.take_up(checkpoint, state, &folder)?;
                self.folder = Some(folder);
                self.write_what_follows()
            }
            // A run that was killed before its first checkpoint starts again.
            None => {
                folder.args(self.job)?;
                self.folder = Some(folder);
                self.save(&mut |_| Ok(()))
            }
        }
    }

    /// Goes on from a checkpoint, if it is one of this run.
    fn take_up(&mut self, checkpoint: Checkpoint, state: State, folder: &Folder<'_>) -> Result<(), FitError> {
        let path = folder.checkpoint_path();
        let differences = state.identity.differences(&self.identity);
        if !differences.is_empty() {
            return Err(FitError::OtherRun { checkpoint: path, differences });
        }
        let progress = state.progress;
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
        let updates = (progress.epoch * self.steps + progress.step) as u64;
        let bad =
            |names: Vec<String>| misfit(format!("arrays missing or of another shape: {}", names.join(", ")));
        self.train.restore(&checkpoint.params, &checkpoint.optimizer, updates).map_err(bad)?;
        self.was_finished = progress.is_finished(self.job.config.epochs, self.job.config.patience);
        (self.progress, self.best, self.command) = (progress, checkpoint.best, state.command);
        self.resumed = true;
        Ok(())
    }

    /// Whatever a crash right after the checkpoint kept from being written.
    fn write_what_follows(&self) -> Result<(), FitError> {
        let (Some(folder), Some(best)) = (&self.folder, self.progress.best()) else { return Ok(()) };
        folder.model(BEST_MODEL, &self.model(self.best.clone(), best + 1)?)?;
        if self.progress.step == 0 {
            folder.model(LAST_MODEL, &self.model(self.train.params(), self.progress.epoch)?)?;
        }
        folder.results(&self.progress.rows)
    }

    pub(crate) fn started(&self) -> Event<'_> {
        let (progress, job) = (&self.progress, self.job);
        Event::Started {
            model: job.model_name,
            data: &job.data.name,
            parameters: self.eval_graph.parameter_count(),
            multiply_adds: self.eval_graph.multiply_adds(),
            train_images: job.data.train.len(),
            val_images: job.data.test.len(),
            threads: job.engine.threads(),
            memory_bytes: self.train.memory_bytes(),
            epochs: job.config.epochs,
            steps: self.steps,
            resumed: self.resumed.then_some((progress.epoch + 1, progress.step)),
            rows: &progress.rows,
        }
    }

    pub(crate) fn stepped(&self) -> Event<'_> {
        let progress = &self.progress;
        Event::Step {
            epoch: progress.epoch + 1,
            step: progress.step,
            steps: self.steps,
            loss: progress.loss(),
            accuracy: progress.accuracy(),
            images_per_s: progress.images_per_s(),
            learning_rate: self.rate_of(progress.step - 1),
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.progress.is_finished(self.job.config.epochs, self.job.config.patience)
    }

    /// Rate of the next step.
    pub(crate) fn learning_rate(&self) -> f32 {
        self.rate_of(self.progress.step)
    }

    fn rate_of(&self, step: usize) -> f32 {
        let (config, steps) = (self.job.config, self.steps as u64);
        let step = self.progress.epoch as u64 * steps + step as u64;
        config.schedule.learning_rate(config.learning_rate, step, config.epochs as u64 * steps, steps)
    }

    /// Before the step is counted.
    pub(crate) fn check_finite(&self, report: StepReport) -> Result<(), FitError> {
        if report.loss.is_finite() { Ok(()) } else { Err(self.diverged(self.progress.step, report.loss)) }
    }

    fn diverged(&self, step: usize, loss: f32) -> FitError {
        let first = match self.train.first_non_finite() {
            Some(name) => format!("and {name} is the first with a value that is not finite"),
            None => "though every parameter and gradient is still finite".into(),
        };
        FitError::NonFinite {
            epoch: self.progress.epoch + 1,
            step: step + 1,
            steps: self.steps,
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
    pub(crate) fn save(&mut self, tell: Tell<'_>) -> Result<(), FitError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if self.train.first_non_finite().is_some() {
            return Err(self.diverged(self.progress.step.saturating_sub(1), self.progress.loss() as f32));
        }
        let state = State {
            identity: self.identity.clone(),
            model: self.job.model_name.to_string(),
            data_source: self.job.data_source.to_string(),
            command: self.command.clone(),
            config: self.job.config.clone(),
            progress: self.progress.clone(),
        };
        folder.checkpoint(&Checkpoint {
            params: self.train.params(),
            optimizer: self.train.optimizer_state(),
            best: self.best.clone(),
            state: serde_json::to_string(&state).expect("plain data has a JSON form"),
        })?;
        self.saved_at = Instant::now();
        tell(&Event::Checkpoint { path: &folder.checkpoint_path() })
    }

    /// Evaluates, and saves: the checkpoint first, since the rest follows from it.
    pub(crate) fn end_epoch(&mut self, tell: Tell<'_>) -> Result<(), FitError> {
        let last = self.steps - 1;
        if self.train.first_non_finite().is_some() {
            return Err(self.diverged(last, self.progress.loss() as f32));
        }
        let params = self.train.params();
        let evaluation = self.evaluate(&params)?;
        self.progress.end_epoch(evaluation.loss, evaluation.accuracy(), self.rate_of(last));
        let epoch = self.progress.epoch;
        let is_best = self.progress.best() == Some(epoch - 1);
        if is_best {
            (self.best, self.best_evaluation) = (params.clone(), Some(evaluation.clone()));
        }
        self.save(tell)?;
        if let Some(folder) = &self.folder {
            let model = self.model(params, epoch)?;
            folder.model(LAST_MODEL, &model)?;
            if is_best {
                folder.model(BEST_MODEL, &model)?;
            }
            folder.results(&self.progress.rows)?;
        }
        let (rows, epochs) = (&self.progress.rows[..], self.job.config.epochs);
        let row = rows.last().expect("the epoch just ended");
        tell(&Event::EpochEnd { row, rows, epochs, best: is_best, evaluation: &evaluation })
    }

    /// Ends the run between two steps.
    pub(crate) fn interrupt(mut self, tell: Tell<'_>) -> Result<Outcome, FitError> {
        self.save(tell)?;
        if let Some(folder) = &self.folder
            && !self.progress.rows.is_empty()
        {
            folder.curves(&self.title(), &self.progress.rows)?;
        }
        let checkpoint = self.folder.as_ref().map(Folder::checkpoint_path);
        tell(&Event::Stopped { why: Stop::Asked { checkpoint: checkpoint.as_deref() } })?;
        let (epoch, step, steps) = (self.progress.epoch + 1, self.progress.step, self.steps);
        Ok(Outcome::Interrupted { epoch, step, steps, checkpoint })
    }

    /// Draws what is to be drawn, and hands the best network over.
    pub(crate) fn finish(mut self, tell: Tell<'_>) -> Result<Outcome, FitError> {
        let best = self.progress.best().expect("a finished run has an epoch");
        let evaluation = match self.best_evaluation.take() {
            Some(evaluation) => evaluation,
            None => self.evaluate(&self.best)?,
        };
        if let Some(folder) = &self.folder {
            folder.curves(&self.title(), &self.progress.rows)?;
            folder.confusion(&self.title(), &evaluation, &self.job.data.classes)?;
        }
        let patience = self.job.config.patience;
        let stopped_early = patience::is_exhausted(&self.progress.rows, patience)
            && self.progress.epoch < self.job.config.epochs;
        if let (true, Some(patience)) = (stopped_early, patience) {
            tell(&Event::Stopped { why: Stop::Patience { patience, best_epoch: best + 1 } })?;
        }
        tell(&Event::Finished { best: &self.progress.rows[best], evaluation: &evaluation })?;
        let params = std::mem::take(&mut self.best);
        let model = self.model(params, best + 1)?;
        Ok(Outcome::Finished(Box::new(Trained {
            model,
            best_epoch: best + 1,
            evaluation,
            stopped_early,
            was_finished: self.was_finished,
            model_path: self.folder.as_ref().map(Folder::model_path),
            rows: self.progress.rows,
        })))
    }

    fn title(&self) -> String {
        format!("{} on {}", self.job.model_name, self.job.data.name)
    }

    fn evaluate(&self, params: &Params) -> Result<Evaluation, FitError> {
        let engine = &self.job.engine;
        let mut session = Session::with_engine(self.eval_graph.clone(), params.clone(), engine.clone())?;
        evaluate(&mut session, engine, &self.job.data.test, self.job.preprocess)
    }

    /// These parameters, after so many epochs, with all that belongs to them.
    fn model(&self, params: Params, epochs: usize) -> Result<ModelFile, FitError> {
        let job = self.job;
        let provenance = Provenance {
            striate_version: env!("CARGO_PKG_VERSION").to_string(),
            model: job.model_name.to_string(),
            data: job.data.name.clone(),
            data_sha256: job.data.sha256.clone(),
            seed: job.config.seed,
            epochs,
            command: self.command.clone(),
        };
        let (graph, preprocess, classes) =
            (self.eval_graph.clone(), job.preprocess.clone(), job.data.classes.clone());
        Ok(ModelFile::new(graph, params, preprocess, classes, provenance, &job.engine)?)
    }
}
