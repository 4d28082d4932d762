//! A sum as a waterfall chart: each bar starts where the one before ended.

use super::{Work, Xray};
use striate_report::chart::{Anchor, width_px};
use striate_report::color::{Rgb, blue_orange};
use striate_report::layout::{Block, CAPTION, INK, SOFT_INK, fitted, grid};
use striate_report::scale::number;

/// From bar to bar, and the height of a bar.
const PITCH: f64 = 18.0;
const HEIGHT: f64 = 12.0;
/// The most room of a name.
const LABEL: f64 = 400.0;
const LENGTH: f64 = 520.0;
/// Between a name and its bar, and between a bar and its value.
const GAP: f64 = 8.0;
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

    fn value(&self) -> String {
        match *self {
            Self::Part(_, by) if by >= 0.0 => format!("+{}", number(by as f32)),
            Self::Part(_, value) | Self::Total(_, value) => number(value as f32),
        }
    }

    fn color(&self) -> Rgb {
        match *self {
            Self::Part(_, by) => blue_orange(if by < 0.0 { -0.75 } else { 0.75 }),
            Self::Total(..) => STEP,
        }
    }
}

/// The waterfall chart of a value, with a bar for each of the first `most` channels.
pub(super) fn waterfall(xray: &Xray, most: usize) -> Block {
    let bars = bars(xray, most);
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
    let place = |v: f64| (v.clamp(low, high) - low) / reach * LENGTH;
    let values = bars.iter().map(|bar| width_px(&bar.value(), CAPTION));
    let width = LENGTH + GAP + values.fold(0.0, f64::max).ceil();
    let cells = bars.iter().zip(&spans).flat_map(|(bar, &(from, to))| {
        let is_finite = from.is_finite() && to.is_finite();
        let (from, to) = if is_finite { (place(from), place(to)) } else { (0.0, 0.0) };
        let drawn = Block::drawn(width, PITCH, |scene| {
            scene.line((place(0.0), 0.0), (place(0.0), PITCH), SOFT_INK);
            let top = (PITCH - HEIGHT) / 2.0;
            scene.rect(from.min(to), top, (to - from).abs().max(1.0), HEIGHT, bar.color());
            scene.text((from.max(to) + GAP, 13.0), CAPTION, Anchor::Start, SOFT_INK, bar.value());
        });
        [fitted(bar.name(), CAPTION, INK, LABEL).in_height(PITCH, Anchor::Middle), drawn]
    });
    grid(&[Anchor::End, Anchor::Start], (GAP, 0.0), cells)
}
