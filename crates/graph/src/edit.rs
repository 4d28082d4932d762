//! Interventions: what would the network output if this channel were zero, or that weight had another value?

use crate::graph::{Graph, NodeId};
use crate::params::Params;
use crate::plan_error::PlanError;
use crate::run_error::RunError;
use crate::watch::exactly;
use ndarray::ArrayD;
use std::ops::MulAssign;
use striate_kernels::ReluRule;

/// A change for one run. It is passed as an argument, so that no state is left behind.
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
    /// `value[:, channel] = 0`, for an image or a vector; a NaN becomes 0 as well.
    pub fn zero_channel(value: impl Into<String>, channel: usize) -> Self {
        Self::scale_channel(value, channel, 0.0)
    }

    /// `value[:, channel] *= factor`, for an image or a vector.
    pub fn scale_channel(value: impl Into<String>, channel: usize, factor: f32) -> Self {
        Self { of: value.into(), change: Change::Scale { channel, factor } }
    }

    /// `value = with`: one array `[…]` for all samples, or `[N, …]` with one for each. Values that only the replaced value
    /// depends on are not computed.
    pub fn replace(value: impl Into<String>, with: ArrayD<f32>) -> Self {
        Self { of: value.into(), change: Change::Replace(with) }
    }

    /// `parameter = with`, under its name in [`Params`], such as `conv2.weight`.
    pub fn weight(parameter: impl Into<String>, with: ArrayD<f32>) -> Self {
        Self { of: parameter.into(), change: Change::Weight(with) }
    }
}

/// The arguments of a backward run besides the gradient of the output.
///
/// # Example
/// ```
/// use striate_graph::{BackwardOptions, Edit, ReluRule};
///
/// let lesion = [Edit::zero_channel("conv2", 5)];
/// let options = BackwardOptions { edits: &lesion, relu: ReluRule::Guided };
/// # assert_ne!(options.relu, BackwardOptions::default().relu);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct BackwardOptions<'a> {
    /// Changes to the network for this run. The gradient of an edited value is that of the value after the edit. It passes back
    /// through the edit: multiplied by the factor where a channel is scaled, and not at all where the value is replaced. Where
    /// a parameter is edited, the gradient passes back through the edited one.
    pub edits: &'a [Edit],
    /// The rule by which ReLU and ReLU6 pass the gradient back.
    pub relu: ReluRule,
}

/// All changes to one value combined: its replacement, if any, then a factor for each channel.
pub(crate) struct ValueEdit<'a> {
    pub(crate) id: NodeId,
    /// If there is one, nothing before the value affects the result.
    pub(crate) replacement: Option<&'a ArrayD<f32>>,
    pub(crate) factors: Vec<f32>,
}

/// The edits of one run, sorted by kind.
#[derive(Default)]
pub(crate) struct Edits<'a> {
    /// In the order of the network.
    pub(crate) values: Vec<ValueEdit<'a>>,
    /// The edited parameters, if an edit changes one.
    pub(crate) params: Option<Params>,
}

impl<'a> Edits<'a> {
    /// Checks everything that can be wrong before anything runs, for `n` samples.
    pub(crate) fn new(edits: &'a [Edit], graph: &Graph, params: &Params, n: usize) -> Result<Self, RunError> {
        let mut this = Self::default();
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
            let known = this.values.iter().position(|v| v.id == id).unwrap_or_else(|| {
                this.values.push(ValueEdit { id, replacement: None, factors: vec![1.0; shape[0]] });
                this.values.len() - 1
            });
            this.values[known].add(change);
        }
        this.values.sort_by_key(|v| v.id);
        Ok(this)
    }
}

/// Accepts `shape`, or `[n, shape…]` where `n` is given.
fn check_shape(of: &str, with: &ArrayD<f32>, shape: &[usize], n: Option<usize>) -> Result<(), RunError> {
    let all = n.map(|n| std::iter::once(n).chain(shape.iter().copied()).collect::<Vec<_>>());
    if with.shape() == shape || all.as_deref() == Some(with.shape()) {
        return Ok(());
    }
    Err(RunError::Replacement { of: of.to_string(), expected: shape.to_vec(), got: with.shape().to_vec() })
}

impl<'a> ValueEdit<'a> {
    fn add(&mut self, change: &'a Change) {
        match change {
            // A zeroed channel stays zero: 0 · inf would be NaN.
            &Change::Scale { channel, factor } if self.factors[channel] != 0.0 => {
                self.factors[channel] *= factor;
            }
            Change::Scale { .. } => {}
            Change::Replace(with) => {
                self.replacement = Some(with);
                self.factors.fill(1.0);
            }
            Change::Weight(_) => unreachable!("sorted out before"),
        }
    }

    /// Applies the edit to samples of `shape`, the first of which is sample `first` of the run.
    pub(crate) fn apply<T: Copy + From<f32> + MulAssign>(
        &self,
        values: &mut [T],
        shape: &[usize],
        first: usize,
    ) {
        let len: usize = shape.iter().product();
        if let Some(with) = self.replacement {
            let one = with.ndim() == shape.len();
            let with = with.as_standard_layout();
            let with = with.as_slice().expect("standard layout");
            for (i, sample) in values.chunks_exact_mut(len).enumerate() {
                let at = if one { 0 } else { (first + i) * len };
                sample.iter_mut().zip(&with[at..at + len]).for_each(|(to, &from)| *to = from.into());
            }
        }
        self.scale(values, shape);
    }

    /// Multiplies the channels of samples of `shape`, either values or their gradients.
    pub(crate) fn scale<T: Copy + From<f32> + MulAssign>(&self, values: &mut [T], shape: &[usize]) {
        let planes = values.chunks_exact_mut(shape[1..].iter().product());
        for (map, &factor) in planes.zip(self.factors.iter().cycle()) {
            // 0 · NaN is NaN, and 0 · −1 is −0, but a zeroed channel must be neither.
            if factor == 0.0 {
                map.fill(0.0.into())
            } else {
                map.iter_mut().for_each(|v| *v *= factor.into())
            }
        }
    }
}
