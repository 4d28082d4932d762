//! The kernel benchmark: each kernel by itself, against the peak.

use clap::Args as ClapArgs;
use striate::lab::speed::kernels;

use crate::flags::Threads;
use crate::out;

/// The exit code when a kernel is below its floor.
const TOO_SLOW: u8 = 1;

/// Measure each kernel against the machine's peak
#[derive(Debug, ClapArgs)]
#[command(mut_arg("threads", |threads| threads.help("Number of threads [default: 1]")))]
pub(crate) struct Args {
    /// Fail with exit code 1 if a kernel reaches less of the peak than its floor
    #[arg(long)]
    assert: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
}

pub(super) fn run(args: &Args) -> anyhow::Result<u8> {
    let kernels = kernels(&args.threads.engine_for_little()?)?;
    if args.json {
        out::json(&kernels)?;
    } else {
        out::print(&kernels.to_string())?;
    }
    let slow: Vec<String> = kernels.too_slow().map(ToString::to_string).collect();
    if !args.assert || slow.is_empty() {
        return Ok(0);
    }
    out::tell(format!(
        "error: these kernels are below their floor: {}; measure again when nothing else is running",
        slow.join("; ")
    ));
    Ok(TOO_SLOW)
}
