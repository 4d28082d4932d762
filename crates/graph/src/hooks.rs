//! Forward hooks: functions that are called with the inputs and the output of an operation.

use crate::graph::{Node, NodeId};
use crate::op::Op;
use ndarray::{ArrayD, ArrayViewD};
use striate_kernels::{PoolShape, reference};

/// The data that a hook receives: one operation with its inputs and output for a batch. A hook can read but not change
/// anything: in a session, interventions are [`Edit`](crate::Edit)s, and in training a changed value would silently make the
/// gradient wrong.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The name of the output value: the path of the layer, or of the layer and an operation in it.
    pub path: &'a str,
    /// The operation, with its settings.
    pub op: &'a Op,
    /// The inputs: `[N, C, H, W]` or `[N, F]` each.
    pub inputs: Vec<ArrayViewD<'a, f32>>,
    /// The output: `[N, C, H, W]` or `[N, F]`.
    pub output: ArrayViewD<'a, f32>,
}

impl Call<'_> {
    /// Returns the position of the maximum of each window of a max-pool: `row · W + column` in the plane of the input, in
    /// the shape of the output. `None` for other operations.
    ///
    /// # Numerics
    /// Among equal values the first in scan order wins. A window that lies entirely in the padding has [`reference::NO_CELL`].
    ///
    /// # PyTorch
    /// `max_pool2d(…, return_indices=True)`.
    pub fn argmax(&self) -> Option<ArrayD<usize>> {
        let (Op::MaxPool2d(pool), Some(input)) = (self.op, self.inputs.first()) else { return None };
        let &[n, channels, h, w] = input.shape() else { return None };
        let shape = PoolShape { channels, input: [h, w], window: pool.window([h, w]) };
        let wide: Vec<f64> = input.iter().map(|&v| f64::from(v)).collect();
        let (_, argmax) = reference::max_pool2d(n, &shape, &wide);
        ArrayD::from_shape_vec(self.output.shape(), argmax).ok()
    }
}

/// The handle of a registered hook, with which it can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "without it the hook cannot be removed"]
pub struct Hook(u64);

type Function = Box<dyn FnMut(&Call<'_>) + Send + Sync>;

struct Registered {
    hook: Hook,
    nodes: Vec<NodeId>,
    function: Function,
}

/// The hooks of one network, in the order in which they were registered.
#[derive(Default)]
pub(crate) struct Hooks {
    next: u64,
    registered: Vec<Registered>,
}

impl Hooks {
    pub(crate) fn add(&mut self, nodes: Vec<NodeId>, function: Function) -> Hook {
        let hook = Hook(self.next);
        self.next += 1;
        self.registered.push(Registered { hook, nodes, function });
        hook
    }

    /// Returns whether the hook was there.
    pub(crate) fn remove(&mut self, hook: Hook) -> bool {
        let before = self.registered.len();
        self.registered.retain(|r| r.hook != hook);
        self.registered.len() < before
    }

    /// The nodes that have hooks, with repetitions.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.registered.iter().flat_map(|r| r.nodes.iter().copied())
    }

    /// Calls the hooks in the order of the operations; those of one operation in the order of registration.
    ///
    /// # Panics
    /// If a hook panics; the hooks after it are not called this time.
    pub(crate) fn call<'a>(
        &mut self,
        nodes: &'a [Node],
        value: impl Fn(NodeId) -> Option<ArrayViewD<'a, f32>>,
    ) {
        for (id, node) in nodes.iter().enumerate() {
            let mut call = None;
            for hook in self.registered.iter_mut().filter(|r| r.nodes.contains(&id)) {
                let call = call.get_or_insert_with(|| Call {
                    path: &node.name,
                    op: &node.op,
                    inputs: node.inputs.iter().map(|&i| value(i).expect("planned for hooks")).collect(),
                    output: value(id).expect("planned for hooks"),
                });
                (hook.function)(call);
            }
        }
    }
}
