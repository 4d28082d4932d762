//! `striate xray`: takes one value of a network apart, down to each product.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use striate::explain::xray::{Ask, Xray, XrayReport, xray};
use striate::report::layout::About;

use crate::look::{LookArgs, says, usage};
use crate::out;
use crate::scenes::write_scene;

/// Take one value apart: the pixels it sees and the products it sums
#[derive(Debug, ClapArgs)]
#[command(override_usage = "\
striate xray [OPTIONS] MODEL IMAGE
       striate xray [OPTIONS] --model NAME [--weights SOURCE] IMAGE")]
#[command(after_help = "\
The sum is also computed by hand, and compared with that of the engine. Without options, the command takes the \
strongest value in the strongest map of the last convolution for this image.

Examples:
  striate xray convnet digits:7
  striate xray convnet digits:7 --layer conv2 --map 5 --at 7,12
  striate xray convnet digits:7 --layer fc2 --map 3              where the logit of class 3 comes from")]
pub(crate) struct Args {
    #[command(flatten)]
    look: LookArgs,
    /// Layer of the value ('striate summary' lists them) [default: the last convolution]
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// Index of the feature map, or of the value in a vector, from 0 [default: the strongest]
    #[arg(long, value_name = "N")]
    map: Option<usize>,
    /// Position in the map, from 0 [default: the strongest]
    #[arg(long, value_name = "ROW,COLUMN", value_parser = place)]
    at: Option<[usize; 2]>,
    /// Folder for the page
    #[arg(short, long, value_name = "FOLDER", default_value = "xray")]
    out: PathBuf,
    /// Print one JSON document, with every product
    #[arg(long)]
    json: bool,
}

/// Parses `ROW,COLUMN`.
fn place(text: &str) -> Result<[usize; 2], String> {
    let read = |(row, column): (&str, &str)| Some([row.trim().parse().ok()?, column.trim().parse().ok()?]);
    let wrong = || "expected a row and a column, from 0, such as 7,12".to_owned();
    text.split_once(',').and_then(read).ok_or_else(wrong)
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let mut looked = args.look.open("xray")?;
    let prediction = looked.predict()?;
    let image = looked.image();
    let file = looked.model.file();
    let ask = Ask { layer: args.layer.as_deref(), map: args.map, at: args.at };
    let mut images = image.outer_iter();
    let Some(image) = images.next() else { unreachable!("there is one") };
    let found = xray(&file.graph, &file.params, &looked.engine, image, &ask).map_err(usage)?;
    let about = About {
        subject: looked.sentence(&prediction),
        image: Some(looked.image.clone()),
        classes: looked.model.classes().to_vec(),
    };
    let files = write_scene(&args.out, &stem(&found), &found.page(&about))?;
    if args.json {
        out::json(&XrayReport { subject: looked.subject(&prediction), xray: found, files })?;
        return Ok(0);
    }
    let mut text = format!("{}: {}\n{found}\n", looked.shown(), says(&prediction));
    files.iter().for_each(|path| text.push_str(&format!("{}\n", path.display())));
    out::say(&text)?;
    Ok(0)
}

/// The file name, such as `conv2-5-7-12`, with unsafe characters of the layer's name replaced.
fn stem(xray: &Xray) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let layer: String = xray.layer.trim_start_matches('.').chars().take(80).map(plain).collect();
    match xray.shape {
        [_, 1, 1] => format!("{layer}-{}", xray.map),
        _ => format!("{layer}-{}-{}-{}", xray.map, xray.at[0], xray.at[1]),
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn places_are_two_whole_numbers() {
        assert_eq!(place("7,12"), Ok([7, 12]));
        assert_eq!(place("0, 3"), Ok([0, 3]));
        for wrong in ["", "7", "7,", ",7", "-1,2", "1,2,3", "a,b", "7;12", "1.5,2"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
