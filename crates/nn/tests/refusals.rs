//! What the layers that few networks have say where they do not fit.

extern crate striate_nn as striate;

use expect_test::{Expect, expect};
use striate_nn::*;

// The network stands in front: its lines are part of the messages.

/// A network of one layer.
#[derive(Module)]
struct Net<L> {
    layer: L,
}

impl<L: Forward> Forward for Net<L> {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.apply(&self.layer) // the line of all messages here
    }
}

fn check(layer: impl Forward, input: [usize; 3], expected: &Expect) {
    let error = trace(&Net { layer }, Mode::Train, input).expect_err("a shape that does not fit");
    expected.assert_eq(&format!("{error}\n"));
}

#[test]
fn average_pools() {
    check(
        AvgPool2d::new(9).ceil_mode(true),
        [1, 8, 8],
        &expect![[r#"
        layer.avg_pool2d (refusals.rs:18): avg_pool2d with kernel_size 9x9 is larger than its input of 8x8 with padding 0x0; use a smaller kernel, or more padding; or use 28x28 images
    "#]],
    );
}
