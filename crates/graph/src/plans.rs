//! The programs that a session has made and can run again.

use crate::stage::{Kind, Stage};

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
