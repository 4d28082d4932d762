//! Parameters by name, separate from the network's description: PyTorch's names, PyTorch's layouts.

use crate::graph::Graph;
use crate::init::initial;
use crate::op::ParamSpec;
use ndarray::{ArrayD, IxDyn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Named arrays in the order of their use. Copies share the arrays until one of them changes its own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Params {
    entries: Vec<(String, Arc<ArrayD<f32>>)>,
}

/// The parameters do not match the graph. Every difference is listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines().join("\n"))]
pub struct ParamsError {
    /// The names that the graph needs and the parameters lack.
    pub missing: Vec<String>,
    /// The names that the parameters have and the graph does not use.
    pub unexpected: Vec<String>,
    /// Name, expected shape, actual shape.
    pub mismatched: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl ParamsError {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec!["the parameters do not fit the network".to_string()];
        if !self.missing.is_empty() {
            lines.push(format!("  missing: {}", self.missing.join(", ")));
        }
        if !self.unexpected.is_empty() {
            lines.push(format!("  unexpected: {}", self.unexpected.join(", ")));
        }
        for (name, expected, got) in &self.mismatched {
            lines.push(format!("  {name}: expected shape {expected:?}, got {got:?}"));
        }
        lines
    }
}

impl Params {
    /// Freshly initialized parameters: each value is a pure function of the seed, the parameter's name and its position.
    pub fn init(graph: &Graph, seed: u64) -> Self {
        let fresh = |(name, spec): (String, ParamSpec)| {
            let values = initial(&name, &spec, seed);
            let array = ArrayD::from_shape_vec(IxDyn(&spec.shape), values).expect("one value an element");
            (name, Arc::new(array))
        };
        Self { entries: graph.params().into_iter().map(fresh).collect() }
    }

    /// The number of arrays.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no arrays.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the array with this name.
    pub fn get(&self, name: &str) -> Option<&ArrayD<f32>> {
        self.entries.iter().find(|(n, _)| n == name).map(|(_, a)| &**a)
    }

    /// Returns the array with this name, for changing it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut ArrayD<f32>> {
        self.entries.iter_mut().find(|(n, _)| n == name).map(|(_, a)| Arc::make_mut(a))
    }

    /// Adds an array, or replaces the one with the same name.
    pub fn insert(&mut self, name: impl Into<String>, array: ArrayD<f32>) {
        let (name, array) = (name.into(), Arc::new(array));
        match self.entries.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = array,
            None => self.entries.push((name, array)),
        }
    }

    /// Removes the array with this name and returns it.
    pub fn remove(&mut self, name: &str) -> Option<ArrayD<f32>> {
        let at = self.entries.iter().position(|(n, _)| n == name)?;
        Some(Arc::unwrap_or_clone(self.entries.remove(at).1))
    }

    /// Drops the array of that name.
    pub(crate) fn release(&mut self, name: &str) {
        self.entries.retain(|(n, _)| n != name);
    }

    /// Iterates over names and arrays, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayD<f32>)> {
        self.entries.iter().map(|(name, array)| (name.as_str(), &**array))
    }

    /// Keeps only the parameters that `graph` uses. For a graph traced for inference this drops those of auxiliary classifiers,
    /// for instance.
    pub fn only(mut self, graph: &Graph) -> Self {
        let used: BTreeSet<String> = graph.params().into_iter().map(|(name, _)| name).collect();
        self.entries.retain(|(name, _)| used.contains(name));
        self
    }

    /// Compares names and shapes with those that `graph` needs.
    ///
    /// # Errors
    /// If anything is missing, unexpected or of another shape; all of it is listed.
    pub fn check(&self, graph: &Graph) -> Result<(), ParamsError> {
        let specs = graph.params();
        let missing = specs.iter().filter(|(n, _)| self.get(n).is_none()).map(|(n, _)| n.clone()).collect();
        let known = |name: &str| specs.iter().any(|(n, _)| n == name);
        let unexpected = self.iter().filter(|(n, _)| !known(n)).map(|(n, _)| n.to_string()).collect();
        let wrong = |(name, spec): &(String, ParamSpec)| {
            let array = self.get(name)?;
            let got = array.shape().to_vec();
            (got != spec.shape).then(|| (name.clone(), spec.shape.clone(), got))
        };
        let mismatched = specs.iter().filter_map(wrong).collect();
        let error = ParamsError { missing, unexpected, mismatched };
        let fits = error.missing.is_empty() && error.unexpected.is_empty() && error.mismatched.is_empty();
        if fits { Ok(()) } else { Err(error) }
    }
}

impl FromIterator<(String, ArrayD<f32>)> for Params {
    fn from_iter<T: IntoIterator<Item = (String, ArrayD<f32>)>>(entries: T) -> Self {
        let mut params = Self::default();
        entries.into_iter().for_each(|(name, array)| params.insert(name, array));
        params
    }
}
