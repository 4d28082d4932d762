//! Interventions: what would the network say, if this map were silent, or that weight another?

use crate::graph::{Graph, NodeId};
use crate::params::Params;
use crate::plan_error::PlanError;
use crate::run_error::RunError;
use crate::watch::exactly;
use ndarray::ArrayD;

/// A change to one run: an argument, so that nothing is left behind.
///
/// # Example
/// ```
/// use striate_graph::Edit;
///
/// let lesion = [Edit::zero_channel("conv2", 5), Edit::scale_channel("conv1", 0, 1.5)];
/// # assert_ne!(lesion[0], lesion[1]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    of: String,
    change: Change,
}

#[derive(Debug, Clone, PartialEq)]
enum Change {
    Scale { channel: usize, factor: f32 },
    Replace(ArrayD<f32>),
    Weight(ArrayD<f32>),
}

impl Edit {
    /// `value[:, channel] = 0`, of an image or a vector; a NaN becomes 0 as well.
    pub fn zero_channel(value: impl Into<String>, channel: usize) -> Self {
        Self::scale_channel(value, channel, 0.0)
    }

    /// `value[:, channel] *= factor`, of an image or a vector.
    pub fn scale_channel(value: impl Into<String>, channel: usize, factor: f32) -> Self {
        Self { of: value.into(), change: Change::Scale { channel, factor } }
    }

    /// `value = with`, for all samples, `[N, …]`, or one for each of them, `[…]`. Nothing before it is computed for it.
    pub fn replace(value: impl Into<String>, with: ArrayD<f32>) -> Self {
        Self { of: value.into(), change: Change::Replace(with) }
    }

    /// `parameter = with`, under its name in [`Params`], such as `conv2.weight`.
    pub fn weight(parameter: impl Into<String>, with: ArrayD<f32>) -> Self {
        Self { of: parameter.into(), change: Change::Weight(with) }
    }
}

/// All changes to one value, in the order given.
pub(crate) struct ValueEdit<'a> {
    pub(crate) id: NodeId,
    changes: Vec<&'a Change>,
}

/// Edits sorted out for one run.
pub(crate) struct Edits<'a> {
    /// In the order of the network.
    pub(crate) values: Vec<ValueEdit<'a>>,
    /// The parameters, where an edit changes one.
    pub(crate) params: Option<Params>,
}

impl<'a> Edits<'a> {
    /// Checks everything that can be wrong before anything runs on `n` samples.
    pub(crate) fn new(edits: &'a [Edit], graph: &Graph, params: &Params, n: usize) -> Result<Self, RunError> {
        let mut this = Self { values: Vec::new(), params: None };
        for Edit { of, change } in edits {
            if let Change::Weight(with) = change {
                let Some(old) = params.get(of) else {
                    let names = params.iter().map(|(name, _)| name.to_string());
                    return Err(PlanError::unknown(of, names).into());
                };
                check_shape(of, with, old.shape(), None)?;
                this.params.get_or_insert_with(|| params.clone()).insert(of.clone(), with.clone());
                continue;
            }
            let id = exactly(graph, of)?;
            let shape = &graph.nodes[id].shape;
            match change {
                &Change::Scale { channel, .. } if channel >= shape[0] => {
                    return Err(RunError::Channel { value: of.clone(), channel, channels: shape[0] });
                }
                Change::Replace(with) => check_shape(of, with, shape, Some(n))?,
                _ => {}
            }
            match this.values.iter_mut().find(|v| v.id == id) {
                Some(value) => value.changes.push(change),
                None => this.values.push(ValueEdit { id, changes: vec![change] }),
            }
        }
        this.values.sort_by_key(|v| v.id);
        Ok(this)
    }
}

/// `shape`, or `[n, shape…]` where that is meant too.
fn check_shape(of: &str, with: &ArrayD<f32>, shape: &[usize], n: Option<usize>) -> Result<(), RunError> {
    let all = n.map(|n| std::iter::once(n).chain(shape.iter().copied()).collect::<Vec<_>>());
    if with.shape() == shape || all.as_deref() == Some(with.shape()) {
        return Ok(());
    }
    Err(RunError::Replacement { of: of.to_string(), expected: shape.to_vec(), got: with.shape().to_vec() })
}

impl ValueEdit<'_> {
    /// Whether what the network computes has a part in the result.
    pub(crate) fn needs_value(&self) -> bool {
        !matches!(self.changes.first(), Some(Change::Replace(_)))
    }

    /// Applies the changes to samples of `shape`, the first of which is sample `first` of the run.
    pub(crate) fn apply(&self, values: &mut [f32], shape: &[usize], first: usize) {
        let len: usize = shape.iter().product();
        for change in &self.changes {
            match change {
                &&Change::Scale { channel, factor } => {
                    let plane = len / shape[0];
                    for sample in values.chunks_exact_mut(len) {
                        let map = &mut sample[channel * plane..(channel + 1) * plane];
                        // 0 · NaN is NaN, and 0 · −1 is −0: a silent channel is neither.
                        if factor == 0.0 { map.fill(0.0) } else { map.iter_mut().for_each(|v| *v *= factor) }
                    }
                }
                Change::Replace(with) => {
                    let one = with.ndim() == shape.len();
                    let with = with.as_standard_layout();
                    let with = with.as_slice().expect("standard layout");
                    for (i, sample) in values.chunks_exact_mut(len).enumerate() {
                        let at = if one { 0 } else { (first + i) * len };
                        sample.copy_from_slice(&with[at..at + len]);
                    }
                }
                Change::Weight(_) => unreachable!("sorted out before"),
            }
        }
    }
}
