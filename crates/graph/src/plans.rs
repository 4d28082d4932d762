//! The programs that a session has made and can run again.

use crate::stage::{Kind, Stage};

/// One plan of each kind without an edit, and the most recent one with an edit.
#[derive(Default)]
pub(crate) struct Plans(Vec<(Kind, Stage)>);

impl Plans {
    /// The index of a plan of this kind for `n` samples, in tiles of `tile` if there are that many.
    pub(crate) fn find(&self, kind: &Kind, n: usize, tile: usize) -> Option<usize> {
        self.0.iter().position(|(known, stage)| known == kind && stage.fits(n, tile))
    }

    /// Adds a plan in place of those that are no longer of use; the indices of the others may change.
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
