//! The parts of a plan: their operations, algorithms and speed, and the limit set by the roofline.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Instant;

use serde::Serialize;
use striate_graph::op::Role;
use striate_graph::{Engine, Explained, Graph, Pass};
use striate_report::text::{Align, Table, bytes, duration};

use super::machine::{Machine, Peak};
use super::network::{LEAST_RUNS, MEASURE, warm_up};
use super::subject::{Runner, Subject};
use super::text::{EFFECTIVE, fitted, images, peak, rate, share, threads};
use crate::LabError;

/// A plan with the time of each of its parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The name of the network.
    pub model: String,
    /// The work that was measured, as text.
    pub work: &'static str,
    /// The shape `[C, H, W]` of a sample.
    pub input: [usize; 3],
    /// The number of samples per run.
    pub batch: usize,
    /// The machine on which it was measured.
    #[serde(flatten)]
    pub machine: Machine,
    /// The number of times that each part was measured; the shortest time counts.
    pub rounds: usize,
    /// The time in seconds of the fastest run in which threads do not wait after every kernel.
    pub run_s: f64,
    /// The parts of the plan, in the order in which they run.
    pub rows: Vec<PlanPart>,
    /// The totals of the parts by pass and algorithm, the longest time first.
    pub kinds: Vec<AlgorithmTotal>,
}

/// A part of a plan, with its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanPart {
    /// The pass that it belongs to: `forward`, `loss`, `backward` or `update`.
    pub pass: &'static str,
    /// The names of the values that it computes: that of the layer, and those of the operations that are fused with it.
    pub nodes: Vec<String>,
    /// A short form of the names in `nodes`.
    pub label: String,
    /// The name of the algorithm; for gradients, that of the operation.
    pub algorithm: &'static str,
    /// The reason for the algorithm; empty where there was no choice.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The names of the kernels that run.
    pub kernels: Vec<&'static str>,
    /// The shortest time in seconds.
    pub seconds: f64,
    /// The multiply-adds, as papers count them.
    pub multiply_adds: u64,
    /// The speed in GFLOP/s, with two FLOPs per multiply-add. It can exceed the peak with Winograd, which makes fewer
    /// multiplications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gflops: Option<f64>,
    /// The speed as a share of the higher of the two peaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_peak: Option<f64>,
    /// The size in bytes of inputs, parameters and outputs in memory, each counted once.
    pub bytes: u64,
    /// The bandwidth in GB/s at which these bytes were moved.
    pub gb_per_s: f64,
    /// The limit of the roofline in GFLOP/s: `min(peak, bandwidth · operations / bytes)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roofline_gflops: Option<f64>,
    /// The shortest time that the roofline allows, in seconds.
    pub roofline_s: f64,
    /// Another limit, where the part reaches less than 60 % of its roofline in inference and the reason is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// The total of the parts of a pass that are computed by one algorithm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlgorithmTotal {
    /// The pass that the parts belong to.
    pub pass: &'static str,
    /// The name of the algorithm.
    pub algorithm: &'static str,
    /// The number of parts.
    pub parts: usize,
    /// The total time of the parts in seconds.
    pub seconds: f64,
    /// The share of the time of all parts of the plan.
    pub share_of_time: f64,
    /// The total multiply-adds of the parts.
    pub multiply_adds: u64,
    /// The shortest time that the rooflines of the parts allow, in seconds.
    pub roofline_s: f64,
}

/// Runs a network for some three seconds, after a warm-up, and measures each part of its plan.
///
/// # Errors
/// When the network cannot be planned or run.
pub fn explain(subject: &Subject, engine: &Engine) -> Result<Plan, LabError> {
    let mut runner = subject.runner(engine)?;
    warm_up(&mut runner)?;
    let (peak, rounds) = Peak::around(engine, || rounds(&mut runner));
    let Rounds { parts, seconds, run_s, rounds } = rounds?;
    let machine = Machine::new(engine, peak).with_bandwidth(engine);
    let row = |(part, seconds): (&Explained, f64)| row(&subject.graph, part, seconds, &machine);
    let rows: Vec<PlanPart> = parts.iter().zip(seconds).map(row).collect();
    Ok(Plan {
        model: subject.model.clone(),
        work: subject.work.name(),
        input: subject.graph.input_shape(),
        batch: subject.batch,
        rounds,
        run_s,
        kinds: kinds(&rows),
        rows,
        machine,
    })
}

/// What all rounds found.
struct Rounds {
    parts: Vec<Explained>,
    /// The least of each part.
    seconds: Vec<f64>,
    run_s: f64,
    rounds: usize,
}

