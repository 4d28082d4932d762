//! Local response normalization: `y[c] = x[c] · b[c]^−beta` with `b[c] = k + alpha / size · Σ x[i]²` over the existing channels
//! with `c − ⌊size / 2⌋ ≤ i ≤ c + ⌊(size − 1) / 2⌋`.
//!
//! The gradient: `dx[i] = dy[i] · b[i]^−beta − 2 · alpha / size · beta · x[i] · Σ t[c]` with
//! `t[c] = dy[c] · x[c] · b[c]^−beta / b[c]` over the channels `c` whose neighborhood contains `i`. The first pass computes
//! `b^−beta` and `t`, the second adds them up.
//!
//! **Schedule.** Lanes are channels, and neighbors are in other lanes and blocks, so the sums are computed value by value; only
//! the power is computed on whole vectors. Networks that have this layer have it twice, so simplicity comes before speed.
//!
//! **Numerics.** Sums are in f32 in the order of the channels. `b^−beta` is `e^(−beta · ln b)`: the logarithm is in f64, and
//! the product is passed to the exponential in two parts, so that the power of a given `b` is within 1.2 ulp for any `beta` on
//! targets with a fused multiply-add, and within 40 ulp on others. The bits are the same on every instruction set that has one.
//!
//! # Source
//! Krizhevsky et al. 2012, section 3.3.

use crate::BLOCK;
use crate::cut::{self, check_blocked, check_same};
use crate::plane::{Plane, Value};
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::math::exp_of_sum;
use crate::simd::{Simd, Task};
use striate_base::math::ln;

/// The settings of local response normalization; `k` is above 0 and `alpha` is not below 0, so that no `b` is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponse {
    /// The number of channels in a neighborhood, at least 1.
    pub size: usize,
    /// The factor of the sum of squares.
    pub alpha: f32,
    /// The exponent of the power, with the opposite sign.
    pub beta: f32,
    /// The number that is added to the sum.
    pub k: f32,
}

impl LocalResponse {
    /// Weight of one square.
    fn share(&self) -> f32 {
        self.alpha / self.size as f32
    }
    /// Number of neighbors before and after a channel.
    fn reach(&self) -> [usize; 2] {
        [self.size / 2, (self.size - 1) / 2]
    }
}

/// Computes `y = x · b^−beta`, for any halos and blocks of 16 channels.
#[derive(Debug)]
pub struct LocalResponseNorm {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// The settings.
    pub rule: LocalResponse,
}

/// The backward pass of [`LocalResponseNorm`].
#[derive(Debug, Clone, Copy)]
pub struct LocalResponseNormBackward {
    /// The input of the forward pass.
    pub x: Value,
    /// The gradient of the output.
    pub dy: Value,
    /// The gradient of the input, in another buffer.
    pub dx: Value,
    /// The settings, as in the forward pass.
    pub rule: LocalResponse,
}

impl LocalResponseNormBackward {
    /// Adds the kernels to `program`.
    ///
    /// # Panics
    /// If `x`, `dy` and `dx` differ in shape or are planar.
    pub fn push(self, program: &mut Builder) {
        check_same("local response norm backward", &self.x, &self.dx);
        check_same("local response norm backward", &self.dy, &self.dx);
        check_blocked("local response norm backward", &self.dx);
        let len = program.tile() * self.x.plane.sample_len();
        let [powers, terms] = [(); 2].map(|()| Value { buf: program.buffer(len), plane: self.x.plane });
        program.push(Parts { pass: self, powers, terms });
        program.push(InputGrad { pass: self, powers, terms });
    }
}

/// `Σ value(i)` over the existing channels in `c − before ..= c + after`, for each channel `c` of block `b`; `at` is the offset
/// of the pixel in a block of `sample`.
#[inline(always)]
fn sums(
    plane: &Plane,
    b: usize,
    [before, after]: [usize; 2],
    value: impl Fn(usize) -> f32,
    at: usize,
) -> [f32; BLOCK] {
    let mut sums = [0.0; BLOCK];
    for (lane, sum) in sums.iter_mut().enumerate().take(plane.channels - b * BLOCK) {
        let c = b * BLOCK + lane;
        for i in c.saturating_sub(before)..=c.saturating_add(after).min(plane.channels - 1) {
            *sum += value(i / BLOCK * plane.plane_len() + at + i % BLOCK);
        }
    }
    sums
}

