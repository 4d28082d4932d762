//! Evidence as a picture: the values in the colours of their scale, alone and over what they are about.

use super::{Evidence, Method};
use crate::chart::{Anchor, Scene};
use crate::colour::Rgb;
use crate::maps::page::{About, CAPTION_SIZE, Legend, MARGIN, SOFT_INK, TOP, page, push_tile};
use crate::maps::scale::number;
use crate::maps::{Scale, coloured};
use crate::thumbnail::Thumbnail;

const SIDE: f64 = 340.0;
const GAP: f64 = 40.0;
const CAPTION: f64 = 22.0;
/// How much of an overlay the colour of the largest value is.
const OPACITY: f64 = 0.8;

impl Evidence {
    /// One scale for all values: blue for what speaks against the class, white for nothing, orange for what speaks for it;
    /// of methods that know no against, viridis.
    pub fn scale(&self) -> Scale {
        Scale::of(&self.per_pixel(), self.method.is_signed())
    }

    /// The values as large as the picture, with their colours mixed into its grey, the more the larger they are.
    pub fn overlay(&self, picture: &Thumbnail) -> Thumbnail {
        let (width, height) = (picture.width_px() as usize, picture.height_px() as usize);
        let (values, scale) = (self.stretched([height, width]), self.scale());
        let mixed = values.iter().enumerate().map(|(i, &value)| {
            let pixel = picture.pixel((i % width) as u32, (i / width) as u32);
            let grey =
                0.2126 * f64::from(pixel[0]) + 0.7152 * f64::from(pixel[1]) + 0.0722 * f64::from(pixel[2]);
            let (colour, place) = (scale.colour(value), scale.position(value));
            let share = if place.is_nan() { OPACITY } else { OPACITY * place.abs() };
            let mix = |colour: u8| (grey * (1.0 - share) + f64::from(colour) * share).round() as u8;
            Rgb { r: mix(colour.r), g: mix(colour.g), b: mix(colour.b) }
        });
        Thumbnail::of_colours(width, height, mixed)
    }

    /// A page with the values, the overlay, and what the colours mean. `about.picture` is what the network was shown.
    pub fn page(&self, about: &About) -> Scene {
        let class = about.classes.get(self.class).cloned().unwrap_or_else(|| format!("class {}", self.class));
        let of = self.layer.as_ref().map(|layer| format!(" of {layer}")).unwrap_or_default();
        let title = format!("Why {class}? {}{of}", self.method.name());
        let sum = self.completeness.map_or_else(String::new, |c| {
            let (sum, rise, gap) = (number(c.sum as f32), number(c.rise as f32), number(c.gap as f32));
            format!(" · the values sum to {sum}, the logit rises by {rise}: gap {gap}")
        });
        let line = format!("logit {}{sum}", number(self.logit));
        let scale = self.scale();
        let body = (2.0 * SIDE + GAP, CAPTION + SIDE);
        let lines = [about.subject.as_str(), &line];
        let mut scene = page(&title, lines, about.picture.as_ref(), &Legend::Scale(&scale), body);
        let [_, height, width] = self.shape;
        let raw = coloured(&self.per_pixel(), [height, width], |v| scale.colour(v));
        let unit = if self.method == Method::Gradient {
            "slope of the logit"
        } else {
            "evidence, in units of the logit"
        };
        let mut tiles = vec![(format!("{unit}, {height} x {width}"), raw)];
        if let Some(picture) = &about.picture {
            tiles.push(("over the picture, larger values more opaque".into(), self.overlay(picture)));
        }
        for (i, (caption, tile)) in tiles.into_iter().enumerate() {
            let x = MARGIN + (SIDE + GAP) * i as f64;
            scene.text((x, TOP + 10.0), CAPTION_SIZE, Anchor::Start, SOFT_INK, caption);
            push_tile(&mut scene, &tile, x, TOP + CAPTION, SIDE);
        }
        scene
    }
}
