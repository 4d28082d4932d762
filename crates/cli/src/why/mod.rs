//! `striate why`: which pixels of an image speak for a class, and which against it.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use striate::explain::ExplainError;
use striate::explain::attribution::{Attribution, Attributor, ClassesReport, Method, class_page, find_class};
use striate::prelude::Array4;
use striate::report::chart::Scene;
use striate::report::layout::About;
use striate::report::npy;

use crate::exit::Usage;
use crate::look::{LookArgs, Looked, says, usage};
use crate::out;
use crate::scenes::{write_file, write_scene};
use crate::working::Working;

/// The number of classes that a page shows side by side.
const CLASSES: usize = 10;
const ASKING: &str = "computing attributions";

/// Show which pixels speak for a class, and which against it
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate why [OPTIONS] MODEL IMAGE
       striate why [OPTIONS] --model NAME [--weights SOURCE] IMAGE")]
#[command(after_help = "\
Writes a page as PNG and SVG, and the attributions as .npy.

Examples:
  striate why convnet digits:7
  striate why convnet digits:7 --class 1 --versus 7  why 1 rather than 7
  striate why convnet digits:7 --method exact-sum")]
pub(crate) struct Args {
    #[command(flatten)]
    look: LookArgs,
    /// Class to explain, by name [default: the predicted class]
    #[arg(long, value_name = "NAME")]
    class: Option<String>,
    /// Explain the difference from the logit of this class
    #[arg(long, value_name = "NAME")]
    versus: Option<String>,
    /// Explain the ten classes with the highest logits, on one page and one color scale
    #[arg(long, conflicts_with_all = ["class", "versus"])]
    all_classes: bool,
    /// Attribution method; all but eigen-cam explain the logit, not the probability
    ///
    /// [default: grad-cam where images are larger than 64 x 64 pixels and the network has a convolution, else
    /// integrated-gradients]
    #[arg(long, value_name = "METHOD", value_parser = methods())]
    method: Option<Method>,
    /// Layer whose feature maps are used, for the -cam methods [default: the last layer with feature maps]
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// Folder for the page
    #[arg(short, long, value_name = "FOLDER", default_value = "why")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// The methods by their keys, each with a line of help.
fn methods() -> impl TypedValueParser<Value = Method> {
    let value = |method: &Method| PossibleValue::new(method.key()).help(method.summary());
    PossibleValuesParser::new(Method::all().iter().map(value)).map(|key| {
        let method = Method::all().iter().find(|method| method.key() == key);
        *method.unwrap_or_else(|| unreachable!("one of the possible values"))
    })
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let mut looked = args.look.open("why")?;
    let class = |name: &Option<String>| {
        name.as_deref().map(|name| find_class(looked.model.classes(), name)).transpose().map_err(usage)
    };
    let (named, versus) = (class(&args.class)?, class(&args.versus)?);
    let prediction = looked.predict()?;
    let class = named.unwrap_or_else(|| prediction.top(1)[0].0);
    if versus == Some(class) {
        let name = &looked.model.classes()[class];
        return Err(Usage(format!(
            "--versus {name}: this is the class that is being explained; name another one, or add --class"
        ))
        .into());
    }
    let classes: Vec<usize> = if args.all_classes {
        prediction.top(CLASSES).into_iter().map(|(class, _)| class).collect()
    } else {
        vec![class]
    };
    let method = args.method.unwrap_or_else(|| Method::usual(&looked.model.file().graph));
    let (working, all, mut is_long) = (Working::new(args.json), classes.len(), false);
    let mut found = Vec::with_capacity(all);
    for (i, class) in classes.into_iter().enumerate() {
        let mut tell = |done: usize, most: usize| {
            is_long = true;
            working.count(ASKING, i * most + done, all * most);
        };
        let question = Asked { method, class, versus, is_of_all: args.all_classes };
        found.push(question.ask(args.layer.as_deref(), &mut looked, &mut tell).map_err(usage)?);
    }
    if is_long {
        // The method ends early when the refinements agree.
        working.count(ASKING, 1, 1);
    }

    let about = About {
        subject: looked.sentence(&prediction),
        image: Some(looked.image.clone()),
        classes: looked.model.classes().to_vec(),
    };
    let scene = if args.all_classes { class_page(&found, &about) } else { found[0].page(&about) };
    let files = write(args, &scene, &found)?;
    let (subject, classes) = (looked.subject(&prediction), looked.model.classes());
    match (args.json, args.all_classes) {
        (true, true) => out::json(&ClassesReport::new(&found, &subject, classes, files))?,
        (true, false) => out::json(&found[0].report(&subject, classes, files))?,
        (false, _) => {
            let mut text = format!("{}: {}\n", looked.shown(), says(&prediction));
            found.iter().for_each(|attribution| text.push_str(&attribution.text(classes)));
            if let Some(warning) = method.warning() {
                text.push_str(&format!("caution: {warning}\n"));
            }
            files.iter().for_each(|path| text.push_str(&format!("{}\n", path.display())));
            out::say(&text)?;
        }
    }
    Ok(0)
}

/// The attribution that is asked for.
struct Asked {
    method: Method,
    class: usize,
    versus: Option<usize>,
    is_of_all: bool,
}

impl Asked {
    fn ask(
        &self,
        layer: Option<&str>,
        looked: &mut Looked,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<Attribution, ExplainError> {
        if self.is_of_all && !self.method.knows_class() {
            return Err(ExplainError::NoVersus { method: self.method.name() });
        }
        let image = looked.image();
        // A normalized value of 0 is the mean of the training images.
        let baseline = Array4::zeros(image.raw_dim());
        let (Some(image), Some(baseline)) = (image.outer_iter().next(), baseline.outer_iter().next()) else {
            unreachable!("each is a batch of one")
        };
        let question = Attributor::new(looked.model.session(), image, self.class)?.telling(tell);
        let mut question = match self.versus {
            Some(other) => question.versus(other)?,
            None => question,
        };
        question.ask_of(self.method, layer, &baseline)
    }
}

/// Writes the page as PNG and SVG, and the values, class by class; returns the paths.
fn write(args: &Args, scene: &Scene, found: &[Attribution]) -> anyhow::Result<Vec<PathBuf>> {
    let values: Vec<f32> = found.iter().flat_map(|attribution| &attribution.values).copied().collect();
    let mut shape = found[0].shape.to_vec();
    if args.all_classes {
        shape.insert(0, found.len());
    }
    let name = format!("{}{}", found[0].method.key(), if args.all_classes { "-classes" } else { "" });
    let mut files = write_scene(&args.out, &name, scene)?;
    files.push(write_file(&args.out, &format!("{name}.npy"), &npy(&shape, &values))?);
    Ok(files)
}
