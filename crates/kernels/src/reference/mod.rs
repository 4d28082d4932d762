//! The specification of every operation: naive loops over plain slices, all arithmetic in f64.
//!
//! This module is the only definition of an operation, as a formula and as the most literal code for it. Fast kernels, the
//! graph's interpreter and the optimizers are tested against these functions, so nothing here is clever, blocked, fused or
//! parallel. The functions themselves are tested against values computed by hand and, for the backward passes, against central
//! differences.
//!
//! # Conventions
//!
//! * Tensors are row-major `[N, C, H, W]` or `[N, C]` slices of f64; `n` is the batch and outputs are fresh vectors.
//! * `…_vjp` functions take the inputs of the forward pass and `grad_output = ∂loss/∂output`, and return
//!   `grad_input = ∂loss/∂input`, with `grad_weight` and `grad_bias` if the operation has them.
//! * The semantics are those of `torch.nn.functional` and `torch.optim`; each function documents the choices that it makes.
//!
//! # Panics
//!
//! Every function asserts that the slices have the lengths that the geometry implies: a wrong length is a programming error.

mod adam;
mod adaptive_avg_pool2d;
mod adaptive_max_pool2d;
mod add;
mod avg_pool2d;
mod batch_norm2d;
mod conv2d;
mod cross_entropy;
mod dropout;
mod group_norm;
mod interpolate;
mod layer_norm;
mod linear;
mod local_response_norm;
mod log_softmax;
mod max_pool2d;
mod mul;
mod prelu;
mod relu;
mod relu6;
mod scale_channels;
mod sgd;
mod softmax;
#[cfg(test)]
mod testing;

pub use adam::{Adam, AdamState, adam_step, adamw_step};
pub use adaptive_avg_pool2d::{adaptive_avg_pool2d, adaptive_avg_pool2d_vjp};
pub use adaptive_max_pool2d::{adaptive_max_pool2d, adaptive_max_pool2d_vjp};
pub use add::{add, add_vjp};
pub use avg_pool2d::{avg_pool2d, avg_pool2d_vjp};
pub use batch_norm2d::{
    BatchNormTrain, batch_norm2d_eval, batch_norm2d_eval_vjp, batch_norm2d_running, batch_norm2d_train,
    batch_norm2d_train_vjp,
};
pub use conv2d::{conv2d, conv2d_vjp};
pub use cross_entropy::cross_entropy;
pub use dropout::{dropout, dropout_vjp};
pub use group_norm::{group_norm, group_norm_vjp};
pub use interpolate::{Between, interpolate, interpolate_vjp};
pub use layer_norm::{layer_norm, layer_norm_vjp};
pub use linear::{linear, linear_vjp};
pub use local_response_norm::{LocalResponse, local_response_norm, local_response_norm_vjp};
pub use log_softmax::{log_softmax, log_softmax_vjp};
pub use max_pool2d::{NO_CELL, max_pool2d, max_pool2d_vjp};
pub use mul::{mul, mul_vjp};
pub use prelu::{prelu, prelu_vjp};
pub use relu::{relu, relu_guided_vjp, relu_vjp};
pub use relu6::{relu6, relu6_guided_vjp, relu6_vjp};
pub use scale_channels::scale_channels;
pub use sgd::{Sgd, sgd_step};
pub use softmax::{softmax, softmax_vjp};

use crate::shape::Window;

/// The gradients of an operation with weight and bias, each in the shape of the array that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerGrads {
    /// `∂loss/∂input`.
    pub grad_input: Vec<f64>,
    /// `∂loss/∂weight`.
    pub grad_weight: Vec<f64>,
    /// `∂loss/∂bias`.
    pub grad_bias: Vec<f64>,
}

/// The offset in an `[h, w]` plane that tap `[ky, kx]` of a window at output position `[oy, ox]` reads, or `None` in the
/// padding.
///
/// `row = oy · stride + ky · dilation − padding`, and likewise for the columns.
fn tap_offset(window: &Window, at: [usize; 2], tap: [usize; 2], input: [usize; 2]) -> Option<usize> {
    let axis = |a: usize| {
        let cell =
            (at[a] * window.stride[a] + tap[a] * window.dilation[a]).checked_sub(window.before()[a])?;
        (cell < input[a]).then_some(cell)
    };
    Some(axis(0)? * input[1] + axis(1)?)
}

/// Every `[row, column]` of a grid, in scan order.
fn cells([rows, columns]: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| [row, column]))
}

#[track_caller]
fn check_len(what: &str, got: usize, want: usize) {
    assert!(got == want, "reference: {what} has {got} elements, but the shape needs {want}");
}
