//! The three spaces side by side.

use striate_data::Split;
use striate_formats::ModelFile;
use striate_report::chart::{Anchor, Scene, Shape};
use striate_report::text::{grouped, percent};

use super::draw_map::{COLORS, OTHERS, color, ink_of, points};
use super::{Embedding, Mapped};
use crate::LabError;
use crate::neurons::shown;
use striate_report::layout::{CAPTION, HEADING, INK, MARGIN, SOFT_INK, TEXT, header, text};

const SIDE: f64 = 372.0;
const GAP: f64 = 18.0;
const WIDTH: f64 = 2.0 * MARGIN + 3.0 * SIDE + 2.0 * GAP;
const LEGEND: f64 = 90.0;
const TOP: f64 = 118.0;
const HEAD: f64 = 56.0;
const NOTE: f64 = 26.0;

impl Embedding {
    /// The page: for each space its t-SNE and its PCA, a dot an image in the color of its class, some of them as images, and
    /// how many have neighbors of their class. `name` is what the network is called, `data` the data set.
    ///
    /// # Errors
    /// Photos that cannot be decoded any more.
    pub fn page(
        &self,
        model: &ModelFile,
        split: &Split,
        classes: &[String],
        [name, data]: [&str; 2],
    ) -> Result<Scene, LabError> {
        let title =
            format!("{} test images of {data} in three spaces of {name}", grouped(self.images.len() as u64));
        let accuracies: Vec<String> =
            self.spaces.iter().map(|s| format!("{} {}", s.name, percent(Some(s.knn.accuracy)))).collect();
        let neighbors = self.spaces.first().map_or(0, |space| space.knn.neighbors);
        let asked = format!("kNN accuracy with {neighbors} neighbors: {}", accuracies.join(", "));
        let how = "Each dot is an image, and some are drawn. Near means similar; in t-SNE, cluster sizes and distances between clusters mean nothing.";
        let height = TOP + HEAD + 2.0 * (SIDE + NOTE) + MARGIN;
        let mut scene = Scene::new(WIDTH, height, format!("{title}. {asked}"));
        header(&mut scene, WIDTH - 2.0 * MARGIN, &title, &[&asked, how]);
        self.legend(&mut scene, classes);
        let shape = model.preprocess.shape();
        let mut images = Vec::with_capacity(self.images.len());
        for (&image, &label) in self.images.iter().zip(&self.labels) {
            images.push(ink_of(&shown(split, &model.preprocess, image as usize)?, shape, label));
        }
        for (i, space) in self.spaces.iter().enumerate() {
            let x = MARGIN + (SIDE + GAP) * i as f64;
            column_head(&mut scene, space, x);
            let mut y = TOP + HEAD;
            points(&mut scene, &space.tsne.points, &self.labels, &images, (x, y), SIDE);
            let tsne = &space.tsne;
            let note =
                format!("t-SNE · perplexity {} · {} steps · KL {:.2}", tsne.perplexity, tsne.steps, tsne.kl);
            text(&mut scene, (x, y + SIDE + 14.0), CAPTION, SOFT_INK, SIDE, &note);
            y += SIDE + NOTE;
            points(&mut scene, &space.pca.points, &self.labels, &images, (x, y), SIDE);
            let [first, second] = space.pca.explained.map(|share| percent(Some(share)));
            let note = format!("PCA · across {first} of the variance, up {second}");
            text(&mut scene, (x, y + SIDE + 14.0), CAPTION, SOFT_INK, SIDE, &note);
        }
        Ok(scene)
    }

    fn legend(&self, scene: &mut Scene, classes: &[String]) {
        let (mut x, y) = (MARGIN, MARGIN + 74.0);
        let others = classes.len() > COLORS.len();
        for (class, name) in (0..).zip(classes.iter().take(COLORS.len())) {
            scene.shapes.push(Shape::Dot { center: (x + 5.0, y - 4.0), radius: 5.0, fill: color(class) });
            text(scene, (x + 14.0, y), TEXT, INK, LEGEND - 22.0, name);
            x += LEGEND;
        }
        if others {
            scene.shapes.push(Shape::Dot { center: (x + 5.0, y - 4.0), radius: 5.0, fill: OTHERS });
            let words = format!("{} other classes", classes.len() - COLORS.len());
            text(scene, (x + 14.0, y), TEXT, INK, 2.0 * LEGEND, &words);
        }
    }
}

fn column_head(scene: &mut Scene, space: &Mapped, x: f64) {
    let title = format!("{} · kNN {}", space.name, percent(Some(space.knn.accuracy)));
    scene.text((x, TOP + 14.0), HEADING + 2.0, Anchor::Start, INK, title);
    let what = format!("{} {}", grouped(space.dimensions as u64), space.what);
    text(scene, (x, TOP + 33.0), CAPTION, SOFT_INK, SIDE, &what);
}
