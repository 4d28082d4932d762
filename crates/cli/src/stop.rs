//! SIGINT, SIGTERM and SIGHUP: the first signal asks the run to stop in an orderly way, the second ends it at once. A run started
//! with `nohup` continues when its terminal is closed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The terminal was closed, or the connection to it was lost.
#[cfg(unix)]
const HANG_UP: &[i32] = &[signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const HANG_UP: &[i32] = &[];

/// The request to stop, and the signal that it came from.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Installs the signal handlers.
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = Self::default();
        let hang_up = if hang_up_is_ignored() { &[][..] } else { HANG_UP };
        for &signal in [SIGINT, SIGTERM].iter().chain(hang_up) {
            // In this order: the shutdown looks at the flag before this very signal sets it.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop.asked))?;
            flag::register_usize(signal, Arc::clone(&stop.signal), signal as usize)?;
            flag::register(signal, Arc::clone(&stop.asked))?;
        }
        Ok(stop)
    }

    /// Set once a signal arrived; the training loop reads it after each step.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// 129 after SIGHUP, 130 after SIGINT, 143 after SIGTERM.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(128 + signal).ok(),
        }
    }
}

/// Whether this program was started with SIGHUP ignored, as by `nohup`. Where that is unknown, it counts as ignored.
fn hang_up_is_ignored() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return true };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Bit 0 is signal 1, SIGHUP.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 != 0)
}
