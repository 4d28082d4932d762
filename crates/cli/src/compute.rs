//! The arithmetic and the threads of inference; flattened into the commands that run a network.

use clap::{Args, ValueEnum};
use striate::graph::{Arithmetic, Dtype, Engine, Graph, Winograd};

use crate::exit::Usage;
use crate::flags::Threads;
use crate::out;

/// Which convolutions Winograd's algorithm computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum When {
    /// Those for which it is faster
    #[default]
    Auto,
    /// None
    Off,
    /// All that it supports
    On,
}

/// The type of the factors in convolutions and fully connected layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Type {
    #[default]
    F32,
    Bf16,
}

/// Threads and arithmetic.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Compute {
    #[command(flatten)]
    threads: Threads,
    /// Use Winograd's algorithm for 3x3 and 5x5 convolutions where it is faster (auto), never (off), or wherever it applies (on)
    #[arg(long, value_enum, hide_possible_values = true, value_name = "auto|off|on", default_value = "auto")]
    winograd: When,
    /// Round the inputs and weights of convolutions and fully connected layers to 16 bits (bf16): faster on processors with
    /// bf16 instructions, slower on others
    #[arg(long, value_enum, hide_possible_values = true, value_name = "f32|bf16", default_value = "f32")]
    dtype: Type,
}

/// The warning for processors without bf16 instructions. Measured on AVX2, one thread: EfficientNet-B0 takes 2.0 times as long as
/// in f32, VGG-16 5.6 times.
const WITHOUT_BF16: &str = "--dtype bf16: this processor has no bf16 instructions (AVX512_BF16), so the network takes 2 to 6 times as \
     long as in f32; the results are the same as on processors that have them";

/// The most layers that a message names.
const NAMED: usize = 3;

impl Compute {
    /// Whether any flag but `--threads` was given.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.winograd != When::Auto || self.dtype != Type::F32
    }

    /// An engine with one thread per core, or with the number asked for.
    pub(crate) fn engine(&self) -> anyhow::Result<Engine> {
        Ok(self.of(self.threads.engine()?))
    }

    /// One thread unless more were asked for: for work so small that waking other threads costs more than they save.
    pub(crate) fn engine_for_little(&self) -> anyhow::Result<Engine> {
        Ok(self.of(self.threads.engine_for_little()?))
    }

    fn of(&self, engine: Engine) -> Engine {
        let winograd = match self.winograd {
            When::Auto => Winograd::Auto,
            When::Off => Winograd::Off,
            When::On => Winograd::On,
        };
        let dtype = match self.dtype {
            Type::F32 => Dtype::F32,
            Type::Bf16 => Dtype::Bf16,
        };
        engine.with_arithmetic(Arithmetic { winograd, dtype })
    }

    /// Prints on standard error what cannot be done as asked: layers to which Winograd's algorithm does not apply, and a
    /// processor without bf16 instructions.
    ///
    /// # Errors
    /// When both are asked for, or bf16 is asked for in training.
    pub(crate) fn tell(&self, graph: &Graph, engine: &Engine, trains: bool) -> anyhow::Result<()> {
        let is_bf16 = self.dtype == Type::Bf16;
        if is_bf16 && trains {
            return Err(
                Usage("--dtype bf16 is for inference; training steps are computed in f32".into()).into()
            );
        }
        if is_bf16 && self.winograd == When::On {
            return Err(Usage(
                "--winograd on and --dtype bf16 cannot be combined, since Winograd's algorithm computes in f32; leave one of them out".into(),
            )
            .into());
        }
        if self.winograd == When::On {
            out::tell(direct(graph));
        }
        if is_bf16 && !engine.isa().has_bf16() {
            out::tell(WITHOUT_BF16);
        }
        Ok(())
    }
}

/// A message about the convolutions to which Winograd's algorithm does not apply.
fn direct(graph: &Graph) -> String {
    let convolutions = graph.convolutions(Arithmetic { winograd: Winograd::On, ..Arithmetic::default() });
    let is_direct = |choice: &str| !choice.starts_with("Winograd");
    let others: Vec<String> = convolutions
        .iter()
        .filter(|(_, choice)| is_direct(choice.algorithm))
        .map(|(id, choice)| format!("{} ({})", graph.nodes[*id].name, choice.reason))
        .collect();
    let named = others.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match (others.len(), convolutions.len()) {
        (_, 0) => "--winograd on: the network has no convolutions".into(),
        (0, all) => format!("--winograd on: all {all} convolutions use Winograd's algorithm"),
        (n, all) if n > NAMED => {
            let more = n - NAMED;
            format!(
                "--winograd on: {n} of {all} convolutions are computed directly, since the algorithm does not apply to them: {named} \
                 and {more} more; 'striate explain MODEL --winograd on' lists them all"
            )
        }
        (n, all) => format!(
            "--winograd on: {n} of {all} convolutions are computed directly, since the algorithm does not apply to them: {named}"
        ),
    }
}
