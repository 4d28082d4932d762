//! What makes a run this run: everything that decides its outcome. A checkpoint is resumed only by the same.

use crate::config::FitConfig;
use crate::error::Difference;
use crate::fit::Job;
use crate::yaml;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use striate_graph::Graph;

/// Names and values, such as `learning_rate` and `0.003`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity(BTreeMap<String, String>);

impl Identity {
    pub(crate) fn new(job: &Job<'_>, train_graph: &Graph) -> Self {
        // How often is saved decides nothing.
        let config = FitConfig { checkpoint_every_s: None, ..job.config.clone() };
        let mut all: BTreeMap<String, String> = yaml::leaves(&yaml::value(&config)).into_iter().collect();
        all.remove("checkpoint_every_s");
        let preprocess = yaml::leaves(&yaml::value(job.preprocess));
        all.extend(preprocess.into_iter().map(|(key, value)| (format!("preprocess.{key}"), value)));
        let graph = serde_json::to_string(train_graph).expect("a graph has a JSON form");
        let others = [
            ("striate_version", env!("CARGO_PKG_VERSION").to_string()),
            ("model", job.model_name.to_string()),
            ("layers_sha256", format!("{:x?}", &Sha256::digest(graph)[..]).replace([',', ' ', '[', ']'], "")),
            ("data_sha256", job.data.sha256.clone()),
            ("classes", job.data.classes.join(", ")),
        ];
        all.extend(others.map(|(key, value)| (key.to_string(), value)));
        Self(all)
    }

    /// Everything in which `asked` differs.
    pub(crate) fn differences(&self, asked: &Self) -> Vec<Difference> {
        let value = |of: &Self, key: &String| of.0.get(key).cloned().unwrap_or_else(|| "nothing".into());
        let keys = self.0.keys().chain(asked.0.keys().filter(|key| !self.0.contains_key(*key)));
        let both = keys.map(|key| Difference {
            what: key.clone(),
            saved: value(self, key),
            asked: value(asked, key),
        });
        both.filter(|d| d.saved != d.asked).collect()
    }
}
