//! `--unfreeze`: trains all layers of the network.

use striate::report::Comparison;
use striate::report::text::{counted, duration, percent};
use striate::train::finetune::{FinetuneJob, LastLayer, unfreeze};
use striate::train::{FolderLock, Outcome};

use super::args::Args;
use super::show;
use crate::out;
use crate::report;
use crate::stop::Stop;
use crate::train::epoch_bar::EpochBar;

/// Trains all layers, starting from the fitted last layer, in the locked folder.
pub(super) fn run(
    job: &FinetuneJob<'_>,
    fitted: &LastLayer,
    args: &Args,
    lock: &FolderLock,
) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let data = job.setup.data;
    let run_dir = lock.folder();
    let mut bar = EpochBar::new(args.quiet);
    let unfrozen = unfreeze(job, fitted, Some(lock), stop.flag(), &mut [&mut bar])?;
    let alone = unfrozen.last_layer;
    let trained = match unfrozen.outcome {
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
    let page = report::trained(run_dir, data, &data.test, &trained, vec![line])?;
    let numbers = striate::report::Report::new(&trained.evaluation.confusion, &data.classes, None)?;
    let seconds: f64 = trained.rows.iter().map(|row| row.epoch_s).sum();
    out::print(&format!(
        "\nAll layers, trained for {} in {}: {} on the {} held-out images; {last_layer}: {}\nModel:    {}\nReport:   {}\n\nNext:\n  {}\n",
        counted(trained.rows.len(), "epoch"),
        duration(seconds),
        numbers.accuracy_text(),
        data.test.len(),
        percent(alone.accuracy()),
        run_dir.join(striate::train::BEST_MODEL).display(),
        page.display(),
        show::next(run_dir, data, &args.data),
    ))?;
    Ok(0)
}
