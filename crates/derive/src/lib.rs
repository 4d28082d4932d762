//! Floor 0 of Striate: `#[derive(Module)]`, which reads the names of a network's layers from its fields.
//!
//! It stands on no other floor and knows the others by path only: what it writes calls `::striate::graph::Module` and
//! `::striate::graph::Child`. A crate below the facade therefore says `extern crate striate_nn as striate;` at its root.
//!
//! Start reading at `expand.rs`: it is all there is.
//!
//! Invariants: one visit a field, in the order of declaration, under the name that PyTorch would use; every mistake is a
//! compile error at the field that made it, and none is a panic. An example that runs stands at the re-export,
//! `striate_nn::Module`: this crate cannot depend on the trait's.

mod expand;

use proc_macro::TokenStream;

/// Implements the trait `Module` for a struct: each field is a child, under its own name.
///
/// | what | becomes |
/// | --- | --- |
/// | field `conv1: Conv2d` | child `conv1` |
/// | field `downsample: Option<Conv2d>` | child `downsample`, or none |
/// | field `layers: Vec<Block>` | children `layers.0`, `layers.1`, … |
/// | field `r#type: Conv2d` | child `type` |
/// | the fields of `struct Pair(Conv2d, Conv2d)` | children `0`, `1` |
/// | `#[module(skip)] width: usize` | nothing: plain configuration |
///
/// A generic field needs `Child`, which every layer has, and its struct must own what it holds (`'static`).
///
/// # Errors
/// An enum or a union has no fixed children, and is refused; so is a field that is neither a layer nor skipped.
///
/// # PyTorch
/// `torch.nn.Module`, which finds its children among the attributes when they are assigned.
#[proc_macro_derive(Module, attributes(module))]
pub fn module(item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::DeriveInput);
    expand::module(item).unwrap_or_else(|error| error.to_compile_error()).into()
}