/// Runs with and without a wait after every kernel, in turn.
fn rounds(runner: &mut Runner) -> Result<Rounds, LabError> {
    let start = Instant::now();
    let mut all = Rounds { parts: Vec::new(), seconds: Vec::new(), run_s: f64::INFINITY, rounds: 0 };
    while start.elapsed() < MEASURE || all.rounds < LEAST_RUNS {
        let run = Instant::now();
        runner.run()?;
        all.run_s = all.run_s.min(run.elapsed().as_secs_f64());
        all.parts = runner.explain()?;
        all.seconds.resize(all.parts.len(), f64::INFINITY);
        for (least, part) in all.seconds.iter_mut().zip(&all.parts) {
            *least = least.min(part.seconds());
        }
        all.rounds += 1;
    }
    Ok(all)
}

fn row(graph: &Graph, part: &Explained, seconds: f64, machine: &Machine) -> PlanPart {
    let flops = 2.0 * part.multiply_adds as f64;
    let computes = part.multiply_adds > 0;
    let gflops = flops / seconds / 1e9;
    let roofline_s = machine.least_seconds(flops, part.bytes);
    // The algorithm is that of the values.
    let (algorithm, reason) = match (part.pass, part.nodes.first()) {
        (Pass::Backward, Some(&node)) => (graph.nodes[node].operation().name(), String::new()),
        _ => (part.choice.algorithm, part.choice.reason.clone()),
    };
    let first = part.nodes.first().map(|&id| &graph.nodes[id]);
    let owes = part.pass == Pass::Forward && roofline_s < OWES * seconds;
    PlanPart {
        limit: first.filter(|_| owes).and_then(|node| Some(node.operation().limit(&node.shape)?.to_string())),
        pass: pass_name(part.pass),
        nodes: part.nodes.iter().map(|&id| graph.nodes[id].name.clone()).collect(),
        label: label(graph, part),
        algorithm,
        reason,
        kernels: part.kernels.iter().map(|kernel| kernel.0).collect(),
        seconds,
        multiply_adds: part.multiply_adds,
        gflops: computes.then_some(gflops),
        share_of_peak: computes.then_some(gflops / machine.peak.gflops()),
        bytes: part.bytes,
        gb_per_s: part.bytes as f64 / seconds / 1e9,
        roofline_gflops: computes.then_some(flops / roofline_s / 1e9),
        roofline_s,
    }
}

fn pass_name(pass: Pass) -> &'static str {
    match pass {
        Pass::Forward => "forward",
        Pass::Loss => "loss",
        Pass::Backward => "backward",
        Pass::Update => "update",
    }
}

/// The first node, and what is joined to it: `layer1.0.conv1 +norm +relu`.
fn label(graph: &Graph, part: &Explained) -> String {
    let Some((&first, joined)) = part.nodes.split_first() else { return "parameters".into() };
    let name = |&id: &usize| match graph.nodes[id].operation() {
        op if op.role() == Role::Norm => " +norm".into(),
        op if op.role() == Role::Pool => " +pool".into(),
        op => format!(" +{}", op.name()),
    };
    graph.nodes[first].name.clone() + &joined.iter().map(name).collect::<String>()
}

fn kinds(rows: &[PlanPart]) -> Vec<AlgorithmTotal> {
    let all: f64 = rows.iter().map(|row| row.seconds).sum();
    let mut kinds: Vec<AlgorithmTotal> = Vec::new();
    for row in rows {
        let (pass, algorithm) = (row.pass, row.algorithm);
        let known = kinds.iter().position(|kind| (kind.pass, kind.algorithm) == (pass, algorithm));
        let at = known.unwrap_or_else(|| {
            let (parts, multiply_adds) = (0, 0);
            let (seconds, share_of_time, roofline_s) = (0.0, 0.0, 0.0);
            kinds.push(AlgorithmTotal {
                pass,
                algorithm,
                parts,
                seconds,
                share_of_time,
                multiply_adds,
                roofline_s,
            });
            kinds.len() - 1
        });
        let kind = &mut kinds[at];
        kind.parts += 1;
        kind.seconds += row.seconds;
        kind.share_of_time += row.seconds / all;
        kind.multiply_adds += row.multiply_adds;
        kind.roofline_s += row.roofline_s;
    }
    kinds.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    kinds
}

/// The share of what its roofline allows below which a part owes a reason.
const OWES: f64 = 0.6;

