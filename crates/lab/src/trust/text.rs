//! The table of verdicts for a terminal, and the explanation of its figures.

use std::fmt;

use striate_report::text::{Align, Table};

use super::verdict::{CHANGED, EXACT, LEARNED, NEARLY, POINTS, STAYED};
use super::{MethodScores, Trust, Verdict};

impl MethodScores {
    /// `yes, gap 2e-7`.
    pub(super) fn sum_cell(&self) -> String {
        cell(&self.sum.verdict, self.sum.gap.map(|gap| format!("gap {gap:.0e}")))
    }

    /// `yes, 0.02 (0.63)`.
    pub(super) fn weights_cell(&self) -> String {
        let figures = self.weights.likeness.map(|likeness| {
            let (rank, magnitude) = (likeness.spearman, likeness.spearman_magnitude);
            if self.is_signed { format!("{rank:.2} ({magnitude:.2})") } else { format!("{rank:.2}") }
        });
        cell(&self.weights.verdict, figures)
    }

    /// `yes, 0.08 · same 0.31`.
    pub(super) fn labels_cell(&self) -> String {
        let figures = self.labels.alike.map(|alike| {
            format!("{:.2} · same {:.2}", alike.other_labels.spearman, alike.same_labels.spearman)
        });
        cell(&self.labels.verdict, figures)
    }

    /// `yes, 95 % · mark 100 %`.
    pub(super) fn planted_cell(&self) -> String {
        let percent = |found: super::Found| format!("{:.0} %", 100.0 * found.points);
        let both = self.planted.shapes.zip(self.planted.watermark);
        let figures = both.map(|(shapes, mark)| format!("{} · mark {}", percent(shapes), percent(mark)));
        cell(&self.planted.verdict, figures)
    }

    /// Why something was not checked, each reason once.
    fn reasons(&self) -> Vec<&str> {
        let all = [&self.sum.verdict, &self.weights.verdict, &self.labels.verdict, &self.planted.verdict];
        let mut reasons: Vec<&str> = Vec::new();
        for verdict in all {
            if let Verdict::NotChecked(why) = verdict
                && !reasons.contains(&why.as_str())
            {
                reasons.push(why);
            }
        }
        reasons
    }
}

fn cell(verdict: &Verdict, figures: Option<String>) -> String {
    match (verdict, figures) {
        (Verdict::NotChecked(_), _) => "–".into(),
        (verdict, Some(figures)) => format!("{}, {figures}", verdict.word()),
        (verdict, None) => verdict.word().into(),
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new([
            ("method", Align::Left),
            ("sums to the logit", Align::Left),
            ("follows the weights", Align::Left),
            ("follows the labels", Align::Left),
            ("finds what was planted", Align::Left),
        ]);
        let mut controls = false;
        for row in &self.rows {
            if row.is_control && !controls {
                table.rule();
                controls = true;
            }
            let name = if row.is_control { format!("control: {}", row.name) } else { row.name.to_owned() };
            table.row([name, row.sum_cell(), row.weights_cell(), row.labels_cell(), row.planted_cell()]);
        }
        writeln!(f, "{table}")?;
        for line in self.explained() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

impl Trust {
    /// What the figures are, where they come from, and what was not checked.
    pub(super) fn explained(&self) -> Vec<String> {
        let n = self.images.len();
        let known = match self.right {
            Some(right) if right == n => "all classified correctly".into(),
            Some(right) => format!("{right} classified correctly"),
            None => "whose classes are not the network's".into(),
        };
        let mut lines = vec![
            format!(
                "sums: the largest completeness gap, as a share of the logit, over {n} test images of {}, {known}. The verdict is \
                 yes up to {EXACT} and partly up to {NEARLY}.",
                self.data
            ),
            format!(
                "weights: the layers are randomized one by one, starting with the last ({}). The figure is the rank correlation \
                 with the original attributions, averaged over {}, where 1 means unchanged and 0 unrelated; the one in parentheses \
                 is that of their magnitudes. The verdict is yes up to {CHANGED} and no from {STAYED}.",
                seeds(self.seeds.len()),
                self.upper().join(", ")
            ),
        ];
        if let Some(twins) = &self.label_twins {
            lines.push(format!(
                "labels: the figure is the rank correlation between the attributions of two twins, one trained on {} images \
                 ({:.0} % correct), the other on the same images with shuffled labels ({:.0} % correct); \"same\" is that between \
                 the model and the first twin. The verdict is yes up to {CHANGED} if \"same\" is larger, and no from {STAYED}.",
                twins.images,
                100.0 * twins.accuracy_true,
                100.0 * twins.accuracy_shuffled
            ));
        }
        if let Some(twin) = &self.planted_twin {
            lines.push(format!(
                "planted: a twin is trained on {} images of shapes on clutter, or with a watermark ({:.0} % correct). The figure is \
                 the share of {} new images in which the largest value is in the box of the shape or of the mark, or one pixel \
                 next to it. The verdict is yes from {:.0} %, and partly if the figure is better than those of the controls.",
                twin.images,
                100.0 * twin.accuracy,
                twin.explained,
                100.0 * POINTS
            ));
            if twin.accuracy < LEARNED {
                lines.push(format!(
                    "The attributions of a twin are tested only if its accuracy is at least {:.0} %.",
                    100.0 * LEARNED
                ));
            }
        }
        lines.extend(self.not_checked());
        lines
    }

    /// The layers that classes are told apart by: the upper half, the last first.
    fn upper(&self) -> Vec<&str> {
        self.layers.iter().rev().take(self.layers.len().div_ceil(2)).map(String::as_str).collect()
    }

    /// Reasons with the methods they are for.
    fn not_checked(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for row in &self.rows {
            for why in row.reasons() {
                match reasons.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, rows)) => rows.push(row.name),
                    None => reasons.push((why, vec![row.name])),
                }
            }
        }
        let line = |(why, rows): (&str, Vec<&str>)| {
            let whose =
                if rows.len() == self.rows.len() { String::new() } else { format!(" ({})", rows.join(", ")) };
            format!("–: {why}{whose}")
        };
        reasons.into_iter().map(line).collect()
    }
}

fn seeds(n: usize) -> String {
    if n == 1 { "1 seed".into() } else { format!("{n} seeds") }
}
