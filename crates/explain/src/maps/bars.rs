//! The values of a vector as bars.

use super::{FeatureMaps, MapStats};
use striate_report::chart::{Anchor, Scene, fit_text};
use striate_report::layout::{About, CAPTION, INK, Legend, MARGIN, SOFT_INK, TOP, page};
use striate_report::scale::{Table, number};

const PITCH: f64 = 18.0;
const LABEL: f64 = 130.0;
const LENGTH: f64 = 380.0;
const VALUE: f64 = 60.0;

impl FeatureMaps {
    pub(super) fn bars(&self, about: &About, ranked: &[MapStats], shown: &[MapStats]) -> Scene {
        let title = format!("{} · {} · a vector of {} values, no maps", self.name, self.op, ranked.len());
        let is_output = self.is_output(about);
        let counts = match is_output {
            true if shown.len() == ranked.len() => format!("all {} classes, the largest first", ranked.len()),
            true => format!("the {} largest of {} classes", shown.len(), ranked.len()),
            false => self.counts(ranked, shown.len(), "values"),
        };
        let lines = [about.subject.as_str(), &counts];
        let body = (LABEL + LENGTH + VALUE, PITCH * shown.len() as f64);
        let mut scene = page(&title, lines, about.image.as_ref(), &Legend::Scale(&self.scale), body);
        let left = MARGIN + LABEL;
        let (zero, reach) = match self.scale.table {
            Table::Viridis => (left, LENGTH),
            Table::BlueOrange => (left + LENGTH / 2.0, LENGTH / 2.0),
        };
        let bottom = TOP + PITCH * shown.len() as f64;
        scene.line((zero, TOP - 4.0), (zero, bottom), SOFT_INK);
        for (i, value) in shown.iter().enumerate() {
            let (map, v) = (value.map, self.values[value.map]);
            let y = TOP + PITCH * i as f64;
            let text = if is_output { about.classes[map].clone() } else { format!("value {map}") };
            let text = fit_text(&text, CAPTION, LABEL - 10.0);
            scene.text((left - 8.0, y + 11.0), CAPTION, Anchor::End, INK, text);
            let end = zero + reach * if v.is_finite() { self.scale.position(v) } else { 0.0 };
            scene.rect(zero.min(end), y + 1.0, (end - zero).abs(), PITCH - 5.0, self.scale.color(v));
            let at = (left + LENGTH + VALUE, y + 11.0);
            scene.text(at, CAPTION, Anchor::End, SOFT_INK, number(v));
        }
        scene
    }
}
