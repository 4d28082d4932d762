//! The effect on a network when one of its units is set to zero.

use ndarray::{ArrayD, ArrayView4};
use striate_data::{Augment, Loader, Split};
use striate_formats::ModelFile;
use striate_graph::{Edit, Engine, Session};
use striate_train::Batch;

use super::ProgressFn;
use super::index::evenly;
use super::layers::Layer;
use crate::LabError;

/// Bytes that the layer's values of a batch may take, and most images in one.
const BATCH_BYTES: usize = 64 << 20;
const MOST: usize = 256;

/// The predictions of a network with one unit set to 0, compared with those of the intact network.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesion {
    /// The index of the unit.
    pub unit: usize,
    /// The class of each image.
    pub labels: Vec<u32>,
    /// The intact network's prediction for each image.
    pub intact: Vec<u32>,
    /// The prediction for each image without the unit.
    pub without: Vec<u32>,
}

/// The correct predictions for one class, with and without the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassCost {
    /// The index of the class.
    pub class: usize,
    /// The number of images of the class.
    pub images: usize,
    /// The number of correct predictions of the intact network.
    pub intact: usize,
    /// The number of correct predictions without the unit.
    pub without: usize,
}

/// The number of times that one class is predicted as another, with and without the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confused {
    /// The class of the images.
    pub label: usize,
    /// The class that is predicted instead.
    pub said: usize,
    /// The number of times with the intact network.
    pub intact: usize,
    /// The number of times without the unit.
    pub without: usize,
}

impl Lesion {
    /// The accuracies, `[intact, without the unit]`, 0 to 1.
    pub fn accuracy(&self) -> [f64; 2] {
        [&self.intact, &self.without].map(|said| {
            let right = said.iter().zip(&self.labels).filter(|(said, label)| said == label).count();
            right as f64 / self.labels.len().max(1) as f64
        })
    }

    /// The percentage points of accuracy that are lost without the unit.
    pub fn points(&self) -> f64 {
        let [intact, without] = self.accuracy();
        100.0 * (intact - without)
    }

    /// Returns every class that has images, the one that loses most first.
    pub fn classes(&self) -> Vec<ClassCost> {
        let mut costs: Vec<ClassCost> = Vec::new();
        for ((&label, &intact), &without) in self.labels.iter().zip(&self.intact).zip(&self.without) {
            let class = label as usize;
            if costs.len() <= class {
                let next = costs.len()..=class;
                costs.extend(next.map(|class| ClassCost { class, images: 0, intact: 0, without: 0 }));
            }
            let cost = &mut costs[class];
            cost.images += 1;
            cost.intact += usize::from(intact == label);
            cost.without += usize::from(without == label);
        }
        costs.retain(|cost| cost.images > 0);
        // Shares of a class's own images, compared without dividing.
        let loss = |cost: &ClassCost| cost.intact as i64 - cost.without as i64;
        costs.sort_by(|a, b| {
            let (of_a, of_b) = (loss(a) * b.images as i64, loss(b) * a.images as i64);
            of_b.cmp(&of_a).then(a.class.cmp(&b.class))
        });
        costs
    }

    /// Returns the confusions that become more frequent, those that grow most first.
    pub fn grown(&self) -> Vec<Confused> {
        let mut counts = std::collections::BTreeMap::<(u32, u32), [usize; 2]>::new();
        for (side, said) in [&self.intact, &self.without].into_iter().enumerate() {
            for (&label, &said) in self.labels.iter().zip(said).filter(|(label, said)| label != said) {
                counts.entry((label, said)).or_default()[side] += 1;
            }
        }
        let one = |((label, said), [intact, without]): ((u32, u32), [usize; 2])| Confused {
            label: label as usize,
            said: said as usize,
            intact,
            without,
        };
        let mut grown: Vec<Confused> = counts.into_iter().map(one).filter(|c| c.without > c.intact).collect();
        grown.sort_by_key(|c| std::cmp::Reverse(c.without - c.intact));
        grown
    }
}

