//! The results as a page: each method's map of one image, and its change as layers are randomized.

use striate_report::Thumbnail;
use striate_report::chart::{Anchor, Scene};
use striate_report::color::{Rgb, blue_orange, viridis};

use super::{MethodScores, Trust, Verdict};
use striate_report::layout::{
    Block, CAPTION, HAIRLINE, HEADING, Head, INK, LEAST_WIDTH, MARGIN, SOFT_INK, column, fitted, framed,
    grid, labeled_bar, line, paragraph, row,
};

/// Side of a map, and what is between maps and between the columns before them.
const SIDE: f64 = 58.0;
const GAP: f64 = 10.0;
/// The most room of the name of a method, and of a verdict.
const NAME: f64 = 150.0;
const VERDICT: f64 = 190.0;
/// Between the parts of the page.
const BETWEEN: f64 = 20.0;
/// Width of a color bar.
const BAR: f64 = 162.0;
/// The most lines of a name, and of an explanation.
const LINES: [usize; 2] = [3, 12];
/// Root mean squares of a map at the end of its colors.
const LIMIT: f64 = 4.0;
const GOOD: Rgb = Rgb::hex(0x00_6d2c);
const BAD: Rgb = Rgb::hex(0xa5_0f15);

impl Trust {
    /// Draws a page with one row per method: its verdicts, its map on the trained network, and the maps as layers are
    /// randomized from the last down. Each map is divided by its root mean square, so that patterns can be compared; all maps
    /// share one scale that includes zero.
    pub fn page(&self, name: &str) -> Scene {
        let title = format!("Can the attributions of {name} be trusted?");
        let table = self.table();
        let width = table.width_px().max(LEAST_WIDTH - 2.0 * MARGIN);
        let about = format!(
            "image: {}, and how its attributions change as the layers are randomized, starting with the last",
            self.strip.title
        );
        let head = Head {
            title: &title,
            lines: &[
                &about,
                "attributions that stay the same with random weights show the image, not the network",
            ],
            image: Some(&self.strip.image),
            legend: None,
        };
        let explained = self.explained();
        let explained = explained.iter().map(|text| paragraph(text, CAPTION, SOFT_INK, width, LINES[1]));
        let parts = [head.block(width), legend(width), table, column(4.0, explained)];
        column(BETWEEN, parts).page(format!("{title} {}", self.explained().join(" ")))
    }

    /// A row for each method, under the names of the layers.
    fn table(&self) -> Block {
        let texts: Vec<[Block; 2]> = self.rows.iter().map(|row| [method(row), verdicts(row)]).collect();
        let widest = |i: usize| texts.iter().map(|texts| texts[i].width_px()).fold(0.0, f64::max);
        let widths = [0, 1].map(widest);
        let beside = |cells: Vec<Block>| row(GAP, Anchor::Start, cells);
        let named =
            |name: &String| paragraph(name, CAPTION, SOFT_INK, SIDE, LINES[0]).in_width(SIDE, Anchor::Start);
        let (trained, random) = self.strip.columns.split_at(self.strip.columns.len().min(1));
        let caption = line("randomized, starting with the last layer:", CAPTION, SOFT_INK);
        let random = column(2.0, [caption, row(GAP, Anchor::End, random.iter().map(named))]);
        let names = [Block::space(widths[0] + GAP + widths[1], 0.0)].into_iter();
        let names = row(GAP, Anchor::End, names.chain(trained.iter().map(named)).chain([random]));
        let rows = self.rows.iter().zip(texts).map(|(row, texts)| {
            let texts =
                texts.into_iter().zip(widths).map(|(text, width)| text.in_width(width, Anchor::Start));
            let maps = row.strip.iter().map(|(size, values)| {
                framed(&colored(values, *size, row.is_signed), SIDE).in_width(SIDE, Anchor::Start)
            });
            beside(texts.chain(maps).collect())
        });
        let rows: Vec<Block> = rows.collect();
        let width = rows.iter().map(Block::width_px).fold(names.width_px(), f64::max);
        let rule = || Block::drawn(width, 1.0, |scene| scene.line((0.0, 0.5), (width, 0.5), HAIRLINE));
        column(4.0, [names].into_iter().chain(rows.into_iter().flat_map(|row| [rule(), row])))
    }
}

fn method(row: &MethodScores) -> Block {
    let name = if row.is_control { format!("control: {}", row.name) } else { row.name.to_owned() };
    paragraph(&name, HEADING, INK, NAME, LINES[0])
}

fn verdicts(row: &MethodScores) -> Block {
    let cells = [
        ("sums to the logit", row.sum_cell(), &row.sum.verdict),
        ("follows the weights", row.weights_cell(), &row.weights.verdict),
        ("follows the labels", row.labels_cell(), &row.labels.verdict),
        ("finds what was planted", row.planted_cell(), &row.planted.verdict),
    ];
    let cells = cells.into_iter().flat_map(|(question, cell, verdict)| {
        let color = match verdict {
            Verdict::Yes => GOOD,
            Verdict::No => BAD,
            _ => INK,
        };
        [line(question, CAPTION, SOFT_INK), fitted(&cell, CAPTION, color, VERDICT)]
    });
    grid(&[Anchor::Start, Anchor::Start], (GAP, 0.0), cells)
}

/// A map divided by its root mean square, in the colors of the page.
fn colored(values: &[f32], [height, width]: [usize; 2], is_signed: bool) -> Thumbnail {
    let mean = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>() / values.len().max(1) as f64;
    let by = if mean > 0.0 { LIMIT * mean.sqrt() } else { 1.0 };
    let color = |&value: &f32| match (f64::from(value) / by, is_signed) {
        (unit, _) if !unit.is_finite() => Rgb::MISSING,
        (unit, true) => blue_orange(unit.clamp(-1.0, 1.0)),
        (unit, false) => viridis(unit.clamp(0.0, 1.0)),
    };
    Thumbnail::of_colors(width, height, values.iter().map(color))
}

fn legend(width: f64) -> Block {
    let signed = labeled_bar(BAR, &["-4, against", "0", "4, for"], |unit| blue_orange(2.0 * unit - 1.0));
    let unsigned = labeled_bar(BAR, &["0", "4"], viridis);
    let room = width - signed.width_px() - unsigned.width_px() - 2.0 * BETWEEN;
    let note = "each attribution divided by its root mean square, clipped at 4";
    let note = paragraph(note, CAPTION, SOFT_INK, room, LINES[0]);
    row(BETWEEN, Anchor::Start, [signed, unsigned, note])
}
