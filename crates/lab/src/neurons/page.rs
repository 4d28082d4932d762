//! A unit's card as a page.

use striate_data::Dataset;
use striate_explain::filters::Filters;
use striate_formats::ModelFile;
use striate_graph::op::Role;
use striate_report::chart::{Anchor, Scene, Shape, width_px};
use striate_report::color::{Rgb, blue_orange};
use striate_report::scale::number;
use striate_report::text::{grouped, percent};
use striate_report::{Thumbnail, hatched, wrap_text};

use super::card::Card;
use super::charts::{classes, density, lesion};
use super::dream::Dream;
use super::examples::{Example, cropped, shown};
use crate::LabError;
use striate_report::layout::{
    CAPTION, HAIRLINE, HEADING, INK, MARGIN, SOFT_INK, TEXT, header, outline, size_in, text, tile,
};

const SIDE: f64 = 88.0;
const PITCH: f64 = 101.0;
const WIDTH: f64 = 2.0 * MARGIN + 9.0 * PITCH - (PITCH - SIDE);
const HEADER: f64 = 128.0;
/// A section with whole images alone, and one with none.
const ROW: f64 = 22.0 + SIDE + 42.0;
/// From line to line under an image.
const LINE: f64 = 13.0;
const EMPTY: f64 = 40.0;
const KERNEL: f64 = 84.0;
const CHARTS: f64 = 226.0;
const DREAM: f64 = 196.0;
const BOX: Rgb = Rgb::hex(0xe66101);
const BADGE: Rgb = Rgb::hex(0xfbe3c8);

/// Images of one kind, with what they are.
type Section<'a> = (&'static str, String, &'a [Example]);