/// Sets each of these units of a layer to 0 in turn (`value[:, unit] = 0`, after the activation) and runs the network again,
/// on at most `most` images that are evenly spaced in the split. The values before the layer are computed once for all of them.
/// `tell` receives the number of predictions done, and their total.
///
/// # Errors
/// [`LabError::NoUnit`]; also when images have another shape than the network's input, or photos cannot be decoded.
pub fn lesions(
    model: &ModelFile,
    engine: &Engine,
    split: &Split,
    layer: &Layer,
    units: &[usize],
    most: usize,
    tell: ProgressFn<'_>,
) -> Result<Vec<Lesion>, LabError> {
    units.iter().try_for_each(|&unit| layer.check(unit))?;
    let (graph, preprocess) = (&model.graph, &model.preprocess);
    let mut session = Session::with_engine(graph.clone(), model.params.clone(), engine.clone())?;
    let mut whole = Session::with_engine(graph.clone(), model.params.clone(), engine.clone())?;
    let tap = whole.tap(&layer.value_name)?;
    let values: usize = graph.nodes[layer.value].shape.iter().product();
    let batch_size = (BATCH_BYTES / (4 * values)).clamp(1, MOST);
    let loader = Loader::new(split, preprocess, Augment::default(), batch_size, 0, false)?;
    let samples = evenly(split.len(), most.max(1));
    let empty = |&unit: &usize| Lesion { unit, labels: Vec::new(), intact: Vec::new(), without: Vec::new() };
    let mut lesions: Vec<Lesion> = units.iter().map(empty).collect();
    let mut batch = Batch::new(batch_size.min(samples.len()), preprocess.sample_len());
    let [c, h, w] = preprocess.shape();
    let (mut done, total) = (0, samples.len() * units.len());
    for samples in samples.chunks(batch_size) {
        let (pixels, targets) = batch.fetch(engine, &loader, 0, samples)?;
        let images = ArrayView4::from_shape((samples.len(), c, h, w), pixels).expect("images of this shape");
        let labels: Vec<u32> = targets.iter().map(|target| target.a).collect();
        let intact = said(&whole.run(&images)?);
        let mut edits = vec![Edit::replace(&layer.value_name, whole.get(tap))];
        for lesion in &mut lesions {
            edits.truncate(1);
            edits.push(Edit::zero_channel(&layer.value_name, lesion.unit));
            lesion.without.extend(said(&session.run_with(&images, &edits)?));
            lesion.labels.extend(&labels);
            lesion.intact.extend(&intact);
            done += labels.len();
            tell("silencing units", done, total);
        }
    }
    Ok(lesions)
}

/// The first of the largest of each image.
fn said(outputs: &ArrayD<f32>) -> Vec<u32> {
    let one = |logits: ndarray::ArrayViewD<'_, f32>| {
        let logits: Vec<f32> = logits.iter().copied().collect();
        (0..logits.len()).fold(0, |best, i| if logits[i] > logits[best] { i } else { best }) as u32
    };
    outputs.outer_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_counted_by_hand() {
        let lesion = Lesion {
            unit: 0,
            labels: vec![0, 0, 0, 0, 2, 2, 2, 2, 2, 2],
            intact: vec![0, 0, 0, 2, 2, 2, 2, 2, 2, 0],
            without: vec![0, 2, 2, 2, 2, 2, 1, 2, 1, 2],
        };
        assert_eq!(lesion.accuracy(), [0.8, 0.5]);
        assert!((lesion.points() - 30.0).abs() < 1e-12);
        let cost = |class, images, intact, without| ClassCost { class, images, intact, without };
        assert_eq!(lesion.classes(), [cost(0, 4, 3, 1), cost(2, 6, 5, 4)], "a half before a sixth");
        let grown = |label, said, intact, without| Confused { label, said, intact, without };
        assert_eq!(lesion.grown(), [grown(0, 2, 1, 3), grown(2, 1, 0, 2)], "2 for 0 has become rarer");
    }
}
