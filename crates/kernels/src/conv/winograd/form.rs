//! The forms of Winograd's algorithm: the number of outputs and taps, and the transforms along one axis.

use crate::simd::Simd;
use crate::{BLOCK, ConvShape};

/// `F(m x m, r x r)`: tiles of `m x m` output pixels for a window of `r x r` taps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// F(2x2, 3x3): 16 products where direct convolution has 36.
    F23,
    /// F(4x4, 3x3): 36 products where direct convolution has 144.
    F43,
    /// F(2x2, 5x5): 36 products where direct convolution has 100.
    F25,
}

impl Form {
    /// The number of output pixels of a tile along one axis.
    pub fn out(self) -> usize {
        match self {
            Self::F23 | Self::F25 => 2,
            Self::F43 => 4,
        }
    }

    /// The number of taps of the window along one axis.
    pub fn taps(self) -> usize {
        match self {
            Self::F23 | Self::F43 => 3,
            Self::F25 => 5,
        }
    }

    /// Number of input pixels of a tile along one axis.
    pub(super) fn input(self) -> usize {
        self.out() + self.taps() - 1
    }

    /// Number of products of a tile.
    pub(super) fn points(self) -> usize {
        self.input() * self.input()
    }

    /// Whether this form can compute the convolution.
    pub fn fits(self, shape: &ConvShape) -> bool {
        let window = &shape.window;
        let is_plain =
            window.kernel == [self.taps(); 2] && window.stride == [1, 1] && window.dilation == [1, 1];
        is_plain && shape.groups == 1
    }

    /// The numbers of tiles of a sample, down and across.
    pub fn tiles(self, shape: &ConvShape) -> [usize; 2] {
        shape.output().map(|size| size.div_ceil(self.out()))
    }

    /// The number of values of the transformed weights of a convolution: `[C_out / 64][points][4][C_in][16]`, in the order in
    /// which they are read.
    pub fn weight_len(self, shape: &ConvShape) -> usize {
        shape.c_out.div_ceil(BLOCK) * self.points() * shape.c_in * BLOCK
    }
}

/// The largest number of blocks of output channels whose products exist at once.
pub(super) const CHUNK: usize = 4;
/// The largest number of products of a tile.
pub(super) const MOST_POINTS: usize = 36;

/// Calls a method with the transforms of a form.
macro_rules! with_form {
    ($form:expr, $this:ident.$method:ident::<$V:ident>($($argument:expr),*)) => {
        match $form {
            Form::F23 => $this.$method::<$V, F23, 2, 3, 4>($($argument),*),
            Form::F43 => $this.$method::<$V, F43, 4, 3, 6>($($argument),*),
            Form::F25 => $this.$method::<$V, F25, 2, 5, 6>($($argument),*),
        }
    };
}
pub(super) use with_form;

/// The transforms of a form along one axis.
pub(super) trait Transform<const OUT: usize, const TAPS: usize, const IN: usize> {
    /// `G g`.
    fn weights<V: Simd>(g: [V; TAPS]) -> [V; IN];
    /// `Bᵀ d`.
    fn inputs<V: Simd>(d: [V; IN]) -> [V; IN];
    /// `Aᵀ m`.
    fn outputs<V: Simd>(m: [V; IN]) -> [V; OUT];
}

/// Points 0, 1, -1 and ∞.
pub(super) struct F23;

impl Transform<2, 3, 4> for F23 {
    #[inline(always)]
    fn weights<V: Simd>(g: [V; 3]) -> [V; 4] {
        let half = V::splat(0.5);
        let (even, odd) = (g[0].add(g[2]).mul(half), g[1].mul(half));
        [g[0], even.add(odd), even.sub(odd), g[2]]
    }
    #[inline(always)]
    fn inputs<V: Simd>(d: [V; 4]) -> [V; 4] {
        [d[0].sub(d[2]), d[1].add(d[2]), d[2].sub(d[1]), d[3].sub(d[1])]
    }
    #[inline(always)]
    fn outputs<V: Simd>(m: [V; 4]) -> [V; 2] {
        [m[0].add(m[1].add(m[2])), m[3].add(m[1].sub(m[2]))]
    }
}

