//! Tools that the tests of every other crate share: tolerances, gradient checks and repeatable random values.
//!
//! A dev-dependency beside the floors: it depends on no other crate of the workspace, so all of them may use it. Everything
//! here panics if a check fails, with a message that names the worst element and its error.
//!
//! | to … | use |
//! | --- | --- |
//! | compare a computed array with the expected one | [`assert_close`] |
//! | differentiate a scalar function numerically | [`finite_difference`] |
//! | check the backward pass of an operation against its forward pass | [`assert_vjp`] |
//! | make weights by the formula of the golden files | [`formula`], [`formula_labels`] |
//! | read what PyTorch computed | [`Golden`], [`ZooGolden`] |
//! | read what captum and pytorch-grad-cam computed | [`AttributionGolden`] |
//! | draw shapes and values, the same on every machine | [`Sample`] |
//! | give an f64 reference exactly the values that an f32 kernel received | [`widen`] |
//! | measure the memory that something takes, or let it run out | [`peak_bytes`], [`with_room`] |
//! | download from a server that cuts, lies or redirects | [`FileServer`] |
//! | write to a disk that fails, or loses what was not synced | [`SimDisk`], [`implement_disk!`] |
//!
//! # Invariants
//!
//! * The same seed gives the same values on every machine and in every build: no clock, no `HashMap`, no `libm`.
//! * Errors are measured against the RMS of the expected *array*, not against each element: an element that is small because
//!   large terms canceled has the rounding error of those terms, which says nothing about the kernel.
//!
//! # Example
//!
//! Is the derivative of `y = x³` correct, and does an f32 version of it agree?
//!
//! ```
//! use striate_testkit::{Sample, assert_close, assert_vjp, widen};
//!
//! let cube = |x: &[f64]| x.iter().map(|v| v * v * v).collect::<Vec<_>>();
//! let mut sample = Sample::new(7);
//! let x = sample.normal_vec(20);
//! let (x64, grad_output) = (widen(&x), widen(&sample.normal_vec(20)));
//!
//! let grad_input: Vec<f64> = x64.iter().zip(&grad_output).map(|(v, g)| 3.0 * v * v * g).collect();
//! assert_vjp(cube, &x64, &grad_output, &grad_input, 1e-7, "cube");
//!
//! let fast: Vec<f32> = x.iter().map(|v| v * v * v).collect();
//! assert_close(&fast, &cube(&x64), 1e-6, 0.0, "cube in f32");
//! ```

mod attribution;
mod close;
mod disk;
mod formula;
mod golden;
mod gradient;
mod memory;
mod sample;
mod server;

pub use attribution::{Array, AttributionGolden, NoiseGolden};
pub use close::assert_close;
pub use disk::{Fault, SimDisk, SimFile, SimRead};
pub use formula::{deep_formula, formula, formula_labels};
pub use golden::{Checksum, CrossEntropyCase, Golden, OptimizerCase, Scalar, Tensor, ZooGolden, ZooStep};
pub use gradient::{assert_vjp, finite_difference};
pub use memory::{Memory, memory, peak_bytes, with_room};
pub use sample::{Sample, widen};
pub use server::{FileServer, Serve};
