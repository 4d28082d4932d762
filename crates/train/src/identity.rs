//! The identity of a run: everything that determines its result. A checkpoint is resumed only by a run with the same identity.

use crate::config::FitConfig;
use crate::error::Difference;
use crate::job::Job;
use crate::yaml;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use striate_base::floats::each_block;
use striate_base::hex;
use striate_graph::{Graph, Params};

/// Names and values, such as `learning_rate` and `0.003`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity(BTreeMap<String, String>);

impl Identity {
    pub(crate) fn new(job: &Job<'_>, train_graph: &Graph) -> Self {
        // The interval of checkpoints does not influence the result.
        let config = FitConfig { checkpoint_every_s: None, ..job.config.clone() };
        let mut all: BTreeMap<String, String> = yaml::leaves(&yaml::value(&config)).into_iter().collect();
        all.remove("checkpoint_every_s");
        let preprocess = yaml::leaves(&yaml::value(job.preprocess));
        all.extend(preprocess.into_iter().map(|(key, value)| (format!("preprocess.{key}"), value)));
        let graph = serde_json::to_string(train_graph).expect("a graph has a JSON form");
        let others = [
            ("striate_version", env!("CARGO_PKG_VERSION").to_string()),
            ("model", job.setup.model_name.to_string()),
            ("layers_sha256", hex(&Sha256::digest(graph))),
            ("data_sha256", job.setup.data.sha256.clone()),
            ("classes", job.setup.data.classes.join(", ")),
        ];
        all.extend(others.map(|(key, value)| (key.to_string(), value)));
        all.extend(job.initial.map(|params| (INITIAL.to_string(), sha256(params))));
        Self(all)
    }

    /// The same run with these settings changed.
    pub(crate) fn changed(mut self, changes: &[Difference]) -> Self {
        for change in changes {
            self.0.insert(change.what.clone(), change.asked.clone());
        }
        self
    }

    /// Everything in which `asked` differs, but for the parameters it began with where nobody says which.
    pub(crate) fn differences(&self, asked: &Self, any_initial: bool) -> Vec<Difference> {
        let value = |of: &Self, key: &String| of.0.get(key).cloned().unwrap_or_else(|| "nothing".into());
        let keys = self.0.keys().chain(asked.0.keys().filter(|key| !self.0.contains_key(*key)));
        let both = keys.map(|key| Difference {
            what: key.clone(),
            saved: value(self, key),
            asked: value(asked, key),
        });
        both.filter(|d| d.saved != d.asked && !(any_initial && d.what == INITIAL)).collect()
    }
}

/// The settings that a run may go on with in another form.
const CHANGEABLE: [&str; 4] = ["batch_size", "epochs", "learning_rate", "patience"];

/// Of the parameters that a run began with.
const INITIAL: &str = "initial_sha256";

impl Difference {
    /// Whether a run may go on in spite of it.
    pub(crate) fn is_change(&self) -> bool {
        CHANGEABLE.contains(&self.what.as_str())
    }
}

/// Of names, shapes and values.
fn sha256(params: &Params) -> String {
    let mut hash = Sha256::new();
    for (name, array) in params.iter() {
        hash.update(format!("{name} {:?} ", array.shape()));
        each_block(array, |block| hash.update(block));
    }
    hex(&hash.finalize())
}
