//! Formatting shared by the tables of speeds: words and numbers for a terminal of 120 columns.

use std::fmt;

use striate_report::text::grouped;

use super::machine::Machine;

/// A number of a few digits: one decimal below 1000.
pub(super) fn rate(value: f64) -> String {
    if value < 1000.0 { format!("{value:.1}") } else { grouped(value.round() as u64) }
}

pub(super) fn share(value: f64) -> String {
    format!("{:.0} %", 100.0 * value)
}

/// The end of a name says more than its beginning: what is too long loses that.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let all = text.chars().count();
    if all <= width { text.into() } else { "…".chars().chain(text.chars().skip(all + 1 - width)).collect() }
}

pub(super) fn images(batch: usize, [c, h, w]: [usize; 3]) -> String {
    let word = if batch == 1 { "image" } else { "images" };
    format!("{} {word} of {c}x{h}x{w}", grouped(batch as u64))
}

pub(super) fn threads(n: usize) -> String {
    if n == 1 { "1 thread".into() } else { format!("{n} threads") }
}

/// The peak, and whether it can be trusted.
pub(super) fn peak(f: &mut fmt::Formatter<'_>, machine: &Machine) -> fmt::Result {
    let peak = machine.peak;
    let [before, after] = [peak.before_gflops, peak.after_gflops].map(rate);
    writeln!(
        f,
        "f32 peak {before} GFLOP/s before and {after} after, on the same threads; shares refer to the higher one."
    )?;
    if peak.before_gflops.min(peak.after_gflops) < 0.9 * peak.gflops() {
        writeln!(
            f,
            "They differ by more than a tenth: something else was running, so these figures are not reliable."
        )?;
    }
    Ok(())
}

/// What is counted.
pub(super) const EFFECTIVE: &str = "\
GFLOP/s count two operations per multiply-add of the plain sums. Winograd and gradients through a fused pool do fewer:
their share may exceed 100 %, and their time may be below the roofline.";
