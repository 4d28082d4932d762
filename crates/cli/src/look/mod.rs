//! The arguments `MODEL IMAGE` that `maps`, `why`, `xray` and others share.

mod labels;
mod model;

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use striate::explain::{self, ExplainError};
use striate::graph::Engine;
use striate::prelude::Array4;
use striate::report::Thumbnail;
use striate::report::text::percent;
use striate::{Classifier, Prediction};

use crate::exit::{BadData, Usage};
use crate::flags_data::LayoutFlag;
use crate::mismatch::Mismatches;
use crate::predict::sources::{Source, collect};
pub(crate) use model::{ModelArg, ModelFlags, NamedFlags, Subject, open_model, open_to_predict};

/// A network and an image; flattened into the commands that inspect a network on an image.
#[derive(Debug, ClapArgs)]
pub(crate) struct LookArgs {
    /// A model file, the folder of a run, or one of the shipped models convnet, convnet_gap and mlp (not with --model);
    /// then an image of any size, '-' for standard input, or DATA:INDEX for a test image of a data set, such as digits:7
    #[arg(required = true, num_args = 1..=2, value_name = "MODEL IMAGE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelFlags,
    /// Invert the image, for a black-on-white image and a model trained on white on black, such as handwritten digits
    #[arg(long)]
    invert: bool,
    #[command(flatten)]
    layout: LayoutFlag,
}

/// A network and its input image.
pub(crate) struct Looked {
    pub(crate) model: Classifier,
    /// The name of the network in pages and messages.
    pub(crate) name: String,
    pub(crate) engine: Engine,
    /// The name of the image: a path, `-`, or `digits:7`.
    pub(crate) source: String,
    /// The label of the image, if it is from a data set.
    pub(crate) label: Option<String>,
    /// The pixels at the network's input size, `[C, H, W]`, before normalization.
    pub(crate) pixels: Vec<u8>,
    /// The same pixels as an image for pages.
    pub(crate) image: Thumbnail,
}

impl LookArgs {
    /// Loads the network and reads the image. `verb` is the name of the command, for messages.
    pub(crate) fn open(&self, verb: &str) -> anyhow::Result<Looked> {
        let (file, image) = match (&self.paths[..], self.model.is_named()) {
            ([image], true) => (None, image),
            ([model, image], false) => (Some(model.as_path()), image),
            (paths, named) => return Err(Usage(wrong_paths(verb, paths, named)).into()),
        };
        let source = one_image(image, self.layout)?;
        let mut subject = self.model.load(file)?;
        subject.model.preprocess.invert |= self.invert;
        let model = Classifier::new(subject.model, subject.engine.clone())?;
        let opened = source.open(model.preprocess())?;
        let mismatches = Mismatches::default();
        mismatches.note((0, &source.name()), &opened, model.preprocess());
        mismatches.warn(model.preprocess());
        let pixels = model.preprocess().from_image(&opened);
        let image = seen(&pixels, model.preprocess().shape())?;
        let (name, engine) = (subject.name, subject.engine);
        Ok(Looked { model, name, engine, source: source.name(), label: source.label(), pixels, image })
    }
}

impl Looked {
    /// Runs the network on the image; taps that were set before hold its values afterwards.
    pub(crate) fn predict(&mut self) -> anyhow::Result<Prediction> {
        Ok(self.model.predict_pixels(&self.pixels)?.remove(0))
    }

    /// The normalized input of the network, `[1, C, H, W]`.
    pub(crate) fn image(&self) -> Array4<f32> {
        let preprocess = self.model.preprocess();
        let [c, h, w] = preprocess.shape();
        let mut values = vec![0.0; c * h * w];
        preprocess.normalize(&self.pixels, &mut values);
        Array4::from_shape_vec((1, c, h, w), values)
            .unwrap_or_else(|_| unreachable!("an image of the network's size"))
    }

    /// The network, the image and the prediction, for reports.
    pub(crate) fn subject(&self, prediction: &Prediction) -> explain::Subject {
        explain::Subject {
            model: self.name.clone(),
            image: self.source.clone(),
            class: prediction.class().to_owned(),
            probability: prediction.probability(),
        }
    }

    /// The image in a sentence, such as `digits:7 (labeled 9)`.
    pub(crate) fn shown(&self) -> String {
        let name = if self.source == "-" { "an image" } else { &self.source };
        let label = self.label.as_ref().map(|label| format!(" (labeled {label})"));
        format!("{name}{}", label.unwrap_or_default())
    }

    /// The line under the title of a page, such as `convnet on digits:7 (labeled 9): predicted 9 (99.98 %)`.
    pub(crate) fn sentence(&self, prediction: &Prediction) -> String {
        format!("{} on {}: {}", self.name, self.shown(), says(prediction))
    }
}

/// Such as `predicted 9 (99.98 %)`.
pub(crate) fn says(prediction: &Prediction) -> String {
    format!("predicted {} ({})", prediction.class(), percent(Some(prediction.probability().into())))
}

/// Maps an unknown layer or class to a usage error, and a network with values that are not finite to bad data.
pub(crate) fn usage(error: ExplainError) -> anyhow::Error {
    match error {
        ExplainError::Run(error) => error.into(),
        error @ ExplainError::NotFinite { .. } => BadData(error.to_string()).into(),
        error => Usage(error.to_string()).into(),
    }
}

fn wrong_paths(verb: &str, paths: &[PathBuf], is_named: bool) -> String {
    let first = paths.first().map_or(Path::new("").display(), |path| path.display());
    if is_named {
        format!("{first}: with --model, expected only an image, got {} paths", paths.len())
    } else {
        format!(
            "{first}: expected MODEL and IMAGE, got only one of them; try striate {verb} convnet digits:7, or --model NAME \
             for a network with published weights"
        )
    }
}

fn one_image(path: &Path, layout: LayoutFlag) -> anyhow::Result<Source> {
    if path.is_dir() {
        let (path, why) = (path.display(), "expected one image, got a folder; name a file in it");
        let or = format!("or, if it is a data set, name one of its test images: {path}:0");
        return Err(Usage(format!("{path}: {why}, {or}")).into());
    }
    Ok(collect(&[path.to_path_buf()], layout)?.remove(0))
}

/// The network's input, `[C, H, W]` in bytes, as an image.
fn seen(pixels: &[u8], [channels, height, width]: [usize; 3]) -> anyhow::Result<Thumbnail> {
    let plane = height * width;
    let interleaved = (0..plane).flat_map(|i| (0..channels).map(move |c| pixels[c * plane + i]));
    let interleaved: Vec<u8> = interleaved.collect();
    Ok(Thumbnail::new(width, height, channels, &interleaved, height.max(width))?)
}
