//! The images of a run, each of which can be read.

use striate::data::{BadFiles, Dataset};

use crate::flags_data::LayoutFlag;
use crate::out;
use crate::working::Working;

/// Opens the data set and decodes every photo once, so that a run does not fail in a late epoch on an unreadable image.
pub(crate) fn data(
    source: &str,
    layout: LayoutFlag,
    skip_bad: bool,
    is_quiet: bool,
) -> anyhow::Result<Dataset> {
    let mut data = layout.open(source)?.to_learn()?;
    let bad_files = if skip_bad { BadFiles::Skip } else { BadFiles::Refuse };
    let working = Working::new(is_quiet);
    let tell = |done: usize, total: usize| working.count("decoding every photo once", done, total);
    let skipped = data.verify(bad_files, &tell)?;
    for bad in skipped.iter().filter(|_| !is_quiet) {
        out::tell(format!("skipped {}: {}", bad.path.display(), bad.why));
    }
    Ok(data)
}
