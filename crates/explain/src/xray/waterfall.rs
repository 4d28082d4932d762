//! A sum as a waterfall chart: each bar starts where the one before ended.

use super::{Work, Xray};
use striate_report::chart::{Anchor, Scene, fit_text, width_px};
use striate_report::color::{Rgb, blue_orange};
use striate_report::layout::{CAPTION, INK, SOFT_INK};
use striate_report::scale::number;

/// From bar to bar.
pub(super) const PITCH: f64 = 18.0;
/// Room for names: as much as they need, within this.
const LABEL: (f64, f64) = (150.0, 400.0);
const LENGTH: f64 = 520.0;
const STEP: Rgb = Rgb::hex(0x5c5c5c);

/// What is added, or what there is after a step.
enum Bar {
    Part(String, f64),
    Total(String, f64),
}

fn bars(xray: &Xray, most: usize) -> Vec<Bar> {
    let mut bars = Vec::new();
    match &xray.work {
        Work::Sum(sum) => {
            bars.extend(sum.bias.map(|bias| Bar::Part("bias".into(), bias.into())));
            let kind = if sum.window == [1, 1] { "value" } else { "channel" };
            // One that is left over needs no more room than "1 more".
            let shown = if sum.channels.len() == most + 1 { most + 1 } else { most.min(sum.channels.len()) };
            let (first, rest) = sum.channels.split_at(shown);
            bars.extend(first.iter().map(|c| Bar::Part(format!("{kind} {}", c.channel), c.subtotal)));
            if !rest.is_empty() {
                let subtotal = rest.iter().map(|c| c.subtotal).sum();
                bars.push(Bar::Part(format!("{} more {kind}s", rest.len()), subtotal));
            }
        }
        Work::Add { inputs, values } => {
            let parts = inputs.iter().zip(values);
            bars.extend(parts.map(|(name, &value)| Bar::Part(name.clone(), value.into())));
        }
        Work::Value { input, value } => bars.push(Bar::Total(input.clone(), (*value).into())),
        Work::Max { .. } | Work::Mean { .. } => {}
    }
    for step in &xray.steps {
        bars.push(Bar::Total(format!("= {}", step.name), step.proof.by_hand.into()));
    }
    bars
}

impl Bar {
    fn name(&self) -> &str {
        match self {
            Self::Part(name, _) | Self::Total(name, _) => name,
        }
    }
}

fn label_width(bars: &[Bar]) -> f64 {
    let widths = bars.iter().map(|bar| width_px(bar.name(), CAPTION) + 10.0);
    widths.fold(LABEL.0, f64::max).min(LABEL.1)
}

/// How wide the bars are, with what stands beside them.
pub(super) fn width(xray: &Xray, most: usize) -> f64 {
    label_width(&bars(xray, most)) + LENGTH + 70.0
}

/// How high the bars are, with `most` channels.
pub(super) fn height(xray: &Xray, most: usize) -> f64 {
    PITCH * bars(xray, most).len() as f64
}

/// Draws the bars from (left, top) on.
pub(super) fn push_bars(scene: &mut Scene, xray: &Xray, most: usize, (left, top): (f64, f64)) {
    let bars = bars(xray, most);
    let label = label_width(&bars);
    let mut so_far = 0.0;
    let spans: Vec<(f64, f64)> = bars
        .iter()
        .map(|bar| match *bar {
            Bar::Part(_, by) => {
                so_far += by;
                (so_far - by, so_far)
            }
            Bar::Total(_, value) => (0.0, value),
        })
        .collect();
    let ends = || spans.iter().flat_map(|&(from, to)| [from, to]).filter(|v| v.is_finite());
    let (low, high) = (ends().fold(0.0, f64::min), ends().fold(0.0, f64::max));
    let reach = (high - low).max(f64::MIN_POSITIVE);
    let place = |v: f64| left + label + (v.clamp(low, high) - low) / reach * LENGTH;
    let bottom = top + PITCH * bars.len() as f64;
    scene.line((place(0.0), top - 3.0), (place(0.0), bottom), SOFT_INK);
    for (i, (bar, &(from, to))) in bars.iter().zip(&spans).enumerate() {
        let y = top + PITCH * i as f64;
        let (name, value, color) = match bar {
            Bar::Part(name, by) => (name, *by, blue_orange(if *by < 0.0 { -0.75 } else { 0.75 })),
            Bar::Total(name, value) => (name, *value, STEP),
        };
        let (from, to) =
            if from.is_finite() && to.is_finite() { (place(from), place(to)) } else { (left, left) };
        scene.rect(from.min(to), y + 2.0, (to - from).abs().max(1.0), PITCH - 6.0, color);
        let name = fit_text(name, CAPTION, label - 10.0);
        scene.text((left + label - 8.0, y + 12.0), CAPTION, Anchor::End, INK, name);
        let text = match bar {
            Bar::Part(..) if value >= 0.0 => format!("+{}", number(value as f32)),
            _ => number(value as f32),
        };
        scene.text((from.max(to) + 6.0, y + 12.0), CAPTION, Anchor::Start, SOFT_INK, text);
    }
}
