//! A unit's card as a page.

use striate_data::Dataset;
use striate_explain::filters::Filters;
use striate_formats::ModelFile;
use striate_graph::op::Role;
use striate_report::chart::{Anchor, Scene, Shape, width_px};
use striate_report::color::{Rgb, blue_orange};
use striate_report::layout::{
    Block, CAPTION, HAIRLINE, HEADING, Head, INK, SOFT_INK, TEXT, column, fitted, framed, grid, line,
    outline, paragraph, row, size_in,
};
use striate_report::scale::number;
use striate_report::text::{grouped, percent};
use striate_report::{Thumbnail, hatched};

use super::card::Card;
use super::charts::{classes, density, lesion};
use super::dream::Dream;
use super::examples::{Example, cropped, shown};
use crate::LabError;

/// Side of an example, and what is between examples.
const SIDE: f64 = 88.0;
const GAP: (f64, f64) = (13.0, 6.0);
/// Examples side by side, and the width of the page inside its margins.
const ACROSS: usize = 9;
const WIDTH: f64 = ACROSS as f64 * (SIDE + GAP.0) - GAP.0;
/// Between the parts of the page, and between columns.
const BETWEEN: f64 = 20.0;
const BESIDE: f64 = 24.0;
/// Sides of the kernel and of the synthetic image.
const KERNEL: f64 = 84.0;
const DREAM: f64 = 160.0;
/// The most lines of the name of a class.
const LINES: usize = 2;
const BOX: Rgb = Rgb::hex(0xe66101);
const BADGE: Rgb = Rgb::hex(0xfbe3c8);

/// Images of one kind, with what they are.
type Section<'a> = (&'static str, String, &'a [Example]);

impl Card {
    /// Draws the card as a page: nine images each of strong, middling and no response, cropped to the receptive field and
    /// whole; the classes of the strongest hundred; the distribution of the values; and the accuracy of the network without the
    /// unit. `name` is the name of the network.
    ///
    /// # Errors
    /// When a photo can no longer be decoded.
    pub fn page(&self, model: &ModelFile, data: &Dataset, name: &str) -> Result<Scene, LabError> {
        let is_small = self.sees_part(model);
        let mut parts = vec![self.head(model, data, name)];
        for (at, (heading, note, images)) in self.sections().into_iter().enumerate() {
            let heading = line(heading, HEADING, INK).in_width(SIDE, Anchor::Start);
            let note = fitted(&note, CAPTION, SOFT_INK, WIDTH - SIDE - GAP.0);
            let heading = row(GAP.0, Anchor::End, [heading, note]);
            let examples = examples(model, data, images, is_small && !self.is_silence(at))?;
            parts.push(column(GAP.1, [heading, examples]));
        }
        let third = (WIDTH - 2.0 * BESIDE) / 3.0;
        let charts =
            [classes(self, &data.classes, third), density(self, third), lesion(self, &data.classes, third)];
        parts.push(row(BESIDE, Anchor::Start, charts.map(|chart| chart.in_width(third, Anchor::Start))));
        if let Some(dream) = &self.dream {
            parts.push(self.dream(model, dream)?);
        }
        Ok(column(BETWEEN, parts).page(self.description(name, &data.name)))
    }

    /// Whether a section shows where nothing is: no place of such an image is better than another to be cut out.
    fn is_silence(&self, section: usize) -> bool {
        section == 2 && !self.layer.is_signed
    }

