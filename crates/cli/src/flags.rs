//! Parsers of the values of flags, with the message for a value that is not accepted.

use std::path::{Path, PathBuf};

use clap::Args;
use striate::graph::Engine;
use striate::image::MAX_SIDE_PX;
use striate::train::BEST_MODEL;

use crate::exit::Usage;

/// A whole number from 1.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n @ 1..=0xffff_ffff) => Ok(n),
        _ => Err(format!("expected a whole number from 1 to {}, got {text}; try 1", 0xffff_ffff_u32)),
    }
}

/// The height and width of an image, in pixels.
pub(crate) fn side(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(px) if (1..=MAX_SIDE_PX as usize).contains(&px) => Ok(px),
        _ => Err(format!("expected 1 to {MAX_SIDE_PX} pixels, got {text}; try 224")),
    }
}

/// A finite number above 0, such as a learning rate.
pub(crate) fn positive(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err(format!("expected a finite number above 0, got {text}; try 0.001")),
    }
}

/// A finite number of at least 0, such as weight decay.
pub(crate) fn from_zero(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err(format!("expected a finite number of at least 0, got {text}; try 0")),
    }
}

/// A number of at least 0 and below 1, such as momentum or label smoothing.
pub(crate) fn below_one(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..1.0).contains(&value) => Ok(value),
        _ => Err(format!("expected a number of at least 0 and below 1, got {text}; try 0.1")),
    }
}

/// A number from 0 to 1.
pub(crate) fn probability(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(format!("expected a probability from 0 to 1, got {text}; try 0.5")),
    }
}

/// An angle from 0 to 180 degrees.
pub(crate) fn degrees(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=180.0).contains(&value) => Ok(value),
        _ => Err(format!("expected 0 to 180 degrees, got {text}; try 10")),
    }
}

/// A time such as `90s`, `1.5m` or `2h`, in seconds; a number alone is seconds.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let unit = |suffix: &str| text.strip_suffix(suffix);
    let (number, factor) = match (unit("s"), unit("m"), unit("h")) {
        (Some(number), ..) => (number, 1.0),
        (_, Some(number), _) => (number, 60.0),
        (.., Some(number)) => (number, 3600.0),
        _ => (text, 1.0),
    };
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value * factor),
        _ => Err(format!("expected a time above 0 with the unit s, m or h, got {text}; try 90s")),
    }
}

/// The number of threads; flattened into the commands that compute.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Threads {
    /// Number of threads [default: one per core]; the results do not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n @ 1..=1024) => Ok(n),
        _ => {
            Err(format!("expected 1 to 1024 threads, got {text}; leave the flag out for one thread per core"))
        }
    }
}

impl Threads {
    /// The threads asked for, or one for each core.
    pub(crate) fn engine(self) -> anyhow::Result<Engine> {
        Engine::new(self.threads).map_err(|why| Usage(why).into())
    }

    /// One thread unless more were asked for: for work so small that waking other threads costs more than they save.
    pub(crate) fn engine_for_little(self) -> anyhow::Result<Engine> {
        Engine::new(Some(self.threads.unwrap_or(1))).map_err(|why| Usage(why).into())
    }
}

/// The path of the model file: the folder of a run stands for the model in it.
pub(crate) fn model_path(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(BEST_MODEL) } else { path.to_path_buf() }
}
