//! One unit: its page, and the same as text or JSON.

use striate::data::Dataset;
use striate::lab::neurons::{Card, Index};

use super::args::Args;
use crate::look::Subject;
use crate::out;
use crate::scenes::write_scene;
use crate::working::Working;

pub(super) fn show(
    args: &Args,
    subject: &Subject,
    data: &Dataset,
    index: &Index,
    (layer, map): (&str, usize),
    working: &Working,
) -> anyhow::Result<u8> {
    let dreaming = args.dream.then_some(args.seed);
    let mut tell = |what: &'static str, done: usize, total: usize| working.count(what, done, total);
    let card = Card::new(&subject.model, data, &subject.engine, index, (layer, map), dreaming, &mut tell)?;
    let page = card.page(&subject.model, data, &subject.name)?;
    let stem: String =
        layer.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let files = write_scene(&args.out, &format!("{stem}-{map}"), &page)?;
    if args.json {
        out::json(&card.report(index, &subject.name, data, files))?;
    } else {
        let listed: String = files.iter().map(|path| format!("{}\n", path.display())).collect();
        out::say(&(card.text(data) + &listed))?;
    }
    Ok(0)
}
