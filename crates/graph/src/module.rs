//! What a network is made of: a tree of named layers, and functions from values to values.

use crate::var::Var;
use std::any::TypeId;

/// A tree of named layers: a description, without memory. Derived: `#[derive(Module)]`.
///
/// A module that takes one value and gives one implements [`Forward`]; one that combines several has a method of its own, in
/// which [`Var::within`] gives its layers their names.
///
/// A field's name is its child's name, so that paths equal PyTorch's state-dict keys: field `conv1` of field `layer1`
/// is `layer1.conv1`.
pub trait Module: 'static {
    /// Calls `visit(name, child)` for each child, in the order of declaration.
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module));

    /// The type behind a `dyn Module`: with the address it tells one layer from another.
    #[doc(hidden)]
    fn type_of(&self) -> TypeId {
        TypeId::of::<Self>()
    }
}

/// A function from values to values, written by hand. It runs once per trace, and cannot fail: what is wrong with a
/// shape is collected, and reported by [`trace`](crate::trace()).
pub trait Forward: Module {
    /// The layer's output for the input `x`.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g>;
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer",
    note = "a field that is plain configuration needs #[module(skip)]"
)]
/// What the derive visits a field through: a layer, or an optional one, or a list of them (`"0"`, `"1"`, …).
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
