//! The rest of the network: what training it would cost, whether that is likely to pay, and doing it.

use std::path::Path;
use std::time::Instant;

use striate::data::augment::ResizedCrop;
use striate::data::{Augment, Dataset};
use striate::formats::ModelFile;
use striate::graph::op::Role;
use striate::graph::{CrossEntropy, Engine, Mode, TrainOptions, TrainStep};
use striate::inspect::report::Comparison;
use striate::inspect::text::{duration, percent};
use striate::nn::{OptimizerConfig, Schedule, Sgd};
use striate::train::{FitConfig, Job, Outcome, Parts, fit};

use super::frozen::Frozen;
use super::{Args, show};
use crate::out;
use crate::report;
use crate::stop::Stop;
use crate::train::progress::Progress;
use crate::val::accuracy;

/// Epochs by default.
pub(super) const EPOCHS: usize = 5;
/// Images for each update by default.
pub(super) const BATCH: usize = 16;
/// Highest learning rate by default: far below what SGD takes from scratch, so that what was learned is not lost. On
/// tools/photos/stamps.sh with EfficientNet-Lite0, ten times as much lost 20 points in three epochs; this lost none in one.
pub(super) const RATE: f32 = 2e-4;

/// Pictures in the update that is measured: the time of an update grows as their number.
const FEW: usize = 4;

/// Pictures a class below which all of a network would rather learn the pictures than the classes.
const FEW_A_CLASS: f64 = 50.0;
/// Share of wrong answers below which there is little left to win.
const LITTLE: f64 = 0.02;

/// What training all of the network would take.
pub(super) struct Cost {
    /// One update.
    pub(super) step_s: f64,
    /// All of it.
    pub(super) total_s: f64,
}

/// Measures one update of the network with few pictures, after one to warm up, and scales it to a whole update; nothing of
/// it is kept.
pub(super) fn cost(
    frozen: &Frozen,
    model: &ModelFile,
    data: &Dataset,
    args: &Args,
    engine: &Engine,
) -> anyhow::Result<Cost> {
    let batch = args.batch.min(data.train.len());
    let few = batch.min(FEW);
    let graph = frozen.graph(data, Mode::Train)?;
    let optimizer = optimizer().build()?;
    let options = TrainOptions::new(few, args.seed);
    let loss = CrossEntropy::default();
    let mut step = TrainStep::new(&graph, &model.params, &loss, &*optimizer, engine.clone(), options)?;
    let images = vec![0.0; few * frozen.preprocess().sample_len()];
    let labels = vec![0_u32; few];
    let mut timed = || {
        let start = Instant::now();
        step.step(&images, &labels, 0.0);
        start.elapsed().as_secs_f64()
    };
    timed();
    let step_s = timed() * batch as f64 / few as f64;
    let steps = args.epochs * data.train.len().div_ceil(args.batch);
    Ok(Cost { step_s, total_s: step_s * steps as f64 })
}

/// Whether training all of the network is likely to pay, in a sentence.
///
/// # Source
/// Kornblith 2019, section 4.6: the fewer pictures, the less fine-tuning has over a linear layer; with some tens a class
/// both are alike.
pub(super) fn advice(error: f64, pictures: usize, classes: usize) -> String {
    let a_class = pictures as f64 / classes as f64;
    if error < LITTLE {
        format!("unlikely to pay: only {:.1} % of the answers are wrong", 100.0 * error)
    } else if a_class < FEW_A_CLASS {
        format!(
            "unlikely to pay: with {a_class:.0} pictures a class a network learns the pictures, not the classes"
        )
    } else {
        format!(
            "likely to pay: {a_class:.0} pictures a class, and {:.1} % of the answers are wrong",
            100.0 * error
        )
    }
}

fn optimizer() -> OptimizerConfig {
    OptimizerConfig::Sgd(Sgd { momentum: 0.9, weight_decay: 1e-4, ..Sgd::default() })
}

/// Trains all of the network from the fitted head on, in a folder of its own below the run's.
pub(super) fn run(
    frozen: &Frozen,
    data: &Dataset,
    args: &Args,
    command: &str,
    folder: &Path,
    engine: &Engine,
) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let net = (frozen.info.build)(data.classes.len(), frozen.preprocess().channels);
    let graph = frozen.graph(data, Mode::Train)?;
    // Batch norms stay as they are: statistics of a few pictures a batch would replace those of a million photographs.
    let norms = graph.nodes.iter().filter(|node| node.operation().role() == Role::Norm);
    let config = FitConfig {
        epochs: args.epochs,
        batch_size: args.batch,
        learning_rate: args.lr,
        optimizer: optimizer(),
        schedule: Schedule::one_cycle(),
        // Milder than for training from scratch: what is left of a picture must still look like its class.
        augment: Augment {
            crop: Some(ResizedCrop { scale: [0.5, 1.0], ..ResizedCrop::default() }),
            flip_horizontal: 0.5,
            ..Augment::default()
        },
        freeze: norms.map(|node| node.layer.clone()).collect(),
        seed: args.seed,
        ..FitConfig::default()
    };
    let parts = Parts::of(data, &config)?;
    let initial = frozen.initial(data, &parts, args.seed, engine)?;
    let alone = show::on(&initial, frozen, &frozen.test())?;
    let run_dir = folder.join("unfrozen");
    let job = Job {
        engine: engine.clone(),
        run_dir: Some(&run_dir),
        command,
        initial: Some(&initial),
        ..Job::new(net.as_ref(), frozen.info.name, data, frozen.preprocess(), &config, stop.flag())?
    };
    let mut progress = Progress::new(args.quiet);
    let trained = match fit(&job, &mut [&mut progress])? {
        Outcome::Finished(trained) => trained,
        Outcome::Interrupted { epoch, .. } => {
            out::tell(format!(
                "\ninterrupted in epoch {epoch}; the model with the fitted last layer is whole"
            ));
            return Ok(stop.exit_code().unwrap_or(130));
        }
    };
    let last_layer = "the fitted last layer alone";
    let line = Comparison { name: last_layer.into(), hits: alone.hits(), images: alone.total() };
    let page = report::trained(&run_dir, data, parts.judged(), &trained, vec![line])?;
    let numbers = striate::inspect::Report::new(&trained.evaluation.confusion, &data.classes, None)?;
    let seconds: f64 = trained.rows.iter().map(|row| row.epoch_s).sum();
    out::print(&format!(
        "\nAll of the network, trained for {} epochs in {}: {} on the {} pictures kept apart, where {last_layer} has {}\nModel:    {}\nReport:   {}\n\nNext:\n  {}\n",
        trained.rows.len(),
        duration(seconds),
        accuracy(&numbers),
        data.test.len(),
        percent(alone.accuracy()),
        run_dir.join(striate::train::BEST_MODEL).display(),
        page.display(),
        show::next(&run_dir, data, &args.data),
    ))?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn advice_weighs_pictures_and_errors() {
        assert!(advice(0.01, 1000, 5).starts_with("unlikely to pay: only 1.0 %"));
        assert!(advice(0.07, 167, 5).starts_with("unlikely to pay: with 33 pictures a class"));
        assert!(advice(0.07, 1000, 5).starts_with("likely to pay: 200 pictures a class, and 7.0 %"));
    }
}
