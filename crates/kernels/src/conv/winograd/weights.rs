//! The weights of a convolution, transformed for Winograd's algorithm: `U = G g Gᵀ` for each pair of channels.

use super::form::{CHUNK, F23, F25, F43, Form, MOST_POINTS, Transform, with_form};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};

/// Transforms weights that are packed as for a direct convolution.
#[derive(Debug)]
pub struct WinogradWeights {
    form: Form,
    w: Buf,
    u: Buf,
    c_in: usize,
    blocks: usize,
    is_turned: bool,
}

impl WinogradWeights {
    /// Creates the kernel for `shape`, whose packed weights are in `w`; `u` holds [`Form::weight_len`] values.
    ///
    /// # Panics
    /// If the form does not [fit](Form::fits) the convolution.
    pub fn new(form: Form, shape: &ConvShape, w: Buf, u: Buf) -> Self {
        assert!(form.fits(shape), "Winograd {form:?} does not fit {shape:?}");
        Self { form, w, u, c_in: shape.c_in, blocks: shape.c_out.div_ceil(BLOCK), is_turned: false }
    }

    /// The same for weights rotated by half a turn.
    pub(super) fn turned(self) -> Self {
        Self { is_turned: true, ..self }
    }
}

// SAFETY: a task writes the transformed weights of its block of output channels.
unsafe impl Kernel for WinogradWeights {
    fn name(&self) -> &'static str {
        "winograd weights"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.w]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.u]
    }
    fn tasks(&self, _: usize) -> usize {
        self.blocks
    }
    fn run(&self, cx: &Cx<'_>, block: usize) {
        if !cx.starts_sums() {
            return; // the weights are the same for every tile of samples
        }
        let (taps, points) = (self.form.taps() * self.form.taps(), self.form.points());
        let (rows, len) = (self.c_in * taps * BLOCK, self.c_in * BLOCK);
        let first = block / CHUNK * CHUNK;
        let chunk = (self.blocks - first).min(CHUNK);
        let place = |point: usize| (first * points + point * chunk + block - first) * len;
        // SAFETY: see the impl; the weights are not written here.
        let (w, u) = unsafe {
            let w = cx.read(self.w, block * rows..(block + 1) * rows);
            let part = |point| cx.write(self.u, place(point)..place(point) + len);
            (w, std::array::from_fn(|point| if point < points { part(point) } else { &mut [] }))
        };
        cx.isa().dispatch(Weights { form: self.form, c_in: self.c_in, is_turned: self.is_turned, w, u });
    }
}

/// The weights of a block of output channels.
struct Weights<'a> {
    form: Form,
    c_in: usize,
    is_turned: bool,
    /// Block by block of input channels, then tap by tap, then channel by channel.
    w: &'a [f32],
    /// `[C_in][16]` for each point.
    u: [&'a mut [f32]; MOST_POINTS],
}

impl Task for Weights<'_> {
    #[inline(always)]
    fn run<V: Simd>(mut self) {
        with_form!(self.form, self.transform::<V>());
    }
}

impl Weights<'_> {
    #[inline(always)]
    fn transform<
        V: Simd,
        F: Transform<OUT, TAPS, IN>,
        const OUT: usize,
        const TAPS: usize,
        const IN: usize,
    >(
        &mut self,
    ) {
        for c in 0..self.c_in {
            let first = c / BLOCK * BLOCK;
            let channels = (self.c_in - first).min(BLOCK);
            for lane in (0..BLOCK).step_by(V::LANES) {
                let tap = |tap: usize| if self.is_turned { TAPS * TAPS - 1 - tap } else { tap };
                let place = |at: usize| (first * TAPS * TAPS + tap(at) * channels + c - first) * BLOCK + lane;
                let mut half = [[V::zero(); TAPS]; IN];
                unrolled!(x < TAPS => {
                    let mut g = [V::zero(); TAPS];
                    unrolled!(y < TAPS => g[y] = V::load(&self.w[place(y * TAPS + x)..]));
                    let column = F::weights(g);
                    unrolled!(i < IN => half[i][x] = column[i]);
                });
                unrolled!(i < IN => {
                    let row = F::weights(half[i]);
                    unrolled!(j < IN => {
                        row[j].store(&mut self.u[i * IN + j][c * BLOCK + lane..]);
                    });
                });
            }
        }
    }
}
