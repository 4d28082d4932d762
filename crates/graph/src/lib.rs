//! Floor 1 of Striate: networks as data. A network's `forward` is traced once into a [`Graph`]; passes make the graph
//! cheaper; a plan turns it into a program of kernels over one arena; a [`Session`] runs it, a [`TrainStep`] trains it,
//! and an interpreter ([`interpret`]) runs the same graph by plain loops in f64.
//!
//! Below it: `striate-kernels`. Above it: `striate-nn`, whose layers add operations to the graph.
//!
//! Start reading at [`trace`](crate::trace()) and `var.rs`, then `op/conv2d.rs` for an example of an operation, then `plan.rs`.
//! For looking inside a network, read `watch.rs` (taps, hooks, and the values that they recorded) and `edit.rs`
//! (interventions).
//!
//! Invariants: a graph holds no code and no numerical data; inputs come before their consumers; every shape was checked when
//! the graph was made; a plan depends on the shapes and on what is observed, never on the number of threads; where nothing is
//! observed, nothing is kept and no extra operation runs.

mod arithmetic;
mod clip;
mod cost;
mod edit;
mod emit;
mod engine;
mod explain;
mod facts;
mod functional;
mod glob;
mod graph;
mod hooks;
mod init;
pub mod interpret;
mod loss;
mod lower;
mod module;
mod node_id;
pub mod op;
mod operation;
mod optim;
mod packed;
mod padding;
mod param_spec;
mod params;
mod pass;
mod plan;
mod plan_error;
mod plans;
mod query;
pub mod rates;
mod run_error;
mod runner;
mod session;
mod shape_error;
mod shape_rules;
mod slot;
mod stage;
mod stored;
mod trace;
mod train_step;
mod var;
mod watch;

pub use arithmetic::{Arithmetic, Dtype, Winograd};
pub use clip::Clip;
pub use edit::{BackwardOptions, Edit};
pub use engine::Engine;
pub use explain::{Explained, Pass};
pub use graph::{Auxiliary, Graph, GraphError, Head, Node, NodeId};
pub use hooks::{Call, Hook};
pub use loss::CrossEntropy;
pub use module::{Child, Forward, Module};
pub use optim::{Optimizer, Shared};
pub use params::{Params, ParamsError};
pub use plan_error::PlanError;
pub use run_error::{RunError, SessionError};
pub use runner::Runner;
pub use session::Session;
pub use striate_kernels::{ReluRule, TableRows, Target};
pub use trace::{TraceError, trace};
pub use train_step::{StepReport, TrainOptions, TrainStep};
pub use var::{LayerError, Mode, Var};
pub use watch::{Captured, Tap};