/// `b` of each lane, and `b^−beta`.
#[inline(always)]
fn powers<V: Simd>(rule: &LocalResponse, squares: [f32; BLOCK]) -> ([f32; BLOCK], [f32; BLOCK]) {
    let (mut base, mut power, mut rest) = (squares, [0.0; BLOCK], [0.0; BLOCK]);
    for i in 0..BLOCK {
        base[i] = rule.k + rule.share() * squares[i];
        let exponent = -f64::from(rule.beta) * ln(f64::from(base[i]));
        power[i] = exponent as f32;
        // An infinite base has no remainder.
        rest[i] = if power[i].is_finite() { (exponent - f64::from(power[i])) as f32 } else { 0.0 };
    }
    for first in (0..BLOCK).step_by(V::LANES) {
        exp_of_sum(V::load(&power[first..]), V::load(&rest[first..])).store(&mut power[first..]);
    }
    (base, power)
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for LocalResponseNorm {
    fn name(&self) -> &'static str {
        "local response norm"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        check_same("local response norm", &self.x, &self.y);
        check_blocked("local response norm", &self.y);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.y.plane, cx.n(), task) {
            // SAFETY: see the impl; x is not written here.
            let (x, y) =
                unsafe { (cx.read(self.x.buf, self.x.sample(n)), cx.write(self.y.buf, self.y.block(n, b))) };
            cx.isa().dispatch(Forward { norm: self, x, y, b });
        }
    }
}

struct Forward<'a> {
    norm: &'a LocalResponseNorm,
    /// The sample.
    x: &'a [f32],
    y: &'a mut [f32],
    b: usize,
}

impl Task for Forward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Forward { norm: LocalResponseNorm { x: Value { plane, .. }, y: to, rule }, x, y, b } = self;
        to.plane.clear_halo(y);
        for line in 0..plane.height {
            for column in 0..plane.width {
                let at = plane.index(0, line, column);
                let (_, power) = powers::<V>(rule, sums(plane, b, rule.reach(), |i| x[i] * x[i], at));
                let from = &x[b * plane.plane_len() + at..];
                let y = &mut y[to.plane.index(0, line, column)..];
                for first in (0..BLOCK).step_by(V::LANES) {
                    V::load(&from[first..]).mul(V::load(&power[first..])).store(&mut y[first..]);
                }
            }
        }
    }
}

/// `b^−beta` and `t`, in planes like those of `x`.
#[derive(Debug)]
struct Parts {
    pass: LocalResponseNormBackward,
    powers: Value,
    terms: Value,
}

// SAFETY: a task writes its blocks of both.
unsafe impl Kernel for Parts {
    fn name(&self) -> &'static str {
        "local response norm backward parts"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.pass.x.buf, self.pass.dy.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.powers.buf, self.terms.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.pass.x.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let p = &self.pass;
        for (n, b) in cut::blocks(&p.x.plane, cx.n(), task) {
            let block = self.powers.block(n, b);
            // SAFETY: see the impl; the others are not written here.
            let (x, dy, to) = unsafe {
                let (x, dy) = (cx.read(p.x.buf, p.x.sample(n)), cx.read(p.dy.buf, p.dy.block(n, b)));
                (x, dy, [self.powers.buf, self.terms.buf].map(|buf| cx.write(buf, block.clone())))
            };
            cx.isa().dispatch(BlockParts { pass: p, x, dy, to, b });
        }
    }
}

struct BlockParts<'a> {
    pass: &'a LocalResponseNormBackward,
    /// The sample.
    x: &'a [f32],
    dy: &'a [f32],
    to: [&'a mut [f32]; 2],
    b: usize,
}