    fn what(&self) -> &'static str {
        if self.layer.size == [1, 1] { "unit" } else { "map" }
    }

    fn title(&self) -> String {
        let (what, [h, w]) = (self.what(), self.layer.size);
        let of = match what {
            "map" => format!("one of {} maps of {h} x {w}", self.layer.units),
            _ => format!("one of {} values", self.layer.units),
        };
        format!("{} {what} {} · {of}", self.layer.name, self.unit)
    }

    fn description(&self, name: &str, data: &str) -> String {
        let badges: Vec<String> = self.badges.iter().map(|badge| badge.text()).collect();
        format!("{} of {name} on {data}. {}", self.title(), badges.join(". "))
    }

    /// Whether the unit sees less than the image, so that cutting out shows something.
    fn sees_part(&self, model: &ModelFile) -> bool {
        let [_, h, w] = model.preprocess.shape();
        let all = self.examples.strongest.iter().chain(&self.examples.middling).chain(&self.examples.silent);
        all.into_iter().any(|example| example.field.size()[0] < h || example.field.size()[1] < w)
    }

    fn sections(&self) -> [Section<'_>; 3] {
        let examples = &self.examples;
        let counted = |text: &str, n: usize| if n == 0 { "none".into() } else { text.to_owned() };
        let silent = if self.layer.is_signed { "Weakest" } else { "Silent" };
        let middling_note = match self.layer.is_signed {
            true => "around the median of the maxima of a sample of the training images",
            false => "around the median of the non-zero maxima of a sample of the training images",
        };
        let silent_note = match self.layer.is_signed {
            true => "the smallest maxima of a sample of the training images",
            false => "from a sample of the training images in which it is 0 everywhere",
        };
        [
            (
                "Strongest",
                counted("the largest values in nine different training images", examples.strongest.len()),
                &examples.strongest,
            ),
            ("Middling", counted(middling_note, examples.middling.len()), &examples.middling),
            (silent, counted(silent_note, examples.silent.len()), &examples.silent),
        ]
    }

    fn head(&self, model: &ModelFile, data: &Dataset, name: &str) -> Block {
        let behind = match self.layer.value == self.layer.id {
            true => String::new(),
            false => format!(", after {}", self.layer.value_name),
        };
        let of =
            format!("{name} on {} training images of {}{behind}", grouped(self.images as u64), data.name);
        let record = &self.record;
        let sees = match self.examples.strongest.first().filter(|_| self.sees_part(model)) {
            Some(example) => {
                let [rows, columns] = example.field.size();
                format!("sees {rows} x {columns} pixels · ")
            }
            None => "sees the whole image · ".into(),
        };
        let finite = if record.not_finite > 0 {
            format!(" · {} values not finite", grouped(record.not_finite))
        } else {
            String::new()
        };
        let values = format!(
            "{sees}{} of its values are non-zero · largest {} · mean {}{finite}",
            percent(Some(record.active())),
            number(record.max),
            number(record.mean() as f32)
        );
        let node = &model.graph.nodes[self.layer.id];
        let kernel = (node.operation().role() == Role::Convolution && node.inputs == [0]).then(|| {
            let filters = Filters::new(&model.graph, &model.params, self.layer.id);
            let words = format!("kernel, ±{}", number(filters.scale.limit));
            let kernel = framed(&filters.image(self.unit, 0), KERNEL);
            column(3.0, [kernel, line(words, CAPTION - 1.0, SOFT_INK)])
        });
        let room = WIDTH - kernel.as_ref().map_or(0.0, |kernel| kernel.width_px() + BESIDE);
        let head = Head { title: &self.title(), lines: &[&of, &values], ..Head::default() };
        let words = column(8.0, [head.block(room), self.badges(room)]).in_width(room, Anchor::Start);
        row(BESIDE, Anchor::Start, [words].into_iter().chain(kernel))
    }

    /// The remarkable properties of the unit, each on a color.
    fn badges(&self, room: f64) -> Block {
        if self.badges.is_empty() {
            return line("neither dead nor constant nor a duplicate", CAPTION, INK);
        }
        let badge = |text: String| {
            let text = fitted(&text, CAPTION, INK, room - 14.0).padded([7.0, 2.0, 7.0, 2.0]);
            let (width, height) = (text.width_px(), text.height_px());
            text.with_background(|scene| scene.rect(0.0, 0.0, width, height, BADGE))
        };
        column(4.0, self.badges.iter().map(|it| badge(it.text())))
    }

    fn dream(&self, model: &ModelFile, dream: &Dream) -> Result<Block, LabError> {
        let image = dream_image(model, dream)?;
        let seen = self.record.permille(self.images);
        let verdict = match (self.dream_succeeded(), seen) {
            (Some(true), Some(seen)) => format!(
                "The unit reaches {}; only one training image in a thousand exceeds {}.",
                number(dream.value),
                number(seen)
            ),
            _ => format!(
                "It failed: the unit reaches only {}, while one training image in a thousand exceeds {}.",
                number(dream.value),
                seen.map_or("nothing".into(), number)
            ),
        };
        let c = dream.config;
        let moved = match c.jitter_px {
            0 => String::new(),
            px => format!(", shifted by up to {px} px between steps"),
        };
        let colors = match model.preprocess.channels {
            1 => {
                "Orange is brighter than the mean of the training pixels, blue is darker, and white is equal."
            }
            _ => "In the colors of a photo; values outside the range are clipped.",
        };
        let lines = [
            "This is not a real image: it was synthesized from noise by gradient ascent on the unit alone."
                .to_owned(),
            "For people, such images predict the responses of a unit less well than real ones do".to_owned(),
            "(82 against 92 % correct in the study of Borowski 2021), so look at the strongest images first."
                .to_owned(),
            verdict,
            format!(
                "{} steps within a norm of {} (the median of the training images){moved}, seed {}.",
                c.steps,
                number(c.radius as f32),
                c.seed
            ),
            colors.to_owned(),
        ];
        let texts = lines.iter().enumerate().map(|(i, text)| {
            let ink = if i == 3 { INK } else { SOFT_INK };
            paragraph(text, TEXT, ink, WIDTH - DREAM - BESIDE, LINES)
        });
        let both = row(BESIDE, Anchor::Start, [framed(&image, DREAM), column(2.0, texts)]);
        Ok(column(GAP.1, [line("Synthetic image", HEADING, INK), both]))
    }
}

