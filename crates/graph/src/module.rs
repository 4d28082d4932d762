//! The structure of a network: a tree of named layers, and functions from values to values.

use crate::var::Var;
use std::any::TypeId;

/// A tree of named layers: a description, without parameter values. It is usually derived with `#[derive(Module)]`.
///
/// A module that takes one value and returns one implements [`Forward`]. One that combines several values has its own method,
/// in which [`Var::within`] gives its layers their names.
///
/// The name of a field is the name of its child, so that paths equal PyTorch's state-dict keys: field `conv1` of field `layer1`
/// is `layer1.conv1`.
pub trait Module: 'static {
    /// Calls `visit(name, child)` for each child, in the order of declaration.
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module));

    /// Returns the type behind a `dyn Module`, which together with the address identifies a layer.
    #[doc(hidden)]
    fn type_of(&self) -> TypeId {
        TypeId::of::<Self>()
    }
}

/// A function from values to values, written by hand. It runs once per trace and cannot fail: shape errors are collected, and
/// [`trace`](crate::trace()) reports them.
pub trait Forward: Module {
    /// Applies the layer to the input `x` and returns its output.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g>;
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    note = "a field that is plain configuration needs #[module(skip)]"
)]
/// A field that the derive can visit: a layer, an optional layer, or a list of layers (`"0"`, `"1"`, …).
pub trait Child {
    /// Visits the layers in this field.
    fn visit<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&str, &'a dyn Module));
}

impl<T: Module> Child for T {
    fn visit<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        visit(name, self);
    }
}

impl<T: Module> Child for Option<T> {
    fn visit<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        if let Some(layer) = self {
            visit(name, layer);
        }
    }
}

impl<T: Module> Child for Vec<T> {
    fn visit<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        for (i, layer) in self.iter().enumerate() {
            visit(&format!("{name}.{i}"), layer);
        }
    }
}
