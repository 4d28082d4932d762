//! The verdicts as a page: each method's map of one image, and what becomes of it as layers lose what they learned.

use striate_report::Thumbnail;
use striate_report::chart::{Anchor, Scene, fit_text};
use striate_report::color::{Rgb, blue_orange, viridis};

use super::{Row, Trust, Verdict};
use striate_report::layout::{CAPTION, HAIRLINE, INK, MARGIN, SOFT_INK, header, text, tile};

const SIDE: f64 = 58.0;
const PITCH: f64 = 68.0;
const NAMES: f64 = 200.0;
const VERDICTS: f64 = 262.0;
const TOP: f64 = 158.0;
/// Root mean squares of a map at the end of its colors.
const LIMIT: f64 = 4.0;
const GOOD: Rgb = Rgb::hex(0x00_6d2c);
const BAD: Rgb = Rgb::hex(0xa5_0f15);

impl Trust {
    /// A page with a row a method: its verdicts, its map on the network as trained, and the maps as layers are made random from
    /// the last down. Each map is divided by its root mean square, so that patterns can be compared; all have one scale, with
    /// zero in its place.
    pub fn page(&self, name: &str) -> Scene {
        let columns = self.strip.columns.len();
        let width = 2.0 * MARGIN + NAMES + VERDICTS + PITCH * columns as f64;
        let lines: Vec<String> =
            self.explained().iter().flat_map(|line| wrapped(line, width - 2.0 * MARGIN)).collect();
        let height = TOP + PITCH * self.rows.len() as f64 + 26.0 + 16.0 * lines.len() as f64 + MARGIN;
        let title = format!("Can the attributions of {name} be believed?");
        let mut scene = Scene::new(width, height, format!("{title} {}", self.explained().join(". ")));
        let room = width - 2.0 * MARGIN - 110.0;
        let about = format!(
            "right: {}, and how its attributions change as the layers are randomized, starting with the last",
            self.strip.title
        );
        header(
            &mut scene,
            room,
            &title,
            &[&about, "attributions that stay the same with random weights show the image, not the network"],
        );
        tile(&mut scene, &self.strip.image, (width - MARGIN - 84.0, MARGIN), 84.0);
        legend(&mut scene, MARGIN, MARGIN + 66.0);
        let left = MARGIN + NAMES + VERDICTS;
        let random = "randomized, starting with the last layer:";
        text(&mut scene, (left + PITCH, TOP - 24.0), CAPTION, SOFT_INK, PITCH * (columns - 1) as f64, random);
        for (i, column) in self.strip.columns.iter().enumerate() {
            let at = (left + PITCH * i as f64, TOP - 8.0);
            text(&mut scene, at, CAPTION, SOFT_INK, PITCH - 6.0, column);
        }
        for (i, row) in self.rows.iter().enumerate() {
            draw(&mut scene, row, TOP + PITCH * i as f64, left);
        }
        for (i, line) in lines.iter().enumerate() {
            let y = TOP + PITCH * self.rows.len() as f64 + 26.0 + 16.0 * i as f64;
            text(&mut scene, (MARGIN, y), CAPTION, SOFT_INK, width - 2.0 * MARGIN, line);
        }
        scene
    }
}

fn draw(scene: &mut Scene, row: &Row, y: f64, left: f64) {
    let name = if row.is_control { format!("control: {}", row.name) } else { row.name.to_owned() };
    scene.line((MARGIN, y - 5.0), (scene.width_px - MARGIN, y - 5.0), HAIRLINE);
    text(scene, (MARGIN, y + 12.0), 13.0, INK, NAMES - 10.0, &name);
    let cells = [
        ("sums to the logit", row.sum_cell(), &row.sum.verdict),
        ("follows the weights", row.weights_cell(), &row.weights.verdict),
        ("follows the labels", row.labels_cell(), &row.labels.verdict),
        ("finds what was planted", row.planted_cell(), &row.planted.verdict),
    ];
    for (i, (question, cell, verdict)) in cells.into_iter().enumerate() {
        let at = y + 11.0 + 15.0 * i as f64;
        let x = MARGIN + NAMES;
        scene.text((x - 44.0, at), CAPTION, Anchor::Start, SOFT_INK, question);
        let color = match verdict {
            Verdict::Yes => GOOD,
            Verdict::No => BAD,
            _ => INK,
        };
        text(scene, (x + 92.0, at), CAPTION, color, VERDICTS - 100.0, &cell);
    }
    for (i, (size, values)) in row.strip.iter().enumerate() {
        let image = colored(values, *size, row.is_signed);
        tile(scene, &image, (left + PITCH * i as f64, y), SIDE);
    }
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

fn legend(scene: &mut Scene, x: f64, y: f64) {
    const STEPS: u32 = 81;
    const WIDTH: f64 = 162.0;
    let step = WIDTH / f64::from(STEPS);
    for i in 0..STEPS {
        let along = f64::from(i) / f64::from(STEPS - 1);
        let at = f64::from(i) * step;
        scene.rect(x + at, y, step, 9.0, blue_orange(2.0 * along - 1.0));
        scene.rect(x + WIDTH + 30.0 + at, y, step, 9.0, viridis(along));
    }
    let mut tick = |x: f64, anchor, label: &str| scene.text((x, y + 22.0), CAPTION, anchor, INK, label);
    tick(x, Anchor::Start, "-4, against");
    tick(x + WIDTH / 2.0, Anchor::Middle, "0");
    tick(x + WIDTH, Anchor::End, "4, for");
    tick(x + WIDTH + 30.0, Anchor::Start, "0");
    tick(x + 2.0 * WIDTH + 30.0, Anchor::End, "4");
    let note = "each attribution divided by its root mean square, clipped at 4";
    scene.text((x + 2.0 * WIDTH + 46.0, y + 8.0), CAPTION, Anchor::Start, SOFT_INK, note);
}

/// A line in as many as it takes, broken between words; all but the first are set in.
fn wrapped(line: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut current = String::new();
    for word in line.split(' ') {
        let longer = if current.is_empty() { word.to_owned() } else { format!("{current} {word}") };
        if fit_text(&longer, CAPTION, room) == longer {
            current = longer;
        } else {
            lines.push(std::mem::take(&mut current));
            current = format!("      {word}");
        }
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words_and_lose_none() {
        let line = "attributions that stay the same with random weights show the image, not the network";
        let lines = wrapped(line, 120.0);
        assert!(lines.len() > 2 && lines[1].starts_with("      "), "{lines:?}");
        let joined: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
        assert_eq!(joined, line.split(' ').collect::<Vec<_>>());
        assert_eq!(wrapped("short", 120.0), ["short"]);
    }
}
