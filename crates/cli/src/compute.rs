//! How a network in use is computed; flattened into the commands that use one.

use clap::{Args, ValueEnum};
use striate::graph::{Arithmetic, Dtype, Engine, Graph, Winograd};

use crate::exit::Usage;
use crate::flags::Threads;
use crate::out;

/// Where Winograd's algorithm computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum When {
    /// Where it is faster
    #[default]
    Auto,
    /// Nowhere
    Off,
    /// Wherever it can
    On,
}

/// Of which values the products are.
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
    /// Compute 3x3 and 5x5 convolutions by Winograd's algorithm where it is faster (auto), nowhere (off), or wherever it can (on)
    #[arg(long, value_enum, hide_possible_values = true, value_name = "auto|off|on", default_value = "auto")]
    winograd: When,
    /// Round the inputs and weights of convolutions and fully connected layers to 16 bits (bf16): faster where the processor
    /// multiplies such values, slower elsewhere
    #[arg(long, value_enum, hide_possible_values = true, value_name = "f32|bf16", default_value = "f32")]
    dtype: Type,
}

/// What is said where the processor has no instructions for bf16. Measured on AVX2, one thread: EfficientNet-B0 takes 2.0 times as long
/// as in f32, VGG-16 5.6 times.
const WITHOUT_BF16: &str = "--dtype bf16: this processor does not multiply bf16 values (it has no AVX512_BF16), so the network takes \
     2 to 6 times as long as in f32; the results are the same as on processors that do";

/// Layers that a message names.
const NAMED: usize = 3;

impl Compute {
    /// Whether anything but the threads was asked for.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.winograd != When::Auto || self.dtype != Type::F32
    }

    /// One thread for each core, or those asked for.
    pub(crate) fn engine(&self) -> anyhow::Result<Engine> {
        Ok(self.of(self.threads.engine()?))
    }

    /// One thread unless more were asked for: where waking others costs more than they bring.
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

    /// Tells what of this is not as it was meant: layers that Winograd's algorithm does not fit, and a processor without bf16.
    ///
    /// # Errors
    /// When both are asked for, or bf16 for a step of training.
    pub(crate) fn tell(&self, graph: &Graph, engine: &Engine, trains: bool) -> anyhow::Result<()> {
        let is_bf16 = self.dtype == Type::Bf16;
        if is_bf16 && trains {
            return Err(
                Usage("--dtype bf16 is for inference; a step of training is computed in f32".into()).into()
            );
        }
        if is_bf16 && self.winograd == When::On {
            return Err(Usage(
                "--winograd on and --dtype bf16 exclude each other: the algorithm's sums are f32; leave one of them out".into(),
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

/// The convolutions that Winograd's algorithm cannot compute.
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
        (_, 0) => "--winograd on: the network has no convolution".into(),
        (0, all) => format!("--winograd on: it computes all {all} convolutions"),
        (n, all) if n > NAMED => {
            let more = n - NAMED;
            format!(
                "--winograd on: {n} of {all} convolutions are computed directly, since the algorithm does not fit them: {named} \
                 and {more} more; 'striate explain MODEL --winograd on' shows them all"
            )
        }
        (n, all) => format!(
            "--winograd on: {n} of {all} convolutions are computed directly, since the algorithm does not fit them: {named}"
        ),
    }
}