impl Task for BlockParts<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let BlockParts { pass, x, dy, to: [to_power, to_term], b } = self;
        let (plane, dy_plane, rule) = (&pass.x.plane, &pass.dy.plane, &pass.rule);
        for line in 0..plane.height {
            for column in 0..plane.width {
                let at = plane.index(0, line, column);
                let (base, power) = powers::<V>(rule, sums(plane, b, rule.reach(), |i| x[i] * x[i], at));
                let from = &x[b * plane.plane_len() + at..];
                let dy = &dy[dy_plane.index(0, line, column)..];
                for first in (0..BLOCK).step_by(V::LANES) {
                    let power = V::load(&power[first..]);
                    let y = V::load(&from[first..]).mul(power);
                    let term = V::load(&dy[first..]).mul(y.div(V::load(&base[first..])));
                    power.store(&mut to_power[at + first..]);
                    term.store(&mut to_term[at + first..]);
                }
            }
        }
    }
}

/// Computes `dx` from the parts.
#[derive(Debug)]
struct InputGrad {
    pass: LocalResponseNormBackward,
    powers: Value,
    terms: Value,
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for InputGrad {
    fn name(&self) -> &'static str {
        "local response norm backward"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.pass.x.buf, self.pass.dy.buf, self.powers.buf, self.terms.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.pass.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.pass.dx.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let p = &self.pass;
        for (n, b) in cut::blocks(&p.dx.plane, cx.n(), task) {
            // SAFETY: see the impl; the others are not written here.
            let (x, dy, powers, terms, dx) = unsafe {
                (
                    cx.read(p.x.buf, p.x.block(n, b)),
                    cx.read(p.dy.buf, p.dy.block(n, b)),
                    cx.read(self.powers.buf, self.powers.block(n, b)),
                    cx.read(self.terms.buf, self.terms.sample(n)),
                    cx.write(p.dx.buf, p.dx.block(n, b)),
                )
            };
            cx.isa().dispatch(Backward { pass: p, x, dy, powers, terms, dx, b });
        }
    }
}

struct Backward<'a> {
    pass: &'a LocalResponseNormBackward,
    x: &'a [f32],
    dy: &'a [f32],
    powers: &'a [f32],
    /// The sample.
    terms: &'a [f32],
    dx: &'a mut [f32],
    b: usize,
}

