//! Recipes: settings that fit a network and a data set, as small files of data in `recipes/`.
//!
//! A recipe names networks and data sets by patterns, can be restricted to one kind of images, and sets the fields of
//! [`FitConfig`] that differ from the default, under their names. All matching recipes are applied in the order below, so the
//! last one wins.

use crate::config::FitConfig;
use serde::Deserialize;
use serde_json::Value;
use striate_data::{Dataset, Nature};
use striate_graph::rates::matches;

/// In this order; `why` in each says where its numbers come from.
const RECIPES: [(&str, &str); 8] = [
    ("photos", include_str!("../recipes/photos.json")),
    ("digits", include_str!("../recipes/digits.json")),
    ("plain", include_str!("../recipes/plain.json")),
    ("batch_norm", include_str!("../recipes/batch_norm.json")),
    ("small_resnet", include_str!("../recipes/small_resnet.json")),
    ("small_resnet_photos", include_str!("../recipes/small_resnet_photos.json")),
    ("strokes", include_str!("../recipes/strokes.json")),
    ("strokes_in_files", include_str!("../recipes/strokes_in_files.json")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    models: Vec<String>,
    data: Vec<String>,
    /// All of these, if any.
    #[serde(default)]
    only: Vec<Only>,
    #[serde(rename = "why")]
    _why: String,
    config: Value,
}

/// Images that a recipe is for.
#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Only {
    /// Files of any size.
    Photos,
    /// Digits, letters and the like, in files or in memory, see [`striate_data::nature::ImageKind::Strokes`].
    Strokes,
}

impl FitConfig {
    /// The recommended settings for a network of this name and a data set; the defaults where there is no recipe.
    ///
    /// Some images of the data set are inspected. Digits and letters are never mirrored, since the mirror image is another sign
    /// or none; those in files are shifted a little where photos would be cropped.
    ///
    /// # Example
    /// ```
    /// use striate_train::FitConfig;
    ///
    /// let digits = striate_data::load("digits")?;
    /// assert_eq!(FitConfig::recipe("alexnet", &digits).learning_rate, 0.01);
    /// assert_eq!(FitConfig::recipe("my-net", &digits).learning_rate, FitConfig::default().learning_rate);
    /// # Ok::<(), striate_data::DataError>(())
    /// ```
    pub fn recipe(model: &str, data: &Dataset) -> Self {
        let is_strokes = Nature::of(data).is_some_and(|nature| !nature.is_mirrorable());
        let is_photos = data.train.photos().is_some();
        let kinds = [(is_photos, Only::Photos), (is_strokes, Only::Strokes)];
        let kinds: Vec<Only> = kinds.into_iter().filter(|(is, _)| *is).map(|(_, kind)| kind).collect();
        recipe(model, &data.name, &kinds)
    }
}

fn recipe(model: &str, data: &str, kinds: &[Only]) -> FitConfig {
    let mut config = serde_json::to_value(FitConfig::default()).expect("plain data has a JSON form");
    let names = |patterns: &[String], name: &str| patterns.iter().any(|p| matches(p, name));
    for (name, text) in RECIPES {
        let recipe = read(name, text);
        let is_for = recipe.only.iter().all(|only| kinds.contains(only));
        if is_for && names(&recipe.models, model) && names(&recipe.data, data) {
            lay_over(&mut config, &recipe.config);
        }
    }
    serde_json::from_value(config).unwrap_or_else(|e| unreachable!("a test reads every recipe: {e}"))
}

fn read(name: &str, text: &str) -> Recipe {
    serde_json::from_str(text).unwrap_or_else(|e| unreachable!("a test reads every recipe: {name}: {e}"))
}

/// Sets what `over` says, field by field; what has a `name` of its own, an optimizer or a curve, is replaced whole.
fn lay_over(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) if !over.contains_key("name") => {
            for (key, value) in over {
                lay_over(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_nn::OptimizerConfig;

    const PHOTOS: &[Only] = &[Only::Photos];

    #[test]
    fn every_recipe_is_a_configuration_without_misspelled_fields() {
        for (name, text) in RECIPES {
            let recipe = read(name, text);
            let mut config = serde_json::to_value(FitConfig::default()).unwrap();
            lay_over(&mut config, &recipe.config);
            let config: FitConfig = serde_json::from_value(config).unwrap_or_else(|e| panic!("{name}: {e}"));
            config.check(10).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(
                recipe.config.as_object().is_some_and(|fields| !fields.is_empty()),
                "{name} sets something"
            );
        }
    }

    #[test]
    fn networks_without_normalization_learn_at_a_hundredth_with_sgd() {
        for model in ["alexnet", "vgg11", "vgg13", "vgg16", "vgg19"] {
            let config = recipe(model, "flowers", PHOTOS);
            assert_eq!(config.learning_rate, 0.01, "{model}");
            assert!(matches!(config.optimizer, OptimizerConfig::Sgd(_)), "{model}");
        }
        assert_ne!(recipe("vgg11_bn", "flowers", PHOTOS).learning_rate, 0.01);
    }

    #[test]
    fn photos_are_cropped_and_images_in_memory_are_not() {
        assert!(recipe("my-net", "flowers", PHOTOS).augment.crop.is_some());
        assert_eq!(recipe("my-net", "flowers", &[]), FitConfig::default());
    }

    #[test]
    fn a_small_network_learns_few_photos_by_small_steps() {
        let config = recipe("resnet18_small", "flowers", PHOTOS);
        assert_eq!((config.batch_size, config.optimizer.name()), (16, "adamw"));
        assert_eq!(recipe("resnet18_small", "fashion-mnist", &[]).optimizer.name(), "sgd");
    }

    /// By what they show, and whatever they are called and lie in.
    #[test]
    fn strokes_are_neither_mirrored_nor_cropped() {
        let clothes = recipe("resnet20", "fashion-mnist", &[]).augment;
        assert_eq!(clothes.flip_horizontal, 0.5);
        let letters = recipe("resnet20", "my letters", &[Only::Photos, Only::Strokes]).augment;
        assert_eq!((letters.flip_horizontal, letters.crop, letters.translate), (0.0, None, 0.07));
        let mut digits = striate_data::load("digits").unwrap();
        digits.name = "emnist".into();
        assert_eq!(FitConfig::recipe("resnet20", &digits).augment.flip_horizontal, 0.0);
    }

    #[test]
    fn what_has_a_name_is_replaced_whole() {
        let mut under = serde_json::json!({"a": {"b": 1, "c": 2}, "o": {"name": "adam", "betas": 1}});
        lay_over(&mut under, &serde_json::json!({"a": {"c": 3}, "o": {"name": "sgd"}}));
        assert_eq!(under, serde_json::json!({"a": {"b": 1, "c": 3}, "o": {"name": "sgd"}}));
    }
}