/// Widths of the two columns of a plan that have words.
const LAYER: usize = 26;
const HOW: usize = 37;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = &self.machine;
        let (images, threads) = (images(self.batch, self.input), threads(machine.threads));
        writeln!(f, "{}: {}, {images}, {threads}, {}\n", self.model, self.work, machine.isa)?;
        let mut table = Table::new([
            ("layer", Align::Left),
            ("how", Align::Left),
            ("time", Align::Right),
            ("GFLOP/s", Align::Right),
            ("of peak", Align::Right),
            ("bytes", Align::Right),
            ("GB/s", Align::Right),
            ("allowed", Align::Right),
        ]);
        for row in &self.rows {
            table.row([
                fitted(&row.label, LAYER),
                how(row).chars().take(HOW).collect(),
                duration(row.seconds),
                row.gflops.map_or(String::new(), rate),
                row.share_of_peak.map_or(String::new(), share),
                bytes(row.bytes),
                rate(row.gb_per_s),
                duration(row.roofline_s),
            ]);
        }
        let sum = |value: fn(&PlanPart) -> f64| self.rows.iter().map(value).sum::<f64>();
        let seconds = sum(|row| row.seconds);
        let gflops = sum(|row| 2.0 * row.multiply_adds as f64) / seconds / 1e9;
        table.rule();
        table.row([
            "all".into(),
            String::new(),
            duration(seconds),
            rate(gflops),
            share(gflops / machine.peak.gflops()),
            bytes(self.rows.iter().map(|row| row.bytes).sum()),
            rate(sum(|row| row.bytes as f64) / seconds / 1e9),
            duration(sum(|row| row.roofline_s)),
        ]);
        writeln!(f, "{table}\n{}", kinds_table(&self.kinds, machine))?;
        limits(f, &self.rows)?;
        writeln!(
            f,
            "Times are the minimum of {} rounds, with a wait after every kernel; the fastest run without waits took {}.",
            self.rounds,
            duration(self.run_s)
        )?;
        peak(f, machine)?;
        writeln!(f, "{EFFECTIVE}")?;
        writeln!(f, "Bytes count the inputs, parameters and outputs as stored in memory, each once.")?;
        let levels = machine.bandwidth.iter();
        let levels: Vec<String> =
            levels.map(|level| format!("{} {}", bytes(level.bytes as u64), rate(level.gb_per_s))).collect();
        writeln!(
            f,
            "The time allowed is that of the roofline: of the operations at the peak, or of the bytes at the bandwidth of the"
        )?;
        writeln!(f, "smallest of these working sets that holds them, in GB/s: {}.", levels.join(", "))
    }
}

/// What limits the parts in use that stay far below their rooflines, those that take the most time first.
fn limits(f: &mut fmt::Formatter<'_>, rows: &[PlanPart]) -> fmt::Result {
    type Group<'a> = (&'static str, Option<&'a str>, usize, f64);
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in rows.iter().filter(|row| row.pass == "forward" && row.roofline_s < OWES * row.seconds) {
        match groups.iter_mut().find(|group| (group.0, group.1) == (row.algorithm, row.limit.as_deref())) {
            Some(group) => (group.2, group.3) = (group.2 + 1, group.3 + row.seconds),
            None => groups.push((row.algorithm, row.limit.as_deref(), 1, row.seconds)),
        }
    }
    groups.sort_by(|a, b| b.3.total_cmp(&a.3));
    if !groups.is_empty() {
        writeln!(f, "Parts that reach less than {} of what the roofline allows:", share(OWES))?;
    }
    for (algorithm, limit, parts, seconds) in &groups {
        let word = if *parts == 1 { "part" } else { "parts" };
        writeln!(f, "  {algorithm}, {parts} {word}, {}:", duration(*seconds))?;
        writeln!(f, "    {}", limit.unwrap_or("the reason is unknown"))?;
    }
    if groups.is_empty() { Ok(()) } else { writeln!(f) }
}

/// `Winograd 4x4: 64 channels, 196 tiles`.
fn how(row: &PlanPart) -> String {
    match row.reason.as_str() {
        _ if row.pass == "backward" => format!("gradients of {}", row.algorithm),
        "" => row.algorithm.into(),
        reason => format!("{}: {reason}", row.algorithm),
    }
}

fn kinds_table(kinds: &[AlgorithmTotal], machine: &Machine) -> Table<8> {
    let mut table = Table::new([
        ("pass", Align::Left),
        ("kind", Align::Left),
        ("parts", Align::Right),
        ("time", Align::Right),
        ("of time", Align::Right),
        ("GFLOP/s", Align::Right),
        ("of peak", Align::Right),
        ("allowed", Align::Right),
    ]);
    for kind in kinds {
        let gflops = 2.0 * kind.multiply_adds as f64 / kind.seconds / 1e9;
        let computes = kind.multiply_adds > 0;
        table.row([
            kind.pass.into(),
            kind.algorithm.into(),
            kind.parts.to_string(),
            duration(kind.seconds),
            share(kind.share_of_time),
            if computes { rate(gflops) } else { String::new() },
            if computes { share(gflops / machine.peak.gflops()) } else { String::new() },
            duration(kind.roofline_s),
        ]);
    }
    table
}
