//! The preprocessing that weights expect: the model card, and timm's `config.json`.

use serde::Deserialize;
use striate_data::{DataError, Interpolation, Preprocess};

/// How images become input: the shorter side is resized, the middle is cut out, and the channels are normalized.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// Side of the input in pixels.
    pub size: usize,
    /// The length of the shorter side, in pixels, before the middle is cut out.
    pub resize_shorter: usize,
    /// Mean of each channel, for pixels scaled to 0..1.
    pub mean: [f32; 3],
    /// Standard deviation of each channel, for pixels scaled to 0..1.
    pub std: [f32; 3],
    /// Filter with which images are resized.
    pub interpolation: Interpolation,
}

impl Card {
    /// torchvision's preprocessing: 224 px out of a shorter side of `resize_shorter`, bilinear, with the mean and standard
    /// deviation of ImageNet.
    pub const fn imagenet(resize_shorter: usize) -> Self {
        Self {
            size: 224,
            resize_shorter,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
            interpolation: Interpolation::Bilinear,
        }
    }

    /// The same for images of this side.
    pub(crate) const fn sized(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// The same with the bicubic filter.
    pub(crate) const fn bicubic(self) -> Self {
        Self { interpolation: Interpolation::Bicubic, ..self }
    }

    /// The same with values from −1 to 1: mean and standard deviation of each channel are 0.5.
    pub(crate) const fn halves(self) -> Self {
        Self { mean: [0.5; 3], std: [0.5; 3], ..self }
    }

    /// EfficientNet-Lite's preprocessing: `(x - 127) / 128` of pixels from 0 to 255, bicubic.
    pub const EFFICIENTNET_LITE: Self = Self {
        size: 224,
        resize_shorter: 256,
        mean: [127.0 / 255.0; 3],
        std: [128.0 / 255.0; 3],
        interpolation: Interpolation::Bicubic,
    };

    /// The preprocessing for a network with inputs `[C, H, W]`.
    ///
    /// If the size differs from the card's, the same fraction of the image is kept. Grayscale input uses the average of the
    /// card's means and standard deviations.
    ///
    /// # Errors
    /// If C is neither 1 nor 3, or a size is out of range.
    pub fn preprocess(&self, [channels, height, width]: [usize; 3]) -> Result<Preprocess, DataError> {
        let average = |values: [f32; 3]| values.iter().sum::<f32>() / 3.0;
        let preprocess = match channels {
            1 => Preprocess::new([1, height, width], &[average(self.mean)], &[average(self.std)])?,
            _ => Preprocess::new([channels, height, width], &self.mean, &self.std)?,
        };
        let scale = height.max(width) as f64 / self.size as f64;
        let mut preprocess =
            preprocess.with_resize_shorter((self.resize_shorter as f64 * scale).round() as usize)?;
        preprocess.interpolation = self.interpolation;
        Ok(preprocess)
    }
}

/// The content of timm's `config.json`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    pub(super) architecture: String,
    pub(super) card: Card,
    /// Names of the classes, if it lists them.
    pub(super) label_names: Option<Vec<String>>,
    /// Requests in it that are not followed, as notes for the user.
    pub(super) notes: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    architecture: String,
    #[serde(default)]
    label_names: Option<Vec<String>>,
    pretrained_cfg: Cfg,
}

#[derive(Deserialize)]
struct Cfg {
    input_size: [usize; 3],
    interpolation: String,
    crop_pct: f64,
    #[serde(default)]
    crop_mode: Option<String>,
    mean: [f32; 3],
    std: [f32; 3],
}

impl Config {
    /// Parses the file; the error says what is wrong.
    pub(super) fn from_json(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Cfg { input_size: [channels, size, width], interpolation, crop_pct, crop_mode, mean, std } =
            file.pretrained_cfg;
        if channels != 3 || size != width || !(1..=4096).contains(&size) {
            return Err(format!("input_size: expected [3, S, S], got {:?}", [channels, size, width]));
        }
        let interpolation = match &interpolation[..] {
            "bilinear" => Interpolation::Bilinear,
            "bicubic" => Interpolation::Bicubic,
            other => return Err(format!("interpolation: expected bilinear or bicubic, got {other}")),
        };
        if !(crop_pct > 0.1 && crop_pct <= 1.0) {
            return Err(format!("crop_pct: expected above 0.1, at most 1, got {crop_pct}"));
        }
        // timm rounds down.
        let resize_shorter = (size as f64 / crop_pct).floor() as usize;
        let card = Card { size, resize_shorter, mean, std, interpolation };
        let mut notes = Vec::new();
        // timm squashes the image into the square, or shows all of it between borders.
        if let Some(mode) = crop_mode.filter(|mode| mode != "center") {
            notes.push(format!(
                "config.json asks for crop_mode {}, which striate does not have: the middle of each image is cut out, so \
                 answers differ a little from timm's",
                mode.escape_debug()
            ));
        }
        Ok(Self { architecture: file.architecture, card, label_names: file.label_names, notes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timms_configuration() {
        let text = r#"{"architecture": "resnet18", "num_classes": 1000, "num_features": 512, "pretrained_cfg":
            {"tag": "a1_in1k", "custom_load": false, "input_size": [3, 224, 224], "test_input_size": [3, 288, 288],
             "fixed_input_size": false, "interpolation": "bicubic", "crop_pct": 0.95, "test_crop_pct": 1.0,
             "crop_mode": "center", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
             "num_classes": 1000, "pool_size": [7, 7], "first_conv": "conv1", "classifier": "fc"}}"#;
        let config = Config::from_json(text).unwrap();
        assert_eq!((config.architecture.as_str(), config.label_names), ("resnet18", None));
        let expected =
            Card { resize_shorter: 235, interpolation: Interpolation::Bicubic, ..Card::imagenet(256) };
        assert_eq!(config.card, expected);
        for (old, new) in
            [("bicubic", "lanczos"), ("0.95", "0"), ("[3, 224, 224]", "[3, 224, 240]"), ("\"std\"", "\"st\"")]
        {
            assert!(Config::from_json(&text.replace(old, new)).is_err(), "{new}");
        }
    }

    #[test]
    fn other_sizes_keep_the_part_of_the_image() {
        let preprocess = Card::imagenet(256).preprocess([3, 448, 448]).unwrap();
        assert_eq!(preprocess.resize_shorter, Some(512));
        let gray = Card::imagenet(256).preprocess([1, 112, 112]).unwrap();
        assert_eq!((gray.channels, gray.resize_shorter), (1, Some(128)));
        assert!((gray.mean[0] - 0.449).abs() < 1e-6 && (gray.std[0] - 0.226).abs() < 1e-6);
    }
}
