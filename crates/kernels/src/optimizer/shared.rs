//! The gradient of a parameter that several operations share: `to[i] ← to[i] + from[map[i]]`, one use after the other.
//!
//! Each use computes its own gradient in its own layout; this adds one to that of the first use, in a fixed order.

use super::{part, tasks};
use crate::program::{Buf, Cx, Kernel};

/// Adds the gradient of one use of a parameter to that of another; push it before the kernels that read the sum.
#[derive(Debug, Clone)]
pub struct AddGradient {
    /// The gradient of this use.
    pub from: Buf,
    /// For each value of `to`, its position in `from`, or `u32::MAX` if there is none. `None` means the same position.
    pub map: Option<Vec<u32>>,
    /// The gradient that it is added to.
    pub to: Buf,
    /// The number of values in `to`.
    pub len: usize,
}

// SAFETY: a task writes its part of `to`; `from` is only read.
unsafe impl Kernel for AddGradient {
    fn name(&self) -> &'static str {
        "add gradient"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.from, self.to]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, _: usize) -> usize {
        tasks(self.len)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let part = part(self.len, task);
        // SAFETY: see the impl.
        let (from, to) = unsafe { (cx.read_all(self.from), cx.write(self.to, part.clone())) };
        match &self.map {
            None => to.iter_mut().zip(&from[part]).for_each(|(to, from)| *to += from),
            Some(map) => {
                for (to, &at) in to.iter_mut().zip(&map[part]) {
                    if at != u32::MAX {
                        *to += from[at as usize];
                    }
                }
            }
        }
    }
}
