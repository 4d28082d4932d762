//! The color tables of all drawings of Striate: [`viridis`] for values that cannot be negative,
//! [`blue_orange`] for signed ones.
//!
//! Both are safe for color-blind readers and lose nothing in grayscale: lightness rises steadily along
//! viridis, and falls equally on both sides of blue-orange, whose neutral entry is exactly zero.

mod tables;

use std::fmt;

/// An opaque sRGB color, 8 bits per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rgb {
    /// The red channel.
    pub r: u8,
    /// The green channel.
    pub g: u8,
    /// The blue channel.
    pub b: u8,
}

impl Rgb {
    /// Black.
    pub const BLACK: Self = Self::hex(0x000000);
    /// White.
    pub const WHITE: Self = Self::hex(0xffffff);
    /// The color of a missing value (NaN, a class without images): a gray that neither table contains.
    pub const MISSING: Self = Self::hex(0xd0d0d0);

    /// Creates a color from its code `0xrrggbb`.
    pub const fn hex(rgb: u32) -> Self {
        Self { r: (rgb >> 16) as u8, g: (rgb >> 8) as u8, b: rgb as u8 }
    }

    /// The relative luminance in 0 ..= 1.
    ///
    /// # Source
    /// WCAG 2.1, definition of relative luminance.
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.r) + 0.7152 * linear(self.g) + 0.0722 * linear(self.b)
    }

    /// The contrast ratio with another color, 1 (none) to 21 (black on white).
    ///
    /// # Source
    /// WCAG 2.1, definition of contrast ratio.
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Returns black or white, whichever reads better on this color; the contrast is at least 4.5.
    pub fn ink(self) -> Self {
        if self.contrast(Self::BLACK) >= self.contrast(Self::WHITE) { Self::BLACK } else { Self::WHITE }
    }
}

/// Writes `#rrggbb`.
impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

/// Returns the viridis color of a value in 0 ..= 1: dark violet through green to yellow.
///
/// Values outside are clamped, NaN is [`Rgb::MISSING`].
///
/// # Source
/// BIDS/colormap, option D, CC0.
///
/// # Example
/// ```
/// use striate_report::color::viridis;
/// assert_eq!(viridis(0.0).to_string(), "#440154");
/// assert_eq!(viridis(1.0).to_string(), "#fde725");
/// ```
pub fn viridis(value: f64) -> Rgb {
    if value.is_nan() {
        return Rgb::MISSING;
    }
    Rgb::hex(tables::VIRIDIS[(value.clamp(0.0, 1.0) * 255.0).round() as usize])
}

/// Returns the blue-orange color of a value in -1 ..= 1: blue below zero, near-white at zero, orange above.
///
/// Values outside are clamped, NaN is [`Rgb::MISSING`]. Divide by the largest magnitude, not by the range, so
/// that zero stays neutral.
///
/// # Example
/// ```
/// use striate_report::color::blue_orange;
/// assert_eq!(blue_orange(0.0).to_string(), "#f7f7f7");
/// ```
pub fn blue_orange(value: f64) -> Rgb {
    if value.is_nan() {
        return Rgb::MISSING;
    }
    Rgb::hex(tables::BLUE_ORANGE[(127.0 + (value.clamp(-1.0, 1.0) * 127.0).round()) as usize])
}

/// The 256 entries of [`viridis`], for pages that color pixels themselves.
pub fn viridis_table() -> [Rgb; 256] {
    tables::VIRIDIS.map(Rgb::hex)
}

/// The 255 entries of [`blue_orange`]; entry 127 is zero.
pub fn blue_orange_table() -> [Rgb; 255] {
    tables::BLUE_ORANGE.map(Rgb::hex)
}

#[cfg(test)]
mod tests;
