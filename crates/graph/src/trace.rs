//! Tracing: running a network's `forward` once, on names and shapes instead of numbers.

use crate::graph::Graph;
use crate::module::{Forward, Module};
use crate::op::Op;
use crate::var::{LayerError, Mode, Scope, Tracer, Var};
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;

fn key(layer: &dyn Module) -> (usize, TypeId) {
    (std::ptr::from_ref(layer).cast::<()>() as usize, layer.type_of())
}

fn collect(paths: &mut HashMap<(usize, TypeId), String>, prefix: &str, module: &dyn Module) {
    module.children(&mut |name, child| {
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        paths.insert(key(child), path.clone());
        collect(paths, &path, child);
    });
}

impl<'g> Var<'g> {
    /// Applies a layer. Every layer's value is created by this method, which also determines its name.
    #[track_caller]
    pub fn apply(self, layer: &dyn Forward) -> Var<'g> {
        self.apply_at(layer, Location::caller())
    }

    /// Like [`Var::apply`], but with the source line to name in errors: for containers, whose layers were added elsewhere.
    pub fn apply_at(self, layer: &dyn Forward, line: &'static Location<'static>) -> Var<'g> {
        self.within_at(layer, line, || layer.forward(self))
    }

    /// Runs `body` as the `forward` of `layer`: the operations in it receive the layer's name, as in [`Var::apply`]. Use it to
    /// write a module that takes several values or returns several.
    ///
    /// # PyTorch
    /// A module whose `forward` has several arguments.
    ///
    /// # Example
    /// ```
    /// # use striate_graph::{Mode, Module, Forward, Var, op, trace};
    /// # struct Conv;
    /// # impl Module for Conv { fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {} }
    /// # impl Forward for Conv {
    /// #     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
    /// #         x.op(serde_json::from_str(r#"{ "op": "conv2d", "in_channels": 3, "out_channels": 3, "kernel_size": [1, 1],
    /// #             "stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], "groups": 1, "bias": true }"#).unwrap())
    /// #     }
    /// # }
    /// struct Merge {
    ///     project: Conv,
    /// }
    /// # impl Module for Merge {
    /// #     fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) { visit("project", &self.project) }
    /// # }
    ///
    /// impl Merge {
    ///     fn forward<'g>(&self, x: Var<'g>, skip: Var<'g>) -> Var<'g> {
    ///         x.within(self, || x + skip.apply(&self.project))
    ///     }
    /// }
    /// # struct Net { merge: Merge }
    /// # impl Module for Net {
    /// #     fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) { visit("merge", &self.merge) }
    /// # }
    /// # impl Forward for Net {
    /// #     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> { self.merge.forward(x.relu(), x) }
    /// # }
    /// # let graph = trace(&Net { merge: Merge { project: Conv } }, Mode::Eval, [3, 8, 8])?;
    /// # let names: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
    /// assert_eq!(names, ["input", "relu", "merge.project", "merge.add"]);
    /// # Ok::<(), striate_graph::TraceError>(())
    /// ```
    #[track_caller]
    pub fn within<T>(self, layer: &dyn Module, body: impl FnOnce() -> T) -> T {
        self.within_at(layer, Location::caller(), body)
    }

    fn within_at<T>(
        self,
        layer: &dyn Module,
        line: &'static Location<'static>,
        body: impl FnOnce() -> T,
    ) -> T {
        let tracer = self.tracer;
        let known = tracer.paths.get(&key(layer)).cloned();
        let named = known.is_some();
        let path = known.unwrap_or_else(|| tracer.unique("unnamed"));
        tracer.scopes.borrow_mut().push(Scope { path, line, named });
        let out = body();
        tracer.scopes.borrow_mut().pop();
        out
    }
}

/// The error of [`trace`](crate::trace()): every layer whose shapes do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TraceError {
    /// The errors of the layers, in the order of the trace. Each is independent of those before it.
    pub layers: Vec<LayerError>,
    /// An image shape `[C, H, W]` for which the whole network fits, if one was found.
    pub fitting: Option<[usize; 3]>,
    /// The image shape `[C, H, W]` that was traced.
    pub input: [usize; 3],
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, e) in self.layers.iter().enumerate() {
            let file = e.file.rsplit(['/', '\\']).next().unwrap_or(e.file);
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{} ({file}:{}): {}", e.layer, e.line, e.problem)?;
        }
        match self.fitting {
            Some([c, h, w]) if self.input[0] == c => write!(f, "; or use {h}x{w} images"),
            Some([c, h, w]) if self.input == [self.input[0], h, w] => {
                write!(f, "; or use {c}-channel images")
            }
            Some([c, h, w]) => write!(f, "; or use {c}-channel {h}x{w} images"),
            None => Ok(()),
        }
    }
}

/// Runs `net.forward` once and returns the graph it describes. `input` is `[C, H, W]`.
///
/// # Errors
/// Every layer whose shapes do not fit, with its path, the line that applied it, and what to try.
#[track_caller]
pub fn trace(net: &dyn Forward, mode: Mode, input: [usize; 3]) -> Result<Graph, TraceError> {
    let line = Location::caller();
    let attempt = |input: [usize; 3]| {
        let mut paths = HashMap::new();
        collect(&mut paths, "", net);
        let tracer = Tracer {
            mode,
            nodes: RefCell::default(),
            scopes: RefCell::default(),
            paths,
            names: RefCell::default(),
            auxiliary: RefCell::default(),
            errors: RefCell::default(),
        };
        let source = tracer.push(Op::input(input), &[], line);
        let output = net.forward(Var { tracer: &tracer, id: source }).id;
        let auxiliary = tracer.auxiliaries(output);
        let errors = tracer.errors.into_inner();
        let nodes = tracer.nodes.into_inner().into_iter().map(|t| t.node).collect();
        if errors.is_empty() { Ok(Graph::from_trace(nodes, output, auxiliary)) } else { Err(errors) }
    };
    attempt(input).map_err(|layers| {
        // Most often the images have another size than the network was made for: search for shapes that fit, the nearest first.
        let sizes = [28, 32, 64, 96, 128, 160, 192, 224, 227, 256, 299].map(|size| [size, size]);
        let sizes = || [[input[1], input[2]]].into_iter().chain(sizes);
        let channels = [input[0], 1, 3];
        let candidates = channels.into_iter().flat_map(|c| sizes().map(move |[h, w]| [c, h, w]));
        let fitting = candidates.into_iter().find(|&c| attempt(c).is_ok());
        TraceError { layers, fitting, input }
    })
}
