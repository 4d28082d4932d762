//! A session for another thread.

use super::Session;

/// Another session on the same network: both share the parameters, as they are and as the kernels read them, and each has its own
/// memory for values. Taps and hooks stay with the original.
///
/// Clones share the threads of their [`Engine`](crate::Engine), and take turns on them: to run side by side, start from a session
/// on an engine of one thread.
impl Clone for Session {
    fn clone(&self) -> Self {
        let Self { engine, graph, params, packed, passes, reuse, most_bytes, .. } = self;
        let fresh = Self::fresh(engine.clone(), graph.clone(), params.clone());
        let (packed, passes, reuse, most_bytes) = (packed.clone(), *passes, *reuse, *most_bytes);
        Self { packed, passes, reuse, most_bytes, ..fresh }
    }
}
