//! t-SNE: an embedding of points in the plane that keeps neighbors together.

use serde::Serialize;
use striate_graph::Engine;

use super::affinities::affinities;
use super::gram::Gram;
use super::pca::Pca;
use striate_base::random::signed_unit;

/// Steps, and those at the beginning in which neighbors pull this much harder.
pub(super) const STEPS: usize = 750;
const EARLY: usize = 250;
const EXAGGERATION: f64 = 12.0;
/// Deviation of the start along its first axis, and of the noise that is added to it.
const START: f64 = 1e-4;
const NOISE: f64 = 1e-8;
/// Points of which a thread takes the rows at once, and lanes of a sum.
const ROWS: usize = 32;
const LANES: usize = 4;

/// The result of t-SNE.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tsne {
    /// The points, `[N, 2]`, with mean 0.
    pub points: Vec<[f64; 2]>,
    /// The KL divergence of the embedding from the affinities, in nats; see [`divergence`].
    pub kl: f64,
    /// The effective number of neighbors of a point.
    pub perplexity: f64,
    /// The number of steps.
    pub steps: usize,
}

/// Computes exact t-SNE: `min KL(P | Q)` with P from [`affinities`] and `q_ij ∝ 1 / (1 + |y_i − y_j|²)`.
///
/// The optimization is gradient descent with momentum 0.5, then 0.8, and a gain for each coordinate: 250 steps with the
/// affinities exaggerated by a factor of twelve, then 500 without; the learning rate is `max(N / 48, 50)`. It starts at the
/// principal components, so that the result is the same each time and its coarse arrangement is that of the data. Time grows
/// with N². `tell` receives the number of steps done and the total.
///
/// # Numerics
/// Everything is computed in f64; sums have an order that does not depend on the threads.
///
/// # Source
/// Maaten 2008; the initialization and the learning rate are those of Kobak 2019.
pub fn tsne(
    gram: &Gram,
    pca: &Pca,
    perplexity: f64,
    seed: u64,
    engine: &Engine,
    tell: &mut dyn FnMut(usize),
) -> Tsne {
    let n = gram.len();
    let p = affinities(gram, perplexity, engine);
    let deviation = pca.variance[0].sqrt();
    let scale = if deviation > 0.0 { START / deviation } else { 0.0 };
    let mut points: Vec<[f64; 2]> = pca.points.iter().map(|point| point.map(|v| scale * v)).collect();
    for (i, point) in points.iter_mut().enumerate() {
        for (axis, value) in point.iter_mut().enumerate() {
            *value += NOISE * signed_unit(seed, (1 << 52) + (2 * i + axis) as u64);
        }
    }
    let rate = (n as f64 / EXAGGERATION / 4.0).max(50.0);
    let (mut speed, mut gains) = (vec![[0.0; 2]; n], vec![[1.0_f64; 2]; n]);
    for step in 0..STEPS {
        let (factor, momentum) = if step < EARLY { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let slopes = gradient(&p, factor, &points, engine);
        for i in 0..n {
            for axis in 0..2 {
                let (slope, gain, v) = (slopes[i][axis], &mut gains[i][axis], &mut speed[i][axis]);
                *gain = if slope * *v < 0.0 { *gain + 0.2 } else { (*gain * 0.8).max(0.01) };
                *v = momentum * *v - rate * *gain * slope;
                points[i][axis] += *v;
            }
        }
        tell(step + 1);
    }
    for axis in 0..2 {
        let mean = points.iter().map(|point| point[axis]).sum::<f64>() / n as f64;
        points.iter_mut().for_each(|point| point[axis] -= mean);
    }
    let kl = divergence(&p, &points);
    Tsne { points, kl, perplexity, steps: STEPS }
}

/// Computes `KL(P | Q) = Σ_ij p_ij ln(p_ij / q_ij)`, `q_ij = k_ij / Σ k`, `k_ij = 1 / (1 + |y_i − y_j|²)`,
/// over pairs of different points.
///
/// # Panics
/// When the length of `p` is not that of `[N, N]`.
pub fn divergence(p: &[f64], points: &[[f64; 2]]) -> f64 {
    let n = points.len();
    assert_eq!(p.len(), n * n, "an affinity a pair");
    let kernel = |i: usize, j: usize| {
        let [x, y] = [points[i][0] - points[j][0], points[i][1] - points[j][1]];
        1.0 / (1.0 + x * x + y * y)
    };
    let pairs = || (0..n).flat_map(|i| (0..n).filter(move |&j| j != i).map(move |j| (i, j)));
    let sum: f64 = pairs().map(|(i, j)| kernel(i, j)).sum();
    let part = |(i, j): (usize, usize)| {
        let p = p[i * n + j];
        if p > 0.0 { p * (p * sum / kernel(i, j)).ln() } else { 0.0 }
    };
    pairs().map(part).sum()
}

/// Computes `∂KL/∂y_i = 4 Σ_j (f p_ij − q_ij) k_ij (y_i − y_j)`, where f is the exaggeration of the affinities.
///
/// # Panics
/// When the length of `p` is not that of `[N, N]`.
pub fn gradient(p: &[f64], exaggeration: f64, points: &[[f64; 2]], engine: &Engine) -> Vec<[f64; 2]> {
    let n = points.len();
    assert_eq!(p.len(), n * n, "an affinity a pair");
    let [xs, ys] = [0, 1].map(|axis| points.iter().map(|point| point[axis]).collect::<Vec<f64>>());
    let mut forces = vec![Force::default(); n];
    let mut pieces: Vec<&mut [Force]> = forces.chunks_mut(ROWS).collect();
    engine.pool().for_each(&mut pieces, |at, forces| {
        for (i, force) in (at * ROWS..).zip(forces.iter_mut()) {
            *force = Force::on([xs[i], ys[i]], &p[i * n..(i + 1) * n], &xs, &ys);
        }
    });
    let sum: f64 = forces.iter().map(|force| force.kernel).sum();
    let total =
        |force: &Force| [0, 1].map(|axis| 4.0 * (exaggeration * force.pull[axis] - force.push[axis] / sum));
    forces.iter().map(total).collect()
}

/// What the others do to one point.
#[derive(Debug, Clone, Copy, Default)]
struct Force {
    /// `Σ p k (y_i − y_j)`.
    pull: [f64; 2],
    /// `Σ k² (y_i − y_j)`.
    push: [f64; 2],
    /// `Σ k`, without its own.
    kernel: f64,
}

impl Force {
    fn on([x, y]: [f64; 2], p: &[f64], xs: &[f64], ys: &[f64]) -> Self {
        // Lanes, which the compiler can put side by side: the order of the sums is fixed all the same.
        let mut sums = [[0.0; LANES]; 5];
        let mut add = |lane: usize, p: f64, dx: f64, dy: f64| {
            let k = 1.0 / (1.0 + dx * dx + dy * dy);
            let (pull, push) = (p * k, k * k);
            sums[0][lane] += pull * dx;
            sums[1][lane] += pull * dy;
            sums[2][lane] += push * dx;
            sums[3][lane] += push * dy;
            sums[4][lane] += k;
        };
        let (p4, p_rest) = p.as_chunks::<LANES>();
        let (x4, x_rest) = xs.as_chunks::<LANES>();
        let (y4, y_rest) = ys.as_chunks::<LANES>();
        for ((p, xs), ys) in p4.iter().zip(x4).zip(y4) {
            for lane in 0..LANES {
                add(lane, p[lane], x - xs[lane], y - ys[lane]);
            }
        }
        for (lane, ((p, xs), ys)) in p_rest.iter().zip(x_rest).zip(y_rest).enumerate() {
            add(lane, *p, x - xs, y - ys);
        }
        let [px, py, rx, ry, k] = sums.map(|lanes| lanes.iter().sum::<f64>());
        // A point is at no distance from itself, and pulls and pushes nothing; only its kernel, 1, has to go.
        Self { pull: [px, py], push: [rx, ry], kernel: k - 1.0 }
    }
}