impl Task for Backward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Backward { pass, x, dy, powers, terms, dx, b } = self;
        let (plane, rule) = (&pass.x.plane, &pass.rule);
        pass.dx.plane.clear_halo(dx);
        let [before, after] = rule.reach();
        let factor = V::splat(-2.0 * rule.share() * rule.beta);
        for line in 0..plane.height {
            for column in 0..plane.width {
                let at = plane.index(0, line, column);
                // The neighborhoods that contain i begin `after` before it.
                let sums = sums(plane, b, [after, before], |i| terms[i], at);
                let dy = &dy[pass.dy.plane.index(0, line, column)..];
                let dx = &mut dx[pass.dx.plane.index(0, line, column)..];
                for first in (0..BLOCK).step_by(V::LANES) {
                    let own = V::load(&dy[first..]).mul(V::load(&powers[at + first..]));
                    let others = V::load(&x[at + first..]).mul(V::load(&sums[first..]));
                    own.fma(others, factor).store(&mut dx[first..]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use crate::testing::{Setup, assert_same, run_everywhere};
    use striate_testkit::{Sample, assert_close, widen};

    #[test]
    fn equals_the_reference_in_any_tiles() {
        let mut sample = Sample::new(6);
        for (n, channels, pixels, size, beta) in [
            (1, 1, [1, 1], 5, 0.75),
            (3, 16, [3, 4], 5, 0.75),
            (2, 33, [1, 5], 2, 0.5),
            (3, 40, [2, 2], 21, 1.0),
            (2, 17, [4, 1], 1, 1.37),
            (2, 18, [2, 3], usize::MAX, -0.4),
        ] {
            let rule = LocalResponse { size, alpha: 0.7 * size as f32, beta, k: 1.5 };
            let wide = reference::LocalResponse {
                size,
                alpha: f64::from(rule.alpha),
                beta: f64::from(beta),
                k: 1.5,
            };
            let x = sample.normal_vec(n * channels * pixels[0] * pixels[1]);
            let dy = sample.normal_vec(x.len());
            let planes = [[0, 0], [1, 2], [2, 1], [0, 1]].map(|halo| Plane::blocked(channels, pixels, halo));
            let shape = [n, channels, pixels[0] * pixels[1]];
            let y = reference::local_response_norm(shape, wide, &widen(&x));
            let dx = reference::local_response_norm_vjp(shape, wide, &widen(&x), &widen(&dy));
            let [whole, tiled] = [n, 2].map(|tile| {
                run_everywhere(&Setup::new(n).tiles(tile), |t| {
                    let (x, dy) = (t.input(planes[0], &x), t.input(planes[1], &dy));
                    let (y, dx) = (t.output(planes[2]), t.output(planes[3]));
                    t.program.push(LocalResponseNorm { x, y, rule });
                    LocalResponseNormBackward { x, dy, dx, rule }.push(&mut t.program);
                })
            });
            for (run, tiled) in whole.iter().zip(&tiled) {
                let what = format!("{shape:?}, {rule:?}, {}", run.what);
                assert_same(run, tiled, &what);
                assert_close(&run.outputs[0], &y, 4e-6, 0.0, &what);
                assert_close(&run.outputs[1], &dx, 4e-6, 0.0, &what);
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_among_its_neighbors() {
        let rule = LocalResponse { size: 3, alpha: 1.0, beta: 0.75, k: 1.0 };
        let mut x = vec![1.0; 20];
        (x[5], x[12]) = (f32::INFINITY, f32::NAN);
        let plane = Plane::blocked(20, [1, 1], [0, 0]);
        for run in run_everywhere(&Setup::new(1), |t| {
            let (x, y) = (t.input(plane, &x), t.output(plane));
            t.program.push(LocalResponseNorm { x, y, rule });
        }) {
            let y = &run.outputs[0];
            assert_eq!((y[4], y[6]), (0.0, 0.0), "{}", run.what);
            let nan: Vec<usize> = (0..20).filter(|&c| y[c].is_nan()).collect();
            assert_eq!(nan, [5, 11, 12, 13], "{}", run.what);
        }
    }

    /// The error of the power stays below the stated bound, over all magnitudes of a base.
    #[test]
    fn powers_are_within_the_stated_error() {
        struct Probe<'a>(&'a LocalResponse, [f32; BLOCK], &'a mut [f32; BLOCK], &'a mut [f32; BLOCK]);
        impl Task for Probe<'_> {
            #[inline(always)]
            fn run<V: Simd>(self) {
                (*self.2, *self.3) = powers::<V>(self.0, self.1);
            }
        }
        let mut sample = Sample::new(9);
        for isa in crate::Isa::available() {
            let is_fused = isa != crate::Isa::PORTABLE || cfg!(target_feature = "fma");
            let ulps = if is_fused { 1.2 } else { 40.0 };
            for beta in [0.5, 0.75, 1.0, 1.6, -0.3] {
                let rule = LocalResponse { size: 1, alpha: 1.0, beta, k: 1e-3 };
                for size in -10..30 {
                    let squares = [(); BLOCK].map(|()| sample.uniform(1.0, 4.0) * f32::powi(4.0, size));
                    let (mut base, mut power) = ([0.0; BLOCK], [0.0; BLOCK]);
                    isa.dispatch(Probe(&rule, squares, &mut base, &mut power));
                    for (&b, &got) in base.iter().zip(&power) {
                        let want = f64::from(b).powf(-f64::from(beta));
                        let near = want as f32;
                        let ulp = f64::from(f32::from_bits(near.to_bits() + 1)) - f64::from(near);
                        let off = (f64::from(got) - want).abs() / ulp;
                        assert!(off < ulps, "{isa:?}: {b} to the -{beta}: {got}, not {want}: {off} ulp");
                    }
                }
            }
        }
    }
}
