//! The error for inputs that do not fit an operation, with messages that contain a suggestion.

/// The error for shapes that do not fit, and the shape to continue with, if it can be determined nevertheless.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeError {
    pub(crate) output: Option<Vec<usize>>,
    pub(crate) kind: ShapeProblem,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ShapeProblem {
    /// A complete message.
    Plain(String),
    /// A linear layer whose input has the wrong length: the shape before the flatten explains it.
    Features { expected: usize, got: usize },
}

impl ShapeError {
    pub(crate) fn plain(output: Option<Vec<usize>>, problem: impl Into<String>) -> Self {
        Self { output, kind: ShapeProblem::Plain(problem.into()) }
    }

    /// The message for the user. `before` is the shape before a flatten.
    pub(crate) fn problem(&self, before: Option<Vec<usize>>) -> String {
        match (&self.kind, before.as_deref()) {
            (ShapeProblem::Plain(text), _) => text.clone(),
            (&ShapeProblem::Features { expected, got }, Some(&[c, h, w])) => {
                let side = (expected / c).isqrt();
                let whole = side > 0 && side * side * c == expected;
                let wanted = if whole { format!(" ({c}x{side}x{side})") } else { String::new() };
                let pool =
                    if whole { format!(", or add adaptive_avg_pool2d({side})") } else { String::new() };
                format!(
                    "linear expects {expected} inputs{wanted}, got {got} = {c}x{h}x{w}; \
                     set in_features to {got}{pool}"
                )
            }
            (ShapeProblem::Features { expected, got }, _) => {
                format!("linear expects {expected} inputs, got {got}; set in_features to {got}")
            }
        }
    }
}