/// The images of a section: cut out at what the unit sees, if that is less than the image, and whole.
fn examples(
    model: &ModelFile,
    data: &Dataset,
    images: &[Example],
    is_cut_out: bool,
) -> Result<Block, LabError> {
    let (mut cut_out, mut whole) = (Vec::new(), Vec::new());
    for example in images {
        let pixels = shown(&data.train, &model.preprocess, example.image as usize)?;
        if is_cut_out {
            cut_out.push(cut_out_of(model, &pixels, example)?.in_width(SIDE, Anchor::Start));
        }
        let image = whole_of(model, &pixels, example, is_cut_out)?;
        whole.push(column(3.0, [image, caption(data, example)]).in_width(SIDE, Anchor::Start));
    }
    let columns = images.len().max(1);
    Ok(grid(&vec![Anchor::Start; columns], GAP, cut_out.into_iter().chain(whole)))
}

/// What the unit sees of an image, hatched outside it.
fn cut_out_of(model: &ModelFile, pixels: &[u8], example: &Example) -> Result<Block, LabError> {
    let [channels, h, w] = model.preprocess.shape();
    let field = &example.field;
    let (rows, columns) = field.clipped([h, w]);
    let [tall, wide] = field.size();
    let scale = SIDE / tall.max(wide).max(1) as f64;
    let (width, height) = (scale * wide as f64, scale * tall as f64);
    let image = cropped(pixels, [channels, h, w], rows.clone(), columns.clone())?;
    Ok(Block::drawn(width, height, |scene| {
        scene.rect(-0.5, -0.5, width + 1.0, height + 1.0, HAIRLINE);
        scene.rect(0.0, 0.0, width, height, Rgb::WHITE);
        let Some(image) = image else {
            return hatched(scene, (0.0, 0.0, width, height), (0.0, 0.0, 0.0, 0.0), HAIRLINE);
        };
        let x = scale * (columns.start as isize - field.columns[0]) as f64;
        let y = scale * (rows.start as isize - field.rows[0]) as f64;
        let hole = (x, y, scale * columns.len() as f64, scale * rows.len() as f64);
        hatched(scene, (0.0, 0.0, width, height), hole, HAIRLINE);
        let (width, height) = (hole.2, hole.3);
        scene.shapes.push(Shape::Image { x, y, width, height, image });
    }))
}

/// The image, with a frame around what the unit sees if that is cut out.
fn whole_of(
    model: &ModelFile,
    pixels: &[u8],
    example: &Example,
    is_cut_out: bool,
) -> Result<Block, LabError> {
    let [channels, h, w] = model.preprocess.shape();
    let whole = Thumbnail::new(w, h, channels, pixels, h.max(w).min(2 * SIDE as usize))?;
    let (rows, columns) = example.field.clipped([h, w]);
    let (width, height) = size_in(&whole, SIDE);
    let (sx, sy) = (width / w as f64, height / h as f64);
    Ok(framed(&whole, SIDE).with_overlay(|scene| {
        if is_cut_out {
            let at = (sx * columns.start as f64, sy * rows.start as f64);
            outline(scene, (at.0, at.1, sx * columns.len() as f64, sy * rows.len() as f64), 1.5, BOX);
        }
    }))
}

/// What stands under an image: its class and what the unit makes of it, on one line where there is room, and which it is.
fn caption(data: &Dataset, example: &Example) -> Block {
    let (class, value) = (&data.classes[example.label as usize], number(example.value));
    let image = fitted(&format!("image {}", example.image), CAPTION - 1.0, SOFT_INK, SIDE);
    let both = format!("{class} · {value}");
    let lines = if width_px(&both, CAPTION) <= SIDE {
        vec![line(both, CAPTION, INK)]
    } else {
        vec![paragraph(class, CAPTION, INK, SIDE, LINES), line(value, CAPTION, INK)]
    };
    column(0.0, lines.into_iter().chain([image]))
}

/// Of one channel, above and below the mean in blue and orange; of three, as a photo.
fn dream_image(model: &ModelFile, dream: &Dream) -> Result<Thumbnail, LabError> {
    let p = &model.preprocess;
    let plane = p.height * p.width;
    if p.channels == 1 {
        let limit = dream.values.iter().fold(f32::MIN_POSITIVE, |a, v| a.max(v.abs()));
        let colors = dream.values.iter().map(|v| blue_orange(f64::from(v / limit)));
        return Ok(Thumbnail::of_colors(p.width, p.height, colors));
    }
    let byte = |at: usize| {
        let (c, value) = (at / plane, dream.values[at]);
        // `as` cuts off what is out of range.
        ((value * p.std[c] + p.mean[c]) * 255.0).round() as u8
    };
    let pixels: Vec<u8> =
        (0..plane).flat_map(|i| (0..p.channels).map(move |c| c * plane + i)).map(byte).collect();
    Ok(Thumbnail::new(p.width, p.height, p.channels, &pixels, p.width.max(p.height))?)
}
