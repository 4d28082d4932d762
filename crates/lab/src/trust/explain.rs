//! The sources of maps: an attribution method, or a control that does not depend on the network.

use ndarray::{Array3, Array4, ArrayView3};
use striate_explain::ExplainError;
use striate_explain::attribution::{Attributor, Completeness, Method, Noise, Patch};
use striate_graph::op::Role;
use striate_graph::{Graph, Session};

use super::control::{random, sobel};

/// An attribution method, or a control that a useful method must outperform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explainer {
    /// An attribution method with its default settings.
    Method(Method),
    /// A random map, different for each image and the same for every network.
    Random,
    /// The edges of the image.
    Sobel,
}

/// An image and the class that is explained.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Its number in what it comes from.
    pub(super) index: usize,
    /// `[C, H, W]`, normalized.
    pub(super) image: Array3<f32>,
    pub(super) class: usize,
}

/// An attribution map.
#[derive(Debug, Clone)]
pub(super) struct Map {
    /// `[H, W]` of the values: the image's, or a layer's.
    pub(super) size: [usize; 2],
    pub(super) values: Vec<f32>,
    /// As large as the image.
    pub(super) stretched: Vec<f32>,
    pub(super) logit: f64,
    pub(super) completeness: Option<Completeness>,
}

impl Explainer {
    /// Returns every method, followed by the controls.
    pub fn all() -> Vec<Self> {
        let methods = Method::all().iter().map(|&method| Self::Method(method));
        methods.chain([Self::Sobel, Self::Random]).collect()
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Method(method) => method.name(),
            Self::Random => "random map",
            Self::Sobel => "edges (Sobel)",
        }
    }

    /// The name in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Method(method) => method.key(),
            Self::Random => "random-map",
            Self::Sobel => "sobel",
        }
    }

    /// Whether this is a control, which does not depend on the network.
    pub fn is_control(self) -> bool {
        !matches!(self, Self::Method(_))
    }

    /// Whether its values can be negative.
    pub(super) fn is_signed(self) -> bool {
        match self {
            Self::Method(method) => method.is_signed(),
            Self::Random => true,
            Self::Sobel => false,
        }
    }

    /// The map of `seen` on this network.
    pub(super) fn explain(self, session: &mut Session, seen: &Seen) -> Result<Map, ExplainError> {
        let [channels, height, width] = session.graph().input_shape();
        let image = seen.image.view();
        match self {
            Self::Method(method) => of_method(method, session, image, seen.class),
            Self::Random => Ok(Map::flat([height, width], random(seen.index as u64, height * width))),
            Self::Sobel => {
                let pixels: Vec<f32> = image.iter().copied().collect();
                Ok(Map::flat([height, width], sobel(&pixels, [channels, height, width])))
            }
        }
    }

    /// About how many forward passes one map takes, a backward one counting two; what an experiment may cost is reckoned by it.
    pub(super) fn passes(self, graph: &Graph) -> u64 {
        let widest = |node: &striate_graph::Node| match node.operation().role() {
            Role::Convolution => node.shape[0] as u64,
            _ => 0,
        };
        match self {
            Self::Random | Self::Sobel => 0,
            Self::Method(Method::SmoothGrad) => 3 * Noise::default().samples as u64,
            // Its panels follow the image: a guess that was about right for the networks that are shipped.
            Self::Method(Method::IntegratedGradients) => 3 * 330,
            Self::Method(Method::ScoreCam) => {
                1 + graph.nodes.iter().rev().map(widest).find(|&c| c > 0).unwrap_or(0)
            }
            Self::Method(Method::Occlusion) => {
                let shape @ [_, h, w] = graph.input_shape();
                let patch = Patch::of(shape);
                let along =
                    |side: usize| (side.saturating_sub(patch.side_px)).div_ceil(patch.stride_px) as u64 + 1;
                1 + along(h) * along(w)
            }
            Self::Method(_) => 3,
        }
    }
}

impl Map {
    fn flat(size: [usize; 2], values: Vec<f32>) -> Self {
        Self { size, stretched: values.clone(), values, logit: 0.0, completeness: None }
    }
}

fn of_method(
    method: Method,
    session: &mut Session,
    image: ArrayView3<'_, f32>,
    class: usize,
) -> Result<Map, ExplainError> {
    let [_, height, width] = session.graph().input_shape();
    // Normalized values of 0 are the mean of the training images.
    let baseline = Array3::zeros(image.raw_dim());
    let attribution = Attributor::new(session, image, class)?.ask(method, &baseline.view())?;
    let [_, h, w] = attribution.shape;
    Ok(Map {
        size: [h, w],
        values: attribution.per_pixel(),
        stretched: attribution.stretched([height, width]),
        logit: f64::from(attribution.logit),
        completeness: attribution.completeness,
    })
}

/// The class with the highest logit, for each image; ties go to the lower.
pub(super) fn answers(
    session: &mut Session,
    images: &Array4<f32>,
) -> Result<Vec<usize>, striate_graph::RunError> {
    let logits = session.run(&images.view())?;
    let best = |row: ndarray::ArrayView1<'_, f32>| {
        (0..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best })
    };
    let classes = logits.shape().last().copied().unwrap_or(1);
    let rows = logits.len() / classes.max(1);
    let logits = logits.into_shape_with_order((rows, classes)).expect("one row an image");
    Ok(logits.outer_iter().map(best).collect())
}
