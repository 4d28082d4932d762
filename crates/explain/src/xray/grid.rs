//! Small grids of numbers in color: a window, a kernel, their products.

use crate::maps::colored;
use striate_report::chart::{Anchor, Scene, Shape};
use striate_report::color::Rgb;
use striate_report::layout::{Block, HAIRLINE, framed};
use striate_report::scale::Scale;
use striate_report::{Area, hatched};

const HATCH: Rgb = Rgb::hex(0xb0b0b0);
/// Cells from this size on have their number in them.
const READABLE: f64 = 28.0;
const DIGITS: f64 = 9.0;

/// How large the cells of a grid are, so that it is about as large whatever the window.
fn cell_side([rows, columns]: [usize; 2]) -> f64 {
    match rows.max(columns) {
        0..=2 => 42.0,
        3 => 32.0,
        n => (100.0 / n as f64).max(0.5),
    }
}

/// Where cell `i` of such a grid lies: left, top, width, height.
pub(super) fn cell_of(i: usize, [rows, columns]: [usize; 2]) -> Area {
    let (cell, columns) = (cell_side([rows, columns]), columns.max(1));
    (cell * (i % columns) as f64, cell * (i / columns) as f64, cell, cell)
}

/// A grid as large as its cells: `None` is a cell of padding, which is hatched.
pub(super) fn cells([rows, columns]: [usize; 2], values: &[Option<f32>], scale: &Scale) -> Block {
    let cell = cell_side([rows, columns]);
    let (width, height) = (cell * columns as f64, cell * rows as f64);
    if cell < 4.0 {
        let plain: Vec<f32> = values.iter().map(|v| v.unwrap_or(f32::NAN)).collect();
        let image = colored(&plain, [rows, columns], |v| scale.color(v));
        return framed(&image, width.max(height));
    }
    Block::drawn(width, height, |scene| {
        scene.rect(-0.5, -0.5, width + 1.0, height + 1.0, HAIRLINE);
        for (i, value) in values.iter().enumerate() {
            let (x, y, ..) = cell_of(i, [rows, columns]);
            let Some(value) = *value else {
                scene.rect(x, y, cell, cell, Rgb::WHITE);
                hatched(scene, (x, y, cell, cell), (0.0, 0.0, 0.0, 0.0), HATCH);
                continue;
            };
            let color = scale.color(value);
            scene.rect(x, y, cell, cell, color);
            if cell >= READABLE {
                let at = (x + cell / 2.0, y + cell / 2.0 + 0.36 * DIGITS);
                scene.text(at, DIGITS, Anchor::Middle, color.ink(), short(value));
            }
        }
    })
}

/// A frame around a rectangle.
pub(super) fn push_frame(scene: &mut Scene, (x, y, width, height): Area, stroke: Rgb, thick: f64) {
    let points =
        vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y), (x + width, y)];
    scene.shapes.push(Shape::Polyline { points, width: thick, stroke, dash: None });
}

/// A number of at most five characters, for a cell.
fn short(value: f32) -> String {
    let magnitude = value.abs();
    let text = match magnitude {
        _ if value == 0.0 => "0".into(),
        _ if !value.is_finite() => value.to_string(),
        m if m < 0.005 => "≈0".into(),
        m if m < 9.995 => format!("{value:.2}"),
        m if m < 99.95 => format!("{value:.1}"),
        m if m < 9999.5 => format!("{value:.0}"),
        _ => format!("{value:.0e}"),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_into_a_cell() {
        for (value, want) in [
            (0.0, "0"),
            (0.001, "≈0"),
            (-0.126, "−0.13"),
            (12.34, "12.3"),
            (-1234.5, "−1234"),
            (1.0e7, "1e7"),
            (f32::NAN, "NaN"),
        ] {
            assert_eq!(short(value), want);
        }
    }
}
