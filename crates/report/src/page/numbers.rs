//! The numbers at the top of a page, the comparisons, and the calibration.

use std::fmt::Write;

use super::content::{Page, percent, section, share};
use crate::calibration::Calibration;
use crate::chart::Escaped;
use crate::metrics::{Z_95, wilson_interval};
use crate::text::{UNDEFINED, grouped};

/// The four or five numbers that most readers came for.
pub(super) fn figures(page: &Page<'_>, out: &mut String) {
    let confusion = page.confusion;
    let (hits, images) = (confusion.hits(), confusion.total());
    let average = confusion.macro_average();
    let interval = wilson_interval(hits, images, Z_95).map_or(String::new(), |(low, high)| {
        format!("95 % interval {:.1} to {:.1} %", 100.0 * low, 100.0 * high)
    });
    let mut cards = vec![
        ("Accuracy", percent(confusion.accuracy()), interval),
        ("Correct predictions", grouped(hits), format!("of {} images", grouped(images))),
        ("Mean recall", percent(average.recall), "all classes weighted equally".to_owned()),
        ("Mean F1", percent(average.f1), "of precision and recall".to_owned()),
    ];
    if let (Some(top5), true) = (page.top5_hits, page.classes.len() > 5) {
        let share = (images > 0).then(|| top5 as f64 / images as f64);
        cards.insert(1, ("Top-5 accuracy", percent(share), "the label is among the top five".to_owned()));
    }
    if let Some(ece) = page.calibration.and_then(Calibration::ece) {
        cards.push(("Calibration error", percent(Some(ece)), "ECE: 0 is perfect".to_owned()));
    }
    out.push_str("<dl class=\"figures\">\n");
    for (name, value, about) in cards {
        let _ =
            writeln!(out, "<div><dt>{name}</dt><dd>{value}<span class=\"small\">{about}</span></dd></div>");
    }
    out.push_str("</dl>\n");
}

/// This classifier and others on the same images, with their intervals on one scale.
pub(super) fn comparisons(page: &Page<'_>, out: &mut String) {
    if page.comparisons.is_empty() {
        return;
    }
    section(out, "Compared with");
    out.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th>on the same images</th><th>accuracy</th>\
         <th class=\"left\">95 % interval</th></tr></thead>\n<tbody>\n",
    );
    let own = ("<strong>this classifier</strong>".to_owned(), page.confusion.hits(), page.confusion.total());
    let others = page.comparisons.iter().map(|c| (Escaped(&c.name).to_string(), c.hits, c.images));
    for (name, hits, images) in std::iter::once(own).chain(others) {
        let interval = interval(hits, images);
        let _ = writeln!(
            out,
            "<tr><td class=\"name\">{name}</td><td>{}</td><td class=\"interval\">{interval}</td></tr>",
            share(hits, images)
        );
    }
    out.push_str("</tbody></table></div>\n");
}

/// A proportion and its Wilson interval as a small image from 0 to 100 %, with the numbers for those who point at it.
pub(super) fn interval(hits: u64, n: u64) -> String {
    let Some((low, high)) = wilson_interval(hits, n, Z_95) else { return UNDEFINED.to_owned() };
    let (low, high, at) = (100.0 * low, 100.0 * high, 100.0 * hits as f64 / n as f64);
    format!(
        "<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" role=\"img\"><title>{low:.1} to {high:.1} %</title>\
         <rect class=\"track\" y=\"3.5\" width=\"100\" height=\"1\"/>\
         <rect class=\"range\" x=\"{low:.1}\" y=\"2\" width=\"{:.1}\" height=\"4\"/>\
         <rect class=\"point\" x=\"{:.1}\" width=\"2\" height=\"8\"/></svg>",
        (high - low).max(0.5),
        (at - 1.0).clamp(0.0, 98.0),
    )
}

pub(super) fn calibration(calibration: &Calibration, out: &mut String) {
    let number = |value: Option<f64>| value.map_or(UNDEFINED.to_owned(), |v| format!("{v:.4}"));
    let over = calibration.overconfidence().unwrap_or(0.0);
    let verdict = match over {
        _ if over.abs() < 0.01 => "Its confidence matches its accuracy: it is well calibrated.".to_owned(),
        _ if over > 0.0 => format!(
            "It is overconfident: on average, its probability is {:.1} percentage points above its accuracy.",
            100.0 * over
        ),
        _ => format!(
            "It is underconfident: on average, its probability is {:.1} percentage points below its accuracy.",
            -100.0 * over
        ),
    };
    let _ = writeln!(
        out,
        "<div><p>{verdict}</p>\n\
         <p class=\"small soft\">Each bar is the accuracy of the predictions made with about that probability; on the dashed \
         line both are equal. Orange is the shortfall where the accuracy is below the probability, and pale blue the excess \
         where it is above. The strip below shows the number of predictions behind each bar; a bar with few predictions says \
         little.</p>\n\
         <dl class=\"facts\"><dt>Expected calibration error</dt><dd>{} (15 bins)</dd>\
         <dt>Brier score</dt><dd>{} (0 is best, 2 is worst)</dd>\
         <dt>Negative log-likelihood</dt><dd>{}</dd></dl></div>",
        percent(calibration.ece()),
        number(calibration.brier()),
        number(calibration.negative_log_likelihood()),
    );
}
