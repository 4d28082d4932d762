//! An image synthesized to activate one unit as strongly as possible.

use ndarray::{Array4, ArrayD, IxDyn};
use striate_data::{Augment, Loader, Split};
use striate_formats::ModelFile;
use striate_graph::op::Role;
use striate_graph::{Engine, Graph, NodeId, Params, Session};
use striate_train::Batch;

use super::ProgressFn;
use super::index::evenly;
use super::layers::Layer;
use crate::LabError;
use striate_base::random::{below, signed_unit};

/// Number of starting points tried at once; the best image is kept.
const STARTS: usize = 4;
/// Norm of a starting point, as a fraction of the ball's radius.
const START: f64 = 0.1;
/// The first step, as a fraction of the radius; steps fall to 0 along half a cosine.
const STEP: f64 = 0.3;

/// The settings of the synthesis of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DreamConfig {
    /// The number of steps of gradient ascent.
    pub steps: usize,
    /// The largest norm of the image, in the normalized values that the network takes; 0 is the mean image.
    pub radius: f64,
    /// The maximum random shift of the image between two steps in pixels, so that the result does not depend on single pixels.
    pub jitter_px: usize,
    /// The random seed of the starting points and of the shifts.
    pub seed: u64,
}

/// A synthesized image.
#[derive(Debug, Clone, PartialEq)]
pub struct Dream {
    /// The image, `[C, H, W]`, normalized.
    pub values: Vec<f32>,
    /// The value of the unit on the image, after the activation.
    pub value: f32,
    /// The settings of the synthesis.
    pub config: DreamConfig,
}

/// Synthesizes an image that activates unit `unit` of a layer as strongly as possible, by gradient ascent from noise within a
/// ball. Of a map, the value in the center is maximized.
///
/// `x <- project(x + step · radius · g / |g|)`, where `g` is the gradient of the value before the activation (after
/// it, a unit that starts inactive has none), and the step falls from 0.3 to 0 along half a cosine; the result is the best of
/// four starts. For a linear unit the solution is known: `radius · w / |w|`. `tell` receives the number of steps done, and
/// their total.
///
/// # Numerics
/// The result is a function of the seed, and the same on any number of threads. Gradients are the engine's f32; norms are sums
/// in f64.
///
/// # Errors
/// [`LabError::NoUnit`]; [`LabError::Dream`] when a setting is out of range.
///
/// # Source
/// Erhan 2009.
pub fn dream(
    graph: &Graph,
    params: &Params,
    engine: &Engine,
    layer: &Layer,
    unit: usize,
    config: &DreamConfig,
    tell: ProgressFn<'_>,
) -> Result<Dream, LabError> {
    layer.check(unit)?;
    if !(config.radius.is_finite() && config.radius > 0.0) {
        let (what, expected) = ("radius", "a finite number above 0");
        return Err(LabError::Dream { what, expected, got: config.radius });
    }
    if config.steps == 0 {
        return Err(LabError::Dream { what: "steps", expected: "at least 1", got: 0.0 });
    }
    let mut climb = Climb::new(graph, params, engine, before_activation(graph, layer.value), layer, unit)?;
    let [c, h, w] = graph.input_shape();
    let mut images = Array4::<f32>::zeros((STARTS, c, h, w));
    for (i, value) in images.iter_mut().enumerate() {
        *value = signed_unit(config.seed, i as u64) as f32;
    }
    for mut image in images.outer_iter_mut() {
        let norm = norm(image.iter());
        image.mapv_inplace(|v| (f64::from(v) * START * config.radius / norm) as f32);
    }
    for step in 0..config.steps {
        let jitter = |axis: u64| {
            let place = (1 << 40) + 2 * step as u64 + axis;
            let side = 2 * config.jitter_px as u64 + 1;
            below(side, config.seed, place) as usize
        };
        // A roll by h - j undoes one by j.
        let [down, right] = [jitter(0) % h, jitter(1) % w];
        let moved = rolled(&images, down, right);
        let slopes = rolled(&climb.slopes(&moved)?, (h - down) % h, (w - right) % w);
        let part = step as f64 / config.steps as f64;
        let length = STEP * config.radius * 0.5 * (1.0 + (std::f64::consts::PI * part).cos());
        for (mut image, slope) in images.outer_iter_mut().zip(slopes.outer_iter()) {
            let steepness = norm(slope.iter());
            if steepness > 0.0 && steepness.is_finite() {
                image.zip_mut_with(&slope, |x, &g| *x += (f64::from(g) / steepness * length) as f32);
            }
            let long = norm(image.iter());
            if long > config.radius {
                image.mapv_inplace(|v| (f64::from(v) * config.radius / long) as f32);
            }
        }
        tell("synthesizing an image", step + 1, config.steps);
    }
    let values = climb.values(&images)?;
    let better = |best: usize, i: usize| if values[i] > values[best] { i } else { best };
    let best = (1..STARTS).fold(0, better);
    let activation = graph.nodes[layer.value].operation().activation();
    let behind = |v: f32| activation.map_or(v, |activation| activation.value(v));
    let image = images.outer_iter().nth(best).expect("one of the starts");
    Ok(Dream { values: image.iter().copied().collect(), value: behind(values[best]), config: *config })
}