impl Card {
    /// The card as a page: nine images each that the unit answers to most, in the middle, and not at all, cut out at what the
    /// unit sees of them and whole; the classes of the strongest hundred; how its values are spread; what the network loses
    /// without it. `name` is what the network is called.
    ///
    /// # Errors
    /// Photos that cannot be decoded any more.
    pub fn page(&self, model: &ModelFile, data: &Dataset, name: &str) -> Result<Scene, LabError> {
        let sections = self.sections();
        let is_small = self.sees_part(model);
        let lines =
            |images: &[Example]| images.iter().map(|e| caption(data, e).len()).max().unwrap_or(2).max(2);
        let row = |at: usize, images: &[Example]| match images {
            [] => EMPTY,
            _ => {
                let cut_out = if is_small && !self.is_silence(at) { SIDE + 6.0 } else { 0.0 };
                ROW + cut_out + LINE * (lines(images) - 2) as f64
            }
        };
        let rows: f64 = sections.iter().enumerate().map(|(at, (_, _, images))| row(at, images)).sum();
        let height = HEADER + rows + CHARTS + self.dream.as_ref().map_or(0.0, |_| DREAM) + MARGIN;
        let mut scene = Scene::new(WIDTH, height, self.description(name, &data.name));
        self.header(&mut scene, model, data, name)?;
        let mut y = HEADER;
        for (at, (heading, note, images)) in sections.into_iter().enumerate() {
            text(&mut scene, (MARGIN, y + 8.0), HEADING, INK, 100.0, heading);
            text(&mut scene, (MARGIN + 100.0, y + 8.0), CAPTION, SOFT_INK, WIDTH - 140.0, &note);
            let is_cut_out = is_small && !self.is_silence(at);
            for (i, example) in images.iter().enumerate() {
                let place = (MARGIN + PITCH * i as f64, y + 20.0);
                self.example(&mut scene, model, data, example, place, is_cut_out)?;
            }
            y += row(at, images);
        }
        let third = (WIDTH - 2.0 * MARGIN - 48.0) / 3.0;
        classes(&mut scene, self, &data.classes, (MARGIN, y), third);
        density(&mut scene, self, (MARGIN + third + 24.0, y), third);
        lesion(&mut scene, self, &data.classes, (MARGIN + 2.0 * (third + 24.0), y), third);
        if let Some(dream) = &self.dream {
            self.dream(&mut scene, model, dream, y + CHARTS)?;
        }
        Ok(scene)
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

    fn header(
        &self,
        scene: &mut Scene,
        model: &ModelFile,
        data: &Dataset,
        name: &str,
    ) -> Result<(), LabError> {
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
        header(scene, WIDTH - 2.0 * MARGIN - KERNEL - 20.0, &self.title(), &[&of, &values]);
        let mut x = MARGIN;
        let words: Vec<String> = self.badges.iter().map(|badge| badge.text()).collect();
        for words in
            if words.is_empty() { vec!["neither dead nor constant nor a duplicate".into()] } else { words }
        {
            // As wide as the words, near enough: the font is not monospaced.
            let width = 6.3 * words.chars().count() as f64 + 14.0;
            if !self.badges.is_empty() {
                scene.rect(x, MARGIN + 64.0, width, 20.0, BADGE);
            }
            let inset = if self.badges.is_empty() { 0.0 } else { 7.0 };
            text(scene, (x + inset, MARGIN + 78.0), CAPTION, INK, width, &words);
            x += width + 8.0;
        }
        let node = &model.graph.nodes[self.layer.id];
        if node.operation().role() == Role::Convolution && node.inputs == [0] {
            let filters = Filters::new(&model.graph, &model.params, self.layer.id);
            let at = (WIDTH - MARGIN - KERNEL, MARGIN);
            let kernel = filters.image(self.unit, 0);
            tile(scene, &kernel, at, KERNEL);
            let below = (at.0, at.1 + size_in(&kernel, KERNEL).1 + 13.0);
            let words = format!("kernel, ±{}", number(filters.scale.limit));
            scene.text(below, CAPTION - 1.0, Anchor::Start, SOFT_INK, words);
        }
        Ok(())
    }

    fn example(
        &self,
        scene: &mut Scene,
        model: &ModelFile,
        data: &Dataset,
        example: &Example,
        (x, y): (f64, f64),
        is_cut_out: bool,
    ) -> Result<(), LabError> {
        let [channels, h, w] = model.preprocess.shape();
        let pixels = shown(&data.train, &model.preprocess, example.image as usize)?;
        let field = &example.field;
        let (rows, columns) = field.clipped([h, w]);
        let mut below = y;
        if is_cut_out {
            let [tall, wide] = field.size();
            let scale = SIDE / tall.max(wide).max(1) as f64;
            let area = (x, y, scale * wide as f64, scale * tall as f64);
            scene.rect(x - 0.5, y - 0.5, area.2 + 1.0, area.3 + 1.0, HAIRLINE);
            scene.rect(area.0, area.1, area.2, area.3, Rgb::WHITE);
            if let Some(image) = cropped(&pixels, [channels, h, w], rows.clone(), columns.clone())? {
                let left = x + scale * (columns.start as isize - field.columns[0]) as f64;
                let top = y + scale * (rows.start as isize - field.rows[0]) as f64;
                let (width, height) = (scale * columns.len() as f64, scale * rows.len() as f64);
                hatched(scene, area, (left, top, width, height), HAIRLINE);
                scene.shapes.push(Shape::Image { x: left, y: top, width, height, image });
            } else {
                hatched(scene, area, (x, y, 0.0, 0.0), HAIRLINE);
            }
            below += SIDE + 6.0;
        }
        let whole = Thumbnail::new(w, h, channels, &pixels, h.max(w).min(2 * SIDE as usize))?;
        tile(scene, &whole, (x, below), SIDE);
        let (width, height) = size_in(&whole, SIDE);
        if is_cut_out {
            let (sx, sy) = (width / w as f64, height / h as f64);
            let at = (x + sx * columns.start as f64, below + sy * rows.start as f64);
            outline(scene, (at.0, at.1, sx * columns.len() as f64, sy * rows.len() as f64), 1.5, BOX);
        }
        let mut lines = caption(data, example);
        let last = lines.pop().unwrap_or_default();
        let mut under = below + height + 1.0;
        for line in lines {
            under += LINE;
            text(scene, (x, under), CAPTION, INK, SIDE, &line);
        }
        text(scene, (x, under + LINE), CAPTION - 1.0, SOFT_INK, SIDE, &last);
        Ok(())
    }

    fn dream(&self, scene: &mut Scene, model: &ModelFile, dream: &Dream, y: f64) -> Result<(), LabError> {
        let image = dream_image(model, dream)?;
        text(scene, (MARGIN, y + 8.0), HEADING, INK, WIDTH, "Synthetic image");
        tile(scene, &image, (MARGIN, y + 20.0), 160.0);
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
        for (i, line) in lines.iter().enumerate() {
            let at = (MARGIN + 184.0, y + 34.0 + 19.0 * i as f64);
            text(scene, at, TEXT, if i == 3 { INK } else { SOFT_INK }, WIDTH - MARGIN - at.0, line);
        }
        Ok(())
    }
}

/// What stands under an image: its class and what the unit makes of it, on one line where there is room, and which it is.
fn caption(data: &Dataset, example: &Example) -> Vec<String> {
    let (class, value) = (&data.classes[example.label as usize], number(example.value));
    let image = format!("image {}", example.image);
    let whole = format!("{class} · {value}");
    if width_px(&whole, CAPTION) <= SIDE {
        return vec![whole, image];
    }
    let mut lines = wrap_text(class, CAPTION, SIDE, 2);
    lines.extend([value, image]);
    lines
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
