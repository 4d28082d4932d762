//! Which crate may match on the kind of an operation.

use super::Problem;
use crate::workspace::Workspace;

/// The only crate that may match on the kind of an operation.
const ALLOWED: &str = "crates/graph/";

/// A pattern such as `Op::Conv2d(..)` cannot know operations that are added later, so a new operation would silently be treated
/// as another.
pub(super) fn only_in_graph(workspace: &Workspace) -> Vec<Problem> {
    let outside = workspace
        .rust()
        .filter(|(file, _)| file.path.starts_with("crates/") && !file.path.starts_with(ALLOWED));
    let found = outside.flat_map(|(file, rust)| {
        let is_op = |code: &str| {
            code.match_indices("Op::")
                .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let lines = rust.code.iter().enumerate().filter(move |(_, code)| is_op(code));
        lines.map(|(line, _)| {
            let what = "matches on the kind of an operation; use its facts instead (graph/src/facts.rs)";
            Problem::at(&file.path, line + 1, what)
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> usize {
        only_in_graph(&Workspace::of(&[(path, text)])).len()
    }

    #[test]
    fn matches_on_an_operation_are_found_outside_graph() {
        let text = "fn f(op: &Op) -> bool {\n    matches!(op, Op::Relu(_)) // Op::Relu6\n}\n";
        assert_eq!(problems("crates/explain/src/a.rs", text), 1);
        assert_eq!(problems("crates/models/tests/a.rs", "use graph::op::Op;\nlet a = op::Op::Add(b);\n"), 1);
        assert_eq!(problems("crates/graph/src/a.rs", text), 0);
        assert_eq!(problems("crates/kernels/src/a.rs", "MyOp::Relu; // Op::Relu\n\"Op::Add\""), 0);
    }
}
