//! The modules of a crate: which file defines a name, and where a path in another file leads. They are read from words and
//! braces, like [`Source`](crate::source::Source), not by a full parser: names that macros make belong to the file that calls
//! the macro, and uses without a path (a method, a field, a function that came by a glob and is passed on uncalled) are missed.

#[cfg(test)]
mod tests;

use crate::workspace::Workspace;
use std::collections::{BTreeMap, BTreeSet};

/// A crate with all its modules except those for tests.
#[derive(Default)]
pub(crate) struct Modules<'w> {
    /// Paths of its files.
    pub(crate) files: Vec<&'w str>,
    /// The paths that occur in its files.
    pub(crate) mentions: Vec<Mention<'w>>,
    modules: Vec<Module<'w>>,
}

/// A path that occurs in a file.
pub(crate) struct Mention<'w> {
    /// Index of the file.
    pub(crate) file: usize,
    /// Line from 1.
    pub(crate) line: usize,
    pub(crate) path: Vec<&'w str>,
    module: usize,
    /// Whether it may be the name of a module that is passed to a macro.
    for_macro: bool,
}

/// The names that one module defines and imports.
#[derive(Default)]
struct Module<'w> {
    file: usize,
    parent: usize,
    children: BTreeMap<&'w str, usize>,
    items: BTreeSet<&'w str>,
    imports: BTreeMap<&'w str, Vec<Vec<&'w str>>>,
    globs: Vec<Vec<&'w str>>,
    /// Whether it calls a macro in item position, so that it may define names that do not occur in the text.
    calls_macros: bool,
}

/// Where a path leads.
#[derive(Clone, Copy)]
enum Target {
    /// To an item of the file.
    File(usize),
    Module(usize),
}

/// How many imports of imports are followed; a longer chain is a name that imports itself, as `use anyhow;` does.
const DEPTH: usize = 12;

impl<'w> Modules<'w> {
    /// Reads the crate whose root is the file `root`, `…/src/lib.rs` or `…/src/main.rs`.
    pub(crate) fn read(workspace: &'w Workspace, root: &'w str) -> Self {
        let mut modules = Self::default();
        modules.modules.push(Module::default());
        let dir = root.rsplit_once('/').map_or("", |(dir, _)| dir);
        modules.file(workspace, root, dir.to_string(), 0);
        modules
    }

    /// The file that defines the mentioned name, if it is in this crate.
    pub(crate) fn defined_in(&self, mention: &Mention<'w>) -> Option<usize> {
        match self.lookup(mention.module, &mention.path, DEPTH)? {
            Target::File(file) => Some(file),
            Target::Module(module) => mention.for_macro.then(|| self.modules[module].file),
        }
    }

