//! The table of classes: precision, recall with its interval, F1.

use std::fmt::Write;

use super::content::{Page, percent, section};
use super::numbers::interval;
use crate::metrics::ClassMetrics;
use crate::text::grouped;

/// Up to this number of classes, the table is shown in full; with more, only the hardest classes are, and the rest can be
/// unfolded.
const OPEN_UP_TO: usize = 30;
const HARDEST: usize = 15;

const HEAD: &str = "<div class=\"scroll\"><table>\n<thead><tr><th>class</th><th>images</th><th>precision</th><th>recall</th>\
                    <th class=\"left\">95 % interval of recall</th><th>F1</th></tr></thead>\n<tbody>\n";

pub(super) fn table(page: &Page<'_>, out: &mut String) {
    let classes = page.classes.len();
    section(out, "Class by class");
    if classes <= OPEN_UP_TO {
        rows(page, 0..classes, true, out);
        return;
    }
    let mut hardest: Vec<usize> = (0..classes).filter(|&class| page.confusion.support(class) > 0).collect();
    let recall = |class: usize| page.confusion.class_metrics(class).recall.unwrap_or(1.0);
    hardest.sort_by(|&a, &b| recall(a).total_cmp(&recall(b)).then(a.cmp(&b)));
    hardest.truncate(HARDEST);
    let _ = writeln!(out, "<p>The {} classes with the lowest recall:</p>", hardest.len());
    rows(page, hardest.into_iter(), false, out);
    let _ = writeln!(out, "<details><summary>All {} classes</summary>", grouped(classes as u64));
    rows(page, 0..classes, true, out);
    out.push_str("</details>\n");
}

fn rows(page: &Page<'_>, classes: impl Iterator<Item = usize>, with_mean: bool, out: &mut String) {
    out.push_str(HEAD);
    for class in classes {
        let metrics = page.confusion.class_metrics(class);
        let hits = page.confusion.count(class, class);
        row(out, &page.name(class), &metrics, &interval(hits, metrics.support));
    }
    out.push_str("</tbody>\n");
    if with_mean {
        out.push_str("<tfoot>");
        row(out, "mean", &page.confusion.macro_average(), "");
        out.push_str("</tfoot>\n");
    }
    out.push_str("</table></div>\n");
}

fn row(out: &mut String, name: &str, metrics: &ClassMetrics, interval: &str) {
    let _ = writeln!(
        out,
        "<tr><td class=\"name\">{name}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"interval\">{interval}</td>\
         <td>{}</td></tr>",
        grouped(metrics.support),
        percent(metrics.precision),
        percent(metrics.recall),
        percent(metrics.f1),
    );
}
