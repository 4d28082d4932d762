//! The choice of the instruction set, and the one place where code is compiled for it.
//!
//! The vector types are private to this file, which names each in one shell; everything else is generic over [`Simd`]. So code
//! that executes an instruction is reached only through [`Isa::dispatch`], with an [`Isa`] that proves that the processor has
//! it.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::Simd;
use std::fmt;

/// An instruction set that this machine can run. Except for plain Rust, only [`Isa::available`], which queries the processor,
/// creates one. Code that holds an `Isa` may therefore run the functions that were compiled for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Isa(Kind);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
}

/// A piece of work written over [`Simd`]. `run` must be `#[inline(always)]`, and so must everything that it calls with `V`:
/// only what is inlined into the shell below is compiled for the shell's instruction set.
pub(crate) trait Task {
    fn run<V: Simd>(self);
}

impl Isa {
    /// Plain Rust arrays, which run on any machine.
    pub const PORTABLE: Isa = Isa(Kind::Portable);

    /// Every instruction set that this machine can run, the plainest first: `portable`; `avx2` (x86-64 with AVX2 and FMA, 8
    /// lanes, 16 registers); `avx512` (x86-64 with AVX-512 F, BW, DQ and VL, 16 lanes, 32 registers); `avx512_bf16` (one that
    /// also multiplies pairs of bf16 values).
    pub fn available() -> Vec<Isa> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "nothing to add"))]
        let mut all = vec![Isa::PORTABLE];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                all.push(Isa(Kind::Avx2));
                let wanted = is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl");
                if wanted {
                    all.push(Isa(Kind::Avx512));
                    if is_x86_feature_detected!("avx512bf16") {
                        all.push(Isa(Kind::Avx512Bf16));
                    }
                }
            }
        }
        all
    }

    /// The best instruction set of this machine, or the one that `STRIATE_ISA` names.
    ///
    /// # Errors
    /// If `STRIATE_ISA` is set to a name that is unknown, or that this machine cannot run.
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

    /// The name for `STRIATE_ISA`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Bf16 => "avx512_bf16",
        }
    }

    /// Whether the instruction set multiplies pairs of bf16 values in one instruction.
    pub fn has_bf16(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 == Kind::Avx512Bf16;
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// Runs `task`, which multiplies pairs of bf16 values, compiled for this instruction set.
    #[inline]
    pub(crate) fn dispatch_bf16<T: Task>(self, task: T) {
        match self.0 {
            // SAFETY: `available` makes this kind only where it detected the shell's features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Bf16 => unsafe { run_avx512_bf16(task) },
            _ => self.dispatch(task),
        }
    }

    /// Runs `task` compiled for this instruction set.
    #[inline]
    pub(crate) fn dispatch<T: Task>(self, task: T) {
        match self.0 {
            Kind::Portable => task.run::<portable::F32x8>(),
            // SAFETY: `available` makes this kind only where it detected the shell's features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { run_avx2(task) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Avx512Bf16 => unsafe { run_avx512(task) },
        }
    }
}

impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Task>(task: T) {
    task.run::<avx2::F32x8>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn run_avx512<T: Task>(task: T) {
    task.run::<avx512::F32x16<false>>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
fn run_avx512_bf16<T: Task>(task: T) {
    task.run::<avx512::F32x16<true>>();
}