    /// Reads the file of module `module`, and the files of its child modules, which are in `dir`.
    fn file(&mut self, workspace: &'w Workspace, path: &'w str, dir: String, module: usize) {
        let Some(source) = workspace.file(path).and_then(|f| f.rust.as_ref()) else { return };
        let tokens = tokens(&source.code);
        let file = self.files.len();
        self.files.push(path);
        self.modules[module].file = file;
        let dispatches =
            ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| path.ends_with(&format!("/{name}")))
                || workspace.files.iter().any(|f| f.path.starts_with(&format!("{dir}/")));
        let mut reader = Reader { workspace, modules: self, tokens, at: 0, call_end: 0, file, dispatches };
        reader.block(module, &dir, Level::Items);
    }

    /// Where a path that occurs in `module` leads.
    fn lookup(&self, module: usize, path: &[&'w str], depth: usize) -> Option<Target> {
        match path {
            ["crate", rest @ ..] => self.within(0, rest, depth),
            ["self", rest @ ..] => self.within(module, rest, depth),
            ["super", rest @ ..] => {
                // `super::super`: the rest is a path of the parent.
                let parent = self.modules[module].parent;
                match rest {
                    ["super", ..] => self.lookup(parent, rest, depth),
                    _ => self.within(parent, rest, depth),
                }
            }
            _ => self.named(module, path, depth),
        }
    }

    /// The module that a path in `module` refers to.
    fn module(&self, module: usize, path: &[&'w str], depth: usize) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        let Some((&name, rest)) = path.split_first() else { return Some(module) };
        let here = &self.modules[module];
        let next = match name {
            "crate" => Some(0),
            "self" => Some(module),
            "super" => Some(here.parent),
            name => here
                .children
                .get(name)
                .copied()
                .or_else(|| here.imports.get(name)?.iter().find_map(|to| self.module(module, to, depth))),
        };
        self.module(next?, rest, depth)
    }

    /// Where a path leads that is known to be inside `module`.
    fn within(&self, module: usize, path: &[&'w str], depth: usize) -> Option<Target> {
        if path.is_empty() {
            return Some(Target::Module(module));
        }
        let here = &self.modules[module];
        self.named(module, path, depth).or(here.calls_macros.then_some(Target::File(here.file)))
    }

    /// Where a path leads whose first name `module` defines, imports, or imports by a glob.
    fn named(&self, module: usize, path: &[&'w str], depth: usize) -> Option<Target> {
        let depth = depth.checked_sub(1)?;
        let here = &self.modules[module];
        let (name, rest) = path.split_first()?;
        // Modules, types and functions may share a name; only modules and types can contain the rest of a path.
        let child = || here.children.get(name).and_then(|&child| self.within(child, rest, depth));
        let item = || here.items.contains(name).then_some(Target::File(here.file));
        let import = || {
            here.imports.get(name)?.iter().find_map(|to| {
                let path: Vec<&str> = to.iter().chain(rest).copied().collect();
                self.lookup(module, &path, depth)
            })
        };
        let glob = || {
            let from = here.globs.iter().filter_map(|from| self.module(module, from, depth));
            from.filter(|&from| from != module).find_map(|from| self.named(from, path, depth))
        };
        if rest.is_empty() {
            item().or_else(import).or_else(glob).or_else(child)
        } else {
            child().or_else(import).or_else(item).or_else(glob)
        }
    }
}

/// What the names in a block mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Items of the module.
    Items,
    /// The output of a macro: its types count as the module's.
    Macro,
    /// Statements and expressions.
    Code,
}

struct Reader<'m, 'w> {
    workspace: &'w Workspace,
    modules: &'m mut Modules<'w>,
    tokens: Vec<(usize, &'w str)>,
    at: usize,
    /// The token after a macro call in item position.
    call_end: usize,
    file: usize,
    /// Whether the file has child modules, whose names it re-exports.
    dispatches: bool,
}

impl<'w> Reader<'_, 'w> {
    fn token(&self, at: usize) -> &'w str {
        self.tokens.get(at).map_or("", |t| t.1)
    }

    /// Reads to the end of the block, including its brace.
    fn block(&mut self, module: usize, dir: &str, level: Level) {
        while self.at < self.tokens.len() {
            let (token, next, after) =
                (self.token(self.at), self.token(self.at + 1), self.token(self.at + 2));
            match (token, next, after) {
                ("}", ..) => {
                    self.at += 1;
                    return;
                }
                ("{", ..) => {
                    self.at += 1;
                    self.block(module, dir, if level == Level::Macro { level } else { Level::Code });
                }
                ("#", "[", "cfg") if self.is_for_tests() => self.skip_item(),
                ("use", ..) if next != "<" => self.import(module),
                ("mod", name, ";") => {
                    self.at += 3;
                    self.child_file(module, dir, name);
                }
                ("mod", name, "{") => {
                    self.at += 3;
                    let child = self.child(module, name);
                    self.modules.modules[child].file = self.file;
                    self.block(child, &format!("{dir}/{name}"), Level::Items);
                }
                ("macro_rules", "!", name) => {
                    self.modules.modules[module].items.insert(name);
                    self.at += 4;
                    self.block(module, dir, Level::Macro);
                }
                ("struct" | "enum" | "trait" | "union" | "type", name, _) if is_name(name) => {
                    self.define(module, name, level != Level::Code);
                }
                ("fn" | "const" | "static", name, _) if is_name(name) && !self.is_in_type() => {
                    self.define(module, name, level == Level::Items);
                }
                (name, "!", "{" | "(" | "[") if level == Level::Items && is_name(name) => {
                    self.modules.modules[module].calls_macros = true;
                    self.call_end = self.closing(self.at + 2);
                    self.mention(module);
                }
                (name, ..) if is_name(name) => self.mention(module),
                _ => self.at += 1,
            }
        }
    }

    /// Whether the `const` here is that of `*const T` or `<T, const N: usize>`.
    fn is_in_type(&self) -> bool {
        self.at > 0 && ["*", "<", ","].contains(&self.token(self.at - 1))
    }

    fn define(&mut self, module: usize, name: &'w str, is_item: bool) {
        if is_item {
            self.modules.modules[module].items.insert(name);
        }
        self.at += 2;
    }

    fn child(&mut self, module: usize, name: &'w str) -> usize {
        let child = self.modules.modules.len();
        self.modules.modules.push(Module { parent: module, ..Module::default() });
        self.modules.modules[module].children.insert(name, child);
        child
    }

    fn child_file(&mut self, module: usize, dir: &str, name: &'w str) {
        let below = format!("{dir}/{name}");
        let is_it =
            |path: &str| path.strip_prefix(&below).is_some_and(|end| [".rs", "/mod.rs"].contains(&end));
        if let Some(file) = self.workspace.files.iter().find(|f| is_it(&f.path)) {
            let child = self.child(module, name);
            self.modules.file(self.workspace, &file.path, below, child);
        }
    }

    /// Reads `use …;`. A re-export does not count as a use in a file whose purpose is to re-export.
    fn import(&mut self, module: usize) {
        let handed_on = self.at > 0 && ["pub", ")"].contains(&self.token(self.at - 1)) && self.dispatches;
        self.at += 1;
        let mut leaves = Vec::new();
        self.use_tree(&mut Vec::new(), &mut leaves);
        for (line, path, name) in leaves {
            let here = &mut self.modules.modules[module];
            if name == "*" {
                here.globs.push(path);
                continue;
            }
            here.imports.entry(name).or_default().push(path.clone());
            if !handed_on {
                let file = self.file;
                self.modules.mentions.push(Mention { file, line, path, module, for_macro: false });
            }
        }
    }

    /// Reads a tree of imports below `path` into leaves: line, path and local name.
    fn use_tree(&mut self, path: &mut Vec<&'w str>, leaves: &mut Vec<(usize, Vec<&'w str>, &'w str)>) {
        let depth = path.len();
        while self.at < self.tokens.len() {
            let (line, token) = self.tokens[self.at];
            match token {
                "{" => {
                    self.at += 1;
                    while !["}", ""].contains(&self.token(self.at)) {
                        self.use_tree(path, leaves);
                        self.at += usize::from(self.token(self.at) == ",");
                    }
                    self.at += 1;
                    break;
                }
                "*" => {
                    leaves.push((line, path.clone(), "*"));
                    self.at += 1;
                    break;
                }
                "::" => self.at += 1,
                name if is_name(name) => {
                    self.at += 1;
                    if name != "self" || path.is_empty() {
                        path.push(name);
                    }
                    if self.token(self.at) != "::" {
                        let mut called = path.last().copied().unwrap_or(name);
                        if self.token(self.at) == "as" {
                            called = self.token(self.at + 1);
                            self.at += 2;
                        }
                        leaves.push((line, path.clone(), called));
                        break;
                    }
                }
                _ => break,
            }
        }
        path.truncate(depth);
    }

    /// Reads a path in code. A single name may be a variable, unless it is the name of a type or is called.
    fn mention(&mut self, module: usize) {
        let start = self.at;
        let (line, first) = self.tokens[start];
        let mut path = vec![first];
        while self.token(self.at + 1) == "::" && is_name(self.token(self.at + 2)) {
            self.at += 2;
            path.push(self.token(self.at));
        }
        self.at += 1;
        let before = if start == 0 { "" } else { self.token(start - 1) };
        let of_a_value = before == "." && (start < 2 || self.token(start - 2) != ".");
        if of_a_value || before == "::" || (before == "$" && first != "crate") {
            return;
        }
        let for_macro = start < self.call_end;
        let is_type = first.starts_with(char::is_uppercase);
        let is_called = ["(", "!", "::"].contains(&self.token(self.at));
        if path.len() > 1 || is_type || is_called || for_macro {
            self.modules.mentions.push(Mention { file: self.file, line, path, module, for_macro });
        }
    }

    /// Whether the attribute here restricts an item to tests: `#[cfg(test)]`, `#[cfg(all(test, unix))]`.
    fn is_for_tests(&self) -> bool {
        let end = self.closing(self.at + 1);
        let words: Vec<&str> = (self.at + 3..end).map(|at| self.token(at)).collect();
        words.contains(&"test") && !words.contains(&"not") && !words.contains(&"any")
    }

    /// Moves past the attribute here and the item it applies to.
    fn skip_item(&mut self) {
        self.at = self.closing(self.at + 1);
        let is_field = is_name(self.token(self.at)) && self.token(self.at + 1) == ":";
        while self.at < self.tokens.len() {
            match self.token(self.at) {
                "}" => return,
                "{" => {
                    self.at = self.closing(self.at);
                    return;
                }
                "(" | "[" => self.at = self.closing(self.at),
                token => {
                    self.at += 1;
                    if token == ";" || (token == "," && is_field) {
                        return;
                    }
                }
            }
        }
    }

    /// The token after the bracket that closes the one at `open`.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for at in open..self.tokens.len() {
            match self.token(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return at + 1;
            }
        }
        self.tokens.len()
    }
}

/// Words, lifetimes, `::` and other characters, with their lines from 1.
fn tokens(code: &[String]) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (i, line) in code.iter().enumerate() {
        let mut rest = line.trim_start();
        while let Some(c) = rest.chars().next() {
            let is_sign = |c: char| !(c.is_alphanumeric() || c == '_');
            let word = |from: usize| rest[from..].find(is_sign).map_or(rest.len(), |len| from + len);
            let len = match c {
                '\'' => word(1),
                ':' if rest.starts_with("::") => 2,
                c if is_sign(c) => c.len_utf8(),
                _ => word(0),
            };
            tokens.push((i + 1, &rest[..len]));
            rest = rest[len..].trim_start();
        }
    }
    tokens
}

/// Whether the word can be a name: it is not a number, a sign, or a keyword that precedes names.
fn is_name(token: &str) -> bool {
    const WORDS: &[&str] = &["fn", "mut", "unsafe", "extern", "as", "_", "Self", "in", "pub"];
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') && !WORDS.contains(&token)
}
