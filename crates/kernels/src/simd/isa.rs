//! Which instruction set runs, and the one place where code is compiled for it.

use super::{Simd, portable};

/// An instruction set that the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isa {
    /// Plain Rust arrays: any target.
    Portable,
    /// x86-64 with AVX2 and FMA: 8 lanes, 16 registers.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL: 16 lanes, 32 registers.
    Avx512,
}

/// A piece of work written over [`Simd`]. `run` must be `#[inline(always)]`, and so must all it calls with `V`: only
/// what is inlined into the shell below is compiled for the shell's instruction set.
pub(crate) trait Task {
    fn run<V: Simd>(self);
}

impl Isa {
    /// Every instruction set that this machine can run, the plainest first.
    pub fn available() -> Vec<Isa> {
        let mut all = vec![Isa::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                all.push(Isa::Avx2);
                let wanted = is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl");
                if wanted {
                    all.push(Isa::Avx512);
                }
            }
        }
        all
    }

    /// The best instruction set of this machine, or the one that `STRIATE_ISA` names.
    ///
    /// # Errors
    /// When `STRIATE_ISA` is set to a name that is unknown, or that this machine cannot run.
    pub fn choose() -> Result<Isa, String> {
        let available = Isa::available();
        let Ok(name) = std::env::var("STRIATE_ISA") else {
            return Ok(*available.last().expect("portable is always there"));
        };
        let names: Vec<&str> = available.iter().map(|isa| isa.name()).collect();
        match available.iter().find(|isa| isa.name() == name) {
            Some(&isa) => Ok(isa),
            None => Err(format!(
                "STRIATE_ISA: expected one of {} on this machine, got `{name}`; unset it to let Striate choose",
                names.join(", ")
            )),
        }
    }

    /// The name that `STRIATE_ISA` takes.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }

    /// Runs `task` compiled for this instruction set.
    ///
    /// # Panics
    /// When this machine cannot run it.
    #[inline]
    pub(crate) fn dispatch<T: Task>(self, task: T) {
        match self {
            Isa::Portable => task.run::<portable::F32x8>(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => {
                assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"));
                // SAFETY: the features were just detected.
                unsafe { run_avx2(task) }
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                assert!(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw"));
                assert!(is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl"));
                // SAFETY: the features were just detected.
                unsafe { run_avx512(task) }
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => unreachable!("only the portable path is offered on this target"),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Task>(task: T) {
    task.run::<super::avx2::F32x8>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn run_avx512<T: Task>(task: T) {
    task.run::<super::avx512::F32x16>();
}