/// Points 0, ±√½, ±√2 and ∞.
pub(super) struct F43;

impl Transform<4, 3, 6> for F43 {
    #[inline(always)]
    fn weights<V: Simd>(g: [V; 3]) -> [V; 6] {
        let s = std::f32::consts::SQRT_2;
        let c = V::splat;
        let near = g[0].mul(c(-2.0 / 3.0)).fma(g[2], c(-1.0 / 3.0));
        let far = g[0].mul(c(1.0 / 6.0)).fma(g[2], c(1.0 / 3.0));
        let (odd_near, odd_far) = (g[1].mul(c(s / 3.0)), g[1].mul(c(s / 6.0)));
        [g[0], near.sub(odd_near), near.add(odd_near), far.add(odd_far), far.sub(odd_far), g[2]]
    }
    #[inline(always)]
    fn inputs<V: Simd>(d: [V; 6]) -> [V; 6] {
        let s = std::f32::consts::SQRT_2;
        let c = V::splat;
        let even = |factor: f32| d[4].fma(d[2], c(factor));
        let odd = |first: f32, third: f32| d[1].mul(c(first)).fma(d[3], c(third));
        let (e1, o1) = (even(-2.0), odd(-s, s / 2.0));
        let (e2, o2) = (even(-0.5), odd(-s / 2.0, s));
        let first = d[0].add(d[4]).fma(d[2], c(-2.5));
        let last = d[1].add(d[5]).fma(d[3], c(-2.5));
        [first, e1.add(o1), e1.sub(o1), e2.add(o2), e2.sub(o2), last]
    }
    #[inline(always)]
    fn outputs<V: Simd>(m: [V; 6]) -> [V; 4] {
        let s = std::f32::consts::SQRT_2;
        let c = V::splat;
        let (s1, d1) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (s2, d2) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(s1.add(s2)),
            d1.mul(c(s / 2.0)).fma(d2, c(s)),
            s1.mul(c(0.5)).fma(s2, c(2.0)),
            m[5].add(d1.mul(c(s / 4.0)).fma(d2, c(2.0 * s))),
        ]
    }
}

/// The points of [`F43`].
pub(super) struct F25;

impl Transform<2, 5, 6> for F25 {
    #[inline(always)]
    fn weights<V: Simd>(g: [V; 5]) -> [V; 6] {
        let s = std::f32::consts::SQRT_2;
        let c = V::splat;
        let near = g[0].mul(c(-2.0 / 3.0)).fma(g[2], c(-1.0 / 3.0)).fma(g[4], c(-1.0 / 6.0));
        let far = g[0].mul(c(1.0 / 6.0)).fma(g[2], c(1.0 / 3.0)).fma(g[4], c(2.0 / 3.0));
        let odd_near = g[1].mul(c(s / 3.0)).fma(g[3], c(s / 6.0));
        let odd_far = g[1].mul(c(s / 6.0)).fma(g[3], c(s / 3.0));
        [g[0], near.sub(odd_near), near.add(odd_near), far.add(odd_far), far.sub(odd_far), g[4]]
    }
    #[inline(always)]
    fn inputs<V: Simd>(d: [V; 6]) -> [V; 6] {
        F43::inputs(d)
    }
    #[inline(always)]
    fn outputs<V: Simd>(m: [V; 6]) -> [V; 2] {
        let s = std::f32::consts::SQRT_2;
        let (s1, d1) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (s2, d2) = (m[3].add(m[4]), m[3].sub(m[4]));
        [m[0].add(s1.add(s2)), m[5].add(d1.mul(V::splat(s / 2.0)).fma(d2, V::splat(s)))]
    }
}
