//! The programs that a session has made and can run again.

use crate::graph::NodeId;
use crate::stage::Stage;
use striate_kernels::ReluRule;

/// What a plan depends on, beside what is looked at.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Kind {
    /// Whether it runs backward too, and by which rule.
    pub(crate) backward: Option<ReluRule>,
    /// Values that the host writes, instead of what the graph computes.
    pub(crate) cuts: Vec<NodeId>,
    /// Values whose channels are multiplied by factors that the host writes.
    pub(crate) scaled: Vec<NodeId>,
}

impl Kind {
    fn is_edited(&self) -> bool {
        !self.cuts.is_empty() || !self.scaled.is_empty()
    }
}

/// One plan of each kind without an edit, and the last with one.
#[derive(Default)]
pub(crate) struct Plans(Vec<(Kind, Stage)>);

impl Plans {
    /// Where there is one for `n` samples, in tiles of `tile` where there are as many.
    pub(crate) fn find(&self, kind: &Kind, n: usize, tile: usize) -> Option<usize> {
        self.0.iter().position(|(known, stage)| known == kind && stage.fits(n, tile))
    }

    /// Takes the place of what is no longer of use; the others may change theirs.
    pub(crate) fn add(&mut self, kind: Kind, stage: Stage) -> usize {
        self.0.retain(|(known, _)| *known != kind && !(known.is_edited() && kind.is_edited()));
        self.0.push((kind, stage));
        self.0.len() - 1
    }

    pub(crate) fn get(&self, at: usize) -> &Stage {
        &self.0[at].1
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> &mut Stage {
        &mut self.0[at].1
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.0.iter().map(|(_, stage)| stage.program.memory_bytes()).sum()
    }
}
