//! timm's `config.json`, which describes the preprocessing that the weights beside it expect.

use super::card::Card;
use serde::Deserialize;
use striate_image::Interpolation;

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
}