/// Computes the median norm of at most 512 normalized images of a split, as a radius with which synthesized images are as
/// strong as real ones.
///
/// # Errors
/// Those of [`Index::build`](super::Index::build).
pub fn usual_norm(model: &ModelFile, engine: &Engine, split: &Split) -> Result<f64, LabError> {
    let preprocess = &model.preprocess;
    let loader = Loader::new(split, preprocess, Augment::default(), 1, 0, false)?;
    let mut batch = Batch::new(1, preprocess.sample_len());
    let mut norms = Vec::new();
    for sample in evenly(split.len(), 512) {
        norms.push(norm(batch.fetch(engine, &loader, 0, &[sample])?.0.iter()));
    }
    norms.sort_by(f64::total_cmp);
    Ok(norms[norms.len() / 2])
}

/// A network up to one value, and the single number of it to be maximized.
struct Climb {
    session: Session,
    gradient: striate_graph::Tap,
    /// Of the output of one image.
    place: usize,
    shape: Vec<usize>,
}

impl Climb {
    fn new(
        graph: &Graph,
        params: &Params,
        engine: &Engine,
        value: NodeId,
        layer: &Layer,
        unit: usize,
    ) -> Result<Self, LabError> {
        let part = graph.until(value);
        let needed = part.params();
        let own = params.iter().filter(|(name, _)| needed.iter().any(|(needed, _)| needed == name));
        let own: Params = own.map(|(name, array)| (name.to_owned(), array.clone())).collect();
        let (shape, input) = (part.output_shape().to_vec(), part.nodes[0].name.clone());
        let mut session = Session::with_engine(part, own, engine.clone())?;
        let gradient = session.tap_grad(&input)?;
        let [h, w] = layer.size;
        Ok(Self { session, gradient, place: unit * h * w + (h / 2) * w + w / 2, shape })
    }

    fn slopes(&mut self, images: &Array4<f32>) -> Result<Array4<f32>, LabError> {
        let n = images.shape()[0];
        let shape: Vec<usize> = std::iter::once(n).chain(self.shape.iter().copied()).collect();
        let mut one = ArrayD::<f32>::zeros(IxDyn(&shape));
        for mut output in one.outer_iter_mut() {
            *output.iter_mut().nth(self.place).expect("a value of the unit") = 1.0;
        }
        self.session.run_backward(&images.view(), &one.view())?;
        let slopes = self.session.get(self.gradient);
        Ok(slopes.into_dimensionality().expect("the gradient of images"))
    }

    fn values(&mut self, images: &Array4<f32>) -> Result<Vec<f32>, LabError> {
        let outputs = self.session.run(&images.view())?;
        let value =
            |output: ndarray::ArrayViewD<'_, f32>| *output.iter().nth(self.place).expect("of the unit");
        Ok(outputs.outer_iter().map(value).collect())
    }
}

/// The input of an activation, or the value itself.
fn before_activation(graph: &Graph, value: NodeId) -> NodeId {
    let node = &graph.nodes[value];
    if node.operation().role() == Role::Activation { node.inputs[0] } else { value }
}

fn norm<'a>(values: impl Iterator<Item = &'a f32>) -> f64 {
    values.map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt()
}

/// Shifted down and to the right, wrapping around at the edges.
fn rolled(images: &Array4<f32>, down: usize, right: usize) -> Array4<f32> {
    let (_, _, h, w) = images.dim();
    Array4::from_shape_fn(images.dim(), |(n, c, y, x)| {
        images[[n, c, (y + h - down) % h, (x + w - right) % w]]
    })
}
