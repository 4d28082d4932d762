//! Floor 0 of Striate: `#[derive(Module)]`, which takes the names of a network's layers from its fields.
//!
//! This crate depends on no other crate of the workspace and knows the others by path only. For a program that depends on the
//! facade, the generated code calls `::striate::graph::Module` and `::striate::graph::Child`; for a crate below the facade,
//! which depends on `striate-nn`, it calls `::striate_nn::graph::…`. So there are two macros, and each of the two crates
//! exports its own under the name `Module`.
//!
//! Start reading at `expand.rs`, which contains all of the code.
//!
//! Invariants: each field is visited once, in the order of declaration, under the name that PyTorch would use; every mistake is
//! a compile error at the field that caused it, never a panic. A runnable example is at the re-export, `striate_nn::Module`,
//! because this crate cannot depend on the crate of the trait.

mod expand;

use proc_macro::TokenStream;

#[doc = include_str!("module.md")]
#[proc_macro_derive(Module, attributes(module))]
pub fn module(item: TokenStream) -> TokenStream {
    expanded(item, &syn::parse_quote!(::striate))
}

#[doc = include_str!("module.md")]
#[proc_macro_derive(ModuleOfNn, attributes(module))]
pub fn module_of_nn(item: TokenStream) -> TokenStream {
    expanded(item, &syn::parse_quote!(::striate_nn))
}

fn expanded(item: TokenStream, home: &syn::Path) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::DeriveInput);
    expand::module(item, home).unwrap_or_else(|error| error.to_compile_error()).into()
}
