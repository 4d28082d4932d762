//! `striate why`: which part of a picture speaks for a class, and which against it.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args as ClapArgs, ValueEnum};
use serde::Serialize;
use striate::Classifier;
use striate::formats::write_atomically;
use striate::inspect::evidence::{Completeness, Evidence, Method, Patch, Path, Question, find_class};
use striate::inspect::maps::{About, Scale};
use striate::inspect::text::percent;
use striate::inspect::{InspectError, npy};
use striate::prelude::Array4;

use crate::exit::Usage;
use crate::maps::model::ModelFlags;
use crate::maps::{one_picture, seen, shown_name, usage};
use crate::out;

/// Pixels of the PNG for one of the page.
const SCALE: f64 = 2.0;
/// Patches of an occlusion along the longer side, were they not to overlap; they do by half.
const PATCHES: usize = 8;

/// Show which part of a picture speaks for a class, and which against it: a page as PNG and SVG, and the numbers as .npy
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate why [OPTIONS] MODEL PICTURE
       striate why [OPTIONS] --model NAME [--weights SOURCE] PICTURE")]
pub(crate) struct Args {
    /// A model file, or the folder of a run (not with --model); then a picture of any size, or '-' for standard input
    #[arg(required = true, num_args = 1..=2, value_name = "MODEL PICTURE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelFlags,
    /// Why this class, by its name [default: the one the network says]
    #[arg(long, value_name = "NAME")]
    class: Option<String>,
    /// How to find out; all explain the logit, not the probability
    #[arg(long, value_enum, default_value_t = How::IntegratedGradients)]
    method: How,
    /// The layer whose maps are used, for the -cam methods [default: the last that makes maps]
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// The folder for the page
    #[arg(short, long, value_name = "FOLDER", default_value = "why")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// The picture is black on white, and the model was trained on white on black (as handwritten digits are)
    #[arg(long)]
    invert: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum How {
    /// How fast the logit rises with each pixel
    Gradient,
    /// What each pixel adds, were the network linear
    GradientXInput,
    /// What each pixel adds on the way from the mean picture; sums to the logit's rise
    IntegratedGradients,
    /// Maps of a layer, as strong as the logit rises with each
    GradCam,
    /// The same for several places of one class
    GradCamPlusPlus,
    /// Each value of a layer by its own gradient; sharp in early layers
    LayerCam,
    /// How far the logit falls when a patch is covered with the mean colour
    Occlusion,
}

#[derive(Serialize)]
struct Document<'a> {
    model: &'a str,
    picture: String,
    predicted: &'a str,
    probability: f32,
    class: &'a str,
    method: Method,
    layer: Option<&'a str>,
    logit: f32,
    shape: [usize; 3],
    completeness: Option<Completeness>,
    scale: Scale,
    files: &'a [PathBuf],
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let (file, picture) = match (&args.paths[..], args.model.is_named()) {
        ([picture], true) => (None, picture),
        ([model, picture], false) => (Some(model.as_path()), picture),
        (paths, named) => {
            let wanted = if named { "with --model, one picture alone" } else { "a model and a picture" };
            return Err(Usage(format!("why: expected {wanted}, got {} paths", paths.len())).into());
        }
    };
    let is_cam = matches!(args.method, How::GradCam | How::GradCamPlusPlus | How::LayerCam);
    if args.layer.is_some() && !is_cam {
        let why = "--layer is for grad-cam, grad-cam-plus-plus and layer-cam; the others look at the picture itself";
        return Err(Usage(why.into()).into());
    }
    let source = one_picture(picture)?;
    let mut subject = args.model.load(file)?;
    subject.model.preprocess.invert |= args.invert;
    let mut model = Classifier::new(subject.model, subject.engine)?;
    let named = args.class.as_deref().map(|name| find_class(model.classes(), name));
    let named = named.transpose().map_err(usage)?;
    let pixels = model.preprocess().from_picture(&source.open(model.preprocess())?);
    let prediction = model.predict_pixels(&pixels)?.remove(0);
    let class = named.unwrap_or_else(|| prediction.top(1)[0].0);
    let evidence = ask(args, &mut model, &pixels, class).map_err(|error| match error {
        InspectError::Run(error) => anyhow::Error::from(error),
        error => usage(error).into(),
    })?;

