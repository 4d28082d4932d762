use super::*;

/// The files that `code` of the file `x/a.rs` names, of a crate with a bit of everything.
#[track_caller]
fn check(code: &str, expected: &[&str]) {
    let files = [
        (
            "c/src/lib.rs",
            "pub mod x;\nmod y;\nmod z { pub struct Z; }\npub use x::B as Other;\nuse std::fmt;\n",
        ),
        (
            "c/src/x/mod.rs",
            "mod a;\nmod b;\npub use b::*;\nuse crate::y::{self, Y, inner::deep};\npub struct X;\nmake! { M }\n",
        ),
        ("c/src/x/a.rs", code),
        (
            "c/src/x/b.rs",
            "pub struct B;\npub fn b() -> &'static Y { let c = 1; }\npub const C: *const Y = 0;\nmacro_rules! m { () => { struct Made; } }\npub(crate) use m;\n",
        ),
        ("c/src/y.rs", "pub struct Y;\npub mod inner;\npub fn y() {}\n"),
        ("c/src/y/inner.rs", "pub fn deep() {}\n"),
    ];
    let workspace = Workspace::of(&files);
    let modules = Modules::read(&workspace, "c/src/lib.rs");
    assert_eq!(modules.files.len(), files.len(), "every file is read");
    let here = modules.mentions.iter().filter(|mention| modules.files[mention.file] == "c/src/x/a.rs");
    let named: BTreeSet<&str> =
        here.filter_map(|mention| Some(modules.files[modules.defined_in(mention)?])).collect();
    let named: Vec<&str> =
        named.iter().map(|path| &path["c/src/".len()..]).filter(|path| *path != "x/a.rs").collect();
    assert_eq!(named, expected, "{code}");
}

#[test]
fn imports() {
    check("use crate::x::X;", &["x/mod.rs"]);
    check("use super::X;", &["x/mod.rs"]);
    check("use super::b::{B, C as D};", &["x/b.rs"]);
    check("use super::B;", &["x/b.rs"]);
    check("use super::super::Other;", &["x/b.rs"]);
    check("use crate::{Other, y::{Y, inner::{self, deep}}};", &["x/b.rs", "y.rs", "y/inner.rs"]);
    check("use super::{deep, Y};", &["y.rs", "y/inner.rs"]);
    check("use crate::z::Z;", &["lib.rs"]);
    check("use super::Made;", &["x/b.rs"]);
    check("use super::M;", &["x/mod.rs"]);
    check("use super::m;", &["x/b.rs"]);
    check("use std::fmt;\nuse anyhow::Result;\nuse y::Y;", &[]);
}

#[test]
fn modules_are_no_items() {
    check("use crate::y;\nuse crate::y::inner;", &[]);
    check("use crate::y;\nfn f() { y::inner::deep() }", &["y/inner.rs"]);
    check("use crate::y::inner as i;\nfn f() { i::deep() }", &["y/inner.rs"]);
}

#[test]
fn paths_in_code() {
    check("fn f(b: &crate::x::b::B) {}", &["x/b.rs"]);
    check("fn f() { $crate::y::y(); }", &["y.rs"]);
    check("fn f() { <super::X as T>::f::<crate::y::Y>() }", &["x/mod.rs", "y.rs"]);
    check("// super::X\nfn f() { \"super::X\"; }", &[]);
    check("fn f() { self::g(); Self::X }\nfn g() {}", &[]);
}

#[test]
fn globs_bring_what_is_named() {
    check("use super::*;", &[]);
    check("use super::*;\nstruct A(B);", &["x/b.rs"]);
    check("use super::*;\nfn f() { b(); }", &["x/b.rs"]);
    check("use super::*;\nfn f(b: usize, y: Self) { b + y.b() + y.X }", &[]);
    check("use super::*;\nfn f<'Y>(x: &'Y u8) { y::y() }", &["y.rs"]);
}

#[test]
fn names_of_ones_own_go_first() {
    check("use super::*;\nstruct B;\nfn f(_: B) {}", &[]);
    check("use super::*;\nmod b { pub struct B; }\nfn f(_: b::B) {}", &[]);
    // A lifetime or a pointer defines nothing: the name that follows it is defined elsewhere.
    check("use super::*;\nfn f() -> &'static B {}", &["x/b.rs"]);
    check("use super::*;\nfn f() -> *const B {}", &["x/b.rs"]);
}
