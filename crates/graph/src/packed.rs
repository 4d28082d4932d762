//! Parameters as kernels read them, which the plans of a network share.

use crate::plan_error::PlanError;
use crate::stage::{Key, Stage};
use std::sync::{Arc, Mutex, PoisonError};
use striate_kernels::Constants;

/// The packed parameters of a network, for as long as a plan has them; clones are of the same network, and share them.
#[derive(Clone, Default)]
pub(crate) struct Packed(Arc<Mutex<Vec<(Key, Constants)>>>);

impl Packed {
    /// Plans with the parameters of a plan that has them packed already, or packs them. Others who plan the same wait until then.
    pub(crate) fn plan(
        &self,
        key: &Key,
        plan: impl FnOnce(Option<&Constants>) -> Result<Stage, PlanError>,
    ) -> Result<Stage, PlanError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, constants)| constants.is_shared());
        let found = known.iter().find(|(other, _)| other == key);
        let stage = plan(found.map(|(_, constants)| constants))?;
        if found.is_none() {
            known.push((key.clone(), stage.program.constants()));
        }
        Ok(stage)
    }
}
