//! Copies values out of a program, for reading: `y[n, c, h, w] = act(x[n, c, h, w])` in PyTorch's order.
//!
//! The activation is applied here to the kept value before it, so that a program need not keep both the input and the output of
//! an activation.

use super::relay;
use crate::activation::Activation;
use crate::cut;
use crate::plane::Plane;
use crate::pool::{Pool, share};
use crate::simd::{Isa, Simd, Task};
use std::sync::{Mutex, PoisonError};

/// Number of values below which it is not worth waking the threads.
const FEW: usize = 1 << 15;

/// Fills `to`, row-major `[N, C, H, W]`, with `act` of as many samples of `from`, whose layout is `plane`.
///
/// # Panics
/// If `to` is not a whole number of samples, or `from` holds fewer.
pub fn export(pool: &Pool, isa: Isa, from: &[f32], plane: &Plane, act: Activation, to: &mut [f32]) {
    let (pixels, one) = (plane.height * plane.width, plane.channels * plane.height * plane.width);
    assert!(to.len().is_multiple_of(one), "export: {} values are not whole samples of {plane:?}", to.len());
    let n = to.len() / one;
    let from = &from[..n * plane.sample_len()];
    let few = to.len() < FEW;
    let mut pieces = Vec::new();
    if n == 1 {
        let blocks = from.chunks_exact(plane.plane_len()).zip(to.chunks_mut(plane.block * pixels));
        pieces.extend(blocks.map(|(from, to)| {
            let plane = Plane { channels: to.len() / pixels, ..*plane };
            Piece { from, plane, act, to }
        }));
    } else {
        let many = cut::per_task(one);
        let samples = from.chunks(many * plane.sample_len()).zip(to.chunks_mut(many * one));
        pieces.extend(samples.map(|(from, to)| Piece { from, plane: *plane, act, to }));
    }
    if few {
        return pieces.into_iter().for_each(|piece| isa.dispatch(piece));
    }
    let pieces: Vec<_> = pieces.into_iter().map(|piece| Mutex::new(Some(piece))).collect();
    pool.run(|worker| {
        for i in share(pieces.len(), worker, pool.threads()) {
            let piece = pieces[i].lock().unwrap_or_else(PoisonError::into_inner).take();
            isa.dispatch(piece.expect("each piece has one owner"));
        }
    });
}

/// Some samples, or some blocks of channels of one sample.
struct Piece<'a> {
    from: &'a [f32],
    plane: Plane,
    act: Activation,
    to: &'a mut [f32],
}

impl Task for Piece<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Piece { from, plane, act, to } = self;
        let to_plane = Plane::planar(plane.channels, plane.size(), [0, 0]);
        let samples = from.chunks_exact(plane.sample_len()).zip(to.chunks_exact_mut(to_plane.sample_len()));
        for (from, to) in samples {
            if plane.size() == [1, 1] && plane.halo == [0, 0] {
                to.copy_from_slice(&from[..to.len()]);
            } else {
                relay::Sample { from, from_plane: plane, to, to_plane }.run::<V>();
            }
            if act != Activation::None {
                activate::<V>(act, to);
            }
        }
    }
}

#[inline(always)]
fn activate<V: Simd>(act: Activation, values: &mut [f32]) {
    let whole = values.len() / V::LANES * V::LANES;
    let (vectors, rest) = values.split_at_mut(whole);
    for v in vectors.chunks_exact_mut(V::LANES) {
        act.join(V::load(v)).store(v);
    }
    if !rest.is_empty() {
        let mut last = [0.0; crate::BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        act.join(V::load(&last)).store(&mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}
