//! Writes a scene as SVG.

use std::fmt::{self, Write};

use super::scene::{Anchor, Scene, Shape};
use crate::text::printable;

/// The embedded font first, so that SVG and PNG look alike where it is installed.
const FONT_FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

impl Scene {
    /// Writes the drawing as a stand-alone SVG document, without scripts or links, with every name escaped.
    pub fn to_svg(&self) -> String {
        let mut out = String::new();
        self.write_svg(&mut out).unwrap_or_else(|_| unreachable!("writing to a String cannot fail"));
        out
    }

    fn write_svg(&self, out: &mut String) -> fmt::Result {
        let (width, height) = (Number(self.width_px), Number(self.height_px));
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONT_FAMILY}\">"
        )?;
        writeln!(out, "<title>{}</title>", Escaped(&self.description))?;
        writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>")?;
        for shape in &self.shapes {
            write_shape(out, shape)?;
        }
        writeln!(out, "</svg>")
    }
}

fn write_shape(out: &mut String, shape: &Shape) -> fmt::Result {
    match shape {
        Shape::Rect { x, y, width, height, fill, tooltip } => {
            let [x, y, width, height] = [*x, *y, *width, *height].map(Number);
            write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"")?;
            match tooltip {
                Some(tooltip) => writeln!(out, "><title>{}</title></rect>", Escaped(tooltip)),
                None => writeln!(out, "/>"),
            }
        }
        Shape::Polyline { points, .. } if points.len() < 2 => Ok(()),
        Shape::Polyline { points, width, stroke, dash } => {
            write!(out, "<polyline points=\"")?;
            for (i, (x, y)) in points.iter().enumerate() {
                let space = if i == 0 { "" } else { " " };
                write!(out, "{space}{},{}", Number(*x), Number(*y))?;
            }
            write!(out, "\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{}\"", Number(*width))?;
            if let Some((on, off)) = dash {
                write!(out, " stroke-dasharray=\"{} {}\"", Number(*on), Number(*off))?;
            }
            writeln!(out, " stroke-linejoin=\"round\"/>")
        }
        Shape::Dot { center: (x, y), radius, fill } => {
            let [x, y, radius] = [*x, *y, *radius].map(Number);
            writeln!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>")
        }
        Shape::Image { x, y, width, height, image } => {
            // Enlarged pixels stay squares, as in the PNG.
            let enlarged = *width >= 2.0 * f64::from(image.width_px());
            let style = if enlarged { "style=\"image-rendering:pixelated\" " } else { "" };
            let [x, y, width, height] = [*x, *y, *width, *height].map(Number);
            let uri = image.data_uri();
            writeln!(
                out,
                "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
                 {style}href=\"{uri}\"/>"
            )
        }
        Shape::Text { at: (x, y), size, anchor, rotate, fill, text, tooltip } => {
            let [x, y, size] = [*x, *y, *size].map(Number);
            write!(out, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\"")?;
            match anchor {
                Anchor::Start => {}
                Anchor::Middle => write!(out, " text-anchor=\"middle\"")?,
                Anchor::End => write!(out, " text-anchor=\"end\"")?,
            }
            if *rotate != 0.0 {
                write!(out, " transform=\"rotate({} {x} {y})\"", Number(*rotate))?;
            }
            match tooltip {
                Some(tooltip) => write!(out, "><title>{}</title>", Escaped(tooltip))?,
                // A count must not hide the tooltip of the cell under it.
                None => write!(out, " pointer-events=\"none\">")?,
            }
            writeln!(out, "{}</text>", Escaped(text))
        }
    }
}

/// A coordinate with at most two decimals: a hundredth of a pixel is beyond every screen, and files stay small.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = (self.0 * 100.0).round() / 100.0;
        // Adding zero turns -0 into 0; an SVG number must be finite.
        write!(f, "{}", if rounded.is_finite() { rounded + 0.0 } else { 0.0 })
    }
}

/// A text that is displayed with escapes for XML and HTML, in content and attributes, and made [`printable`]; other characters
/// that XML forbids become `�`.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in printable(self.0.to_owned()).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::color::Rgb;

    #[test]
    fn every_shape_and_every_escape() {
        let mut scene = Scene::new(40.0, 20.5, "a < b");
        scene.shapes.push(Shape::Rect {
            x: -0.001,
            y: 1.0 / 3.0,
            width: 2.0,
            height: f64::NAN,
            fill: Rgb::hex(0x0072b2),
            tooltip: Some("R&D".into()),
        });
        scene.line((0.0, 0.5), (40.0, 0.5), Rgb::BLACK);
        scene.shapes.push(Shape::Polyline {
            points: vec![(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)],
            width: 1.5,
            stroke: Rgb::BLACK,
            dash: Some((4.0, 3.0)),
        });
        scene.shapes.push(Shape::Polyline {
            points: vec![(1.0, 1.0)],
            width: 1.0,
            stroke: Rgb::BLACK,
            dash: None,
        });
        scene.shapes.push(Shape::Dot { center: (3.0, 4.0), radius: 2.5, fill: Rgb::BLACK });
        scene.shapes.push(Shape::Text {
            at: (5.0, 6.0),
            size: 11.0,
            anchor: Anchor::End,
            rotate: -90.0,
            fill: Rgb::BLACK,
            text: "</text><script>\"'\0\u{ffff}…".into(),
            tooltip: Some("Straße 猫".into()),
        });
        expect![[r##"
            <svg xmlns="http://www.w3.org/2000/svg" width="40" height="20.5" viewBox="0 0 40 20.5" role="img" font-family="DejaVu Sans, Verdana, sans-serif">
            <title>a &lt; b</title>
            <rect width="40" height="20.5" fill="#ffffff"/>
            <rect x="0" y="0.33" width="2" height="0" fill="#0072b2"><title>R&amp;D</title></rect>
            <polyline points="0,0.5 40,0.5" fill="none" stroke="#000000" stroke-width="1" stroke-linejoin="round"/>
            <polyline points="0,0 1,1 2,0" fill="none" stroke="#000000" stroke-width="1.5" stroke-dasharray="4 3" stroke-linejoin="round"/>
            <circle cx="3" cy="4" r="2.5" fill="#000000"/>
            <text x="5" y="6" font-size="11" fill="#000000" text-anchor="end" transform="rotate(-90 5 6)"><title>Straße 猫</title>&lt;/text&gt;&lt;script&gt;&quot;&#39;\u{0}�…</text>
            </svg>
        "##]].assert_eq(&scene.to_svg());
    }
}
