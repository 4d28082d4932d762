//! `--unfreeze`: trains all layers of the network.

use std::path::Path;

use striate::data::augment::ResizedCrop;
use striate::data::{Augment, Dataset};
use striate::graph::op::Role;
use striate::graph::{Engine, Mode};
use striate::nn::Schedule;
use striate::report::page::Comparison;
use striate::report::text::{counted, duration, percent};
use striate::train::{FitConfig, Job, Outcome, Parts, fit};

use super::args::Args;
use super::cost::optimizer;
use super::frozen::Frozen;
use super::show;
use crate::out;
use crate::report;
use crate::stop::Stop;
use crate::train::progress::Progress;
use crate::val::accuracy;

/// Trains all layers, starting from the fitted head, in a subfolder of the run.
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
    let graph = frozen.graph(data, Mode::Train)?.without_auxiliary();
    // Batch norms stay frozen: the statistics of small batches would replace those of a million photographs.
    let norms = graph.nodes.iter().filter(|node| node.operation().role() == Role::Norm);
    let config = FitConfig {
        epochs: args.epochs,
        batch_size: args.batch,
        learning_rate: args.lr,
        optimizer: optimizer(),
        schedule: Schedule::one_cycle(),
        // Milder than for training from scratch: a crop must still look like its class.
        augment: Augment {
            crop: Some(ResizedCrop { scale: [0.5, 1.0], ..ResizedCrop::default() }),
            flip_horizontal: 0.5,
            ..Augment::default()
        },
        // Published weights are used without auxiliary classifiers.
        auxiliary: false,
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
                "\ninterrupted in epoch {epoch}; the model with the fitted last layer is saved"
            ));
            return Ok(stop.exit_code().unwrap_or(130));
        }
    };
    let last_layer = "the fitted last layer alone";
    let line = Comparison { name: last_layer.into(), hits: alone.hits(), images: alone.total() };
    let page = report::trained(&run_dir, data, parts.judged(), &trained, vec![line])?;
    let numbers = striate::report::Report::new(&trained.evaluation.confusion, &data.classes, None)?;
    let seconds: f64 = trained.rows.iter().map(|row| row.epoch_s).sum();
    out::print(&format!(
        "\nAll layers, trained for {} in {}: {} on the {} held-out images; {last_layer}: {}\nModel:    {}\nReport:   {}\n\nNext:\n  {}\n",
        counted(trained.rows.len(), "epoch"),
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
