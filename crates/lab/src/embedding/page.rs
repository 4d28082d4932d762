//! The three spaces side by side.

use striate_data::Split;
use striate_formats::ModelFile;
use striate_report::chart::{Anchor, Scene, Shape};
use striate_report::color::Rgb;
use striate_report::layout::{
    Block, CAPTION, HEADING, Head, INK, SOFT_INK, TEXT, column, fitted, grid, line, row,
};
use striate_report::text::{grouped, percent};

use super::draw_map::{COLORS, OTHERS, color, ink_of, points};
use super::{Embedding, Mapped};
use crate::LabError;
use crate::neurons::shown;

/// Side of a map, and what is between maps.
const SIDE: f64 = 372.0;
const GAP: (f64, f64) = (18.0, 6.0);
/// Between the parts of the page.
const BETWEEN: f64 = 18.0;
/// The most room of the name of a class, and what is between two.
const NAME: f64 = 170.0;
const NAME_GAP: f64 = 16.0;
/// Diameter of a dot in the legend.
const DOT: f64 = 10.0;

impl Embedding {
    /// Draws a page with t-SNE and PCA for each space: each image is a dot in the color of its class, some are shown as images,
    /// and the accuracy of nearest neighbors is stated. `name` is the name of the network, `data` the data set.
    ///
    /// # Errors
    /// When a photo can no longer be decoded.
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
        let shape = model.preprocess.shape();
        let mut images = Vec::with_capacity(self.images.len());
        for (&image, &label) in self.images.iter().zip(&self.labels) {
            images.push(ink_of(&shown(split, &model.preprocess, image as usize)?, shape, label));
        }
        let columns = self.spaces.len().max(1);
        let width = SIDE * columns as f64 + GAP.0 * (columns - 1) as f64;
        let spaces = &self.spaces;
        let heads = spaces.iter().map(column_head);
        let tsne = spaces.iter().map(|space| points(&space.tsne.points, &self.labels, &images, SIDE));
        let tsne_notes = spaces.iter().map(|Mapped { tsne, .. }| {
            format!("t-SNE · perplexity {} · {} steps · KL {:.2}", tsne.perplexity, tsne.steps, tsne.kl)
        });
        let pca = spaces.iter().map(|space| points(&space.pca.points, &self.labels, &images, SIDE));
        let pca_notes = spaces.iter().map(|space| {
            let [first, second] = space.pca.explained.map(|share| percent(Some(share)));
            format!("PCA · across {first} of the variance, up {second}")
        });
        let note = |note: String| fitted(&note, CAPTION, SOFT_INK, SIDE);
        let cells = heads.chain(tsne).chain(tsne_notes.map(note)).chain(pca).chain(pca_notes.map(note));
        let maps = grid(&vec![Anchor::Start; columns], GAP, cells);
        let head = Head { title: &title, lines: &[&asked, how], ..Head::default() };
        let parts = [head.block(width), legend(classes, width), maps];
        Ok(column(BETWEEN, parts).page(format!("{title}. {asked}")))
    }
}

/// The colors of the classes.
fn legend(classes: &[String], width: f64) -> Block {
    let entry = |fill: Rgb, name: &str| {
        let name = fitted(name, TEXT, INK, NAME);
        let center = (DOT / 2.0, name.height_px() / 2.0);
        let dot = Block::drawn(DOT, name.height_px(), |scene| {
            scene.shapes.push(Shape::Dot { center, radius: DOT / 2.0, fill });
        });
        row(4.0, Anchor::Start, [dot, name])
    };
    let named = (0..).zip(classes.iter().take(COLORS.len())).map(|(class, name)| entry(color(class), name));
    let others = classes.len().saturating_sub(COLORS.len());
    let others = (others > 0).then(|| entry(OTHERS, &format!("{others} other classes")));
    let entries: Vec<Block> = named.chain(others).collect();
    let widest = entries.iter().map(Block::width_px).fold(0.0, f64::max);
    let columns = (((width + NAME_GAP) / (widest + NAME_GAP)) as usize).max(1);
    grid(&vec![Anchor::Start; columns], (NAME_GAP, 2.0), entries)
}

fn column_head(space: &Mapped) -> Block {
    let title = format!("{} · kNN {}", space.name, percent(Some(space.knn.accuracy)));
    let what = format!("{} {}", grouped(space.dimensions as u64), space.what);
    column(0.0, [line(title, HEADING + 2.0, INK), fitted(&what, CAPTION, SOFT_INK, SIDE)])
}