    let says = format!("{} with {}", prediction.class(), percent(Some(prediction.probability().into())));
    let about = About {
        subject: format!("{} looks at {} and says {says}", subject.name, shown_name(&source)),
        picture: Some(seen(&pixels, model.preprocess().shape())?),
        classes: model.classes().to_vec(),
    };
    let files = write(args, &evidence, &about)?;
    let class = &about.classes[class];
    if args.json {
        out::json(&Document {
            model: &subject.name,
            picture: source.name(),
            predicted: prediction.class(),
            probability: prediction.probability(),
            class,
            method: evidence.method,
            layer: evidence.layer.as_deref(),
            logit: evidence.logit,
            shape: evidence.shape,
            completeness: evidence.completeness,
            scale: evidence.scale(),
            files: &files,
        })?;
        return Ok(0);
    }
    let of = evidence.layer.as_ref().map(|layer| format!(" of {layer}")).unwrap_or_default();
    let mut text = format!(
        "{}: {says}\nwhy {class}: {}{of}, logit {:.4}\n",
        source.name(),
        evidence.method.name(),
        evidence.logit
    );
    if let Some(Completeness { rise, sum, gap }) = evidence.completeness {
        text.push_str(&format!(
            "the values sum to {sum:.5}, the logit rises by {rise:.5} from the mean picture: gap {gap:.1e}\n"
        ));
    }
    files.iter().for_each(|path| text.push_str(&format!("{}\n", path.display())));
    out::print(&text)?;
    Ok(0)
}

fn ask(args: &Args, model: &mut Classifier, pixels: &[u8], class: usize) -> Result<Evidence, InspectError> {
    let [c, h, w] = model.preprocess().shape();
    // Picture 0, and the baseline: normalised values of 0 are the mean of the training pictures.
    let mut values = vec![0.0; 2 * c * h * w];
    model.preprocess().normalise(pixels, &mut values[..c * h * w]);
    let pictures = Array4::from_shape_vec((2, c, h, w), values)
        .unwrap_or_else(|_| unreachable!("two pictures of the network's size"));
    let mut both = pictures.outer_iter();
    let (Some(picture), Some(baseline)) = (both.next(), both.next()) else { unreachable!("there are two") };
    let mut question = Question::new(model.session(), picture, class)?;
    let layer = args.layer.as_deref();
    match args.method {
        How::Gradient => question.gradient(),
        How::GradientXInput => question.gradient_x_input(),
        How::IntegratedGradients => question.integrated_gradients(&baseline, Path::default()),
        How::GradCam => question.grad_cam(layer),
        How::GradCamPlusPlus => question.grad_cam_plus_plus(layer),
        How::LayerCam => question.layer_cam(layer),
        How::Occlusion => {
            let side_px = h.max(w).div_ceil(PATCHES);
            question.occlusion(&baseline, Patch { side_px, stride_px: side_px.div_ceil(2) })
        }
    }
}

/// The page as PNG and SVG, and the values; gives the paths.
fn write(args: &Args, evidence: &Evidence, about: &About) -> anyhow::Result<Vec<PathBuf>> {
    let scene = evidence.page(about);
    let files = [
        ("png", scene.to_png(SCALE)?),
        ("svg", scene.to_svg().into_bytes()),
        ("npy", npy(&evidence.shape, &evidence.values)),
    ];
    let folder = args.out.display();
    std::fs::create_dir_all(&args.out).with_context(|| format!("{folder}: cannot make this folder"))?;
    let name = args.method.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let write = |(ending, bytes): (&str, Vec<u8>)| {
        let path = args.out.join(format!("{name}.{ending}"));
        write_atomically(&path, &bytes).with_context(|| format!("{}: cannot write", path.display()))?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}
