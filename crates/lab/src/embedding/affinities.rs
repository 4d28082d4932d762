//! The affinities of t-SNE: how strongly points are neighbors of each other.

use striate_graph::Engine;

use super::gram::Gram;

/// Halvings of the search for a width.
const HALVINGS: usize = 200;
/// How near the entropy has to come to what was asked for, in nats.
const NEAR: f64 = 1e-10;

/// Computes the conditional affinities `p_{j|i} ∝ exp(−β_i |x_i − x_j|²)`. The precision `β_i` is chosen so that the
/// entropy of row i is `ln(perplexity)`: the effective number of neighbors is then the same in dense and in sparse regions.
///
/// Where more points than that coincide, they have equal affinities to each other, and none to the other points.
///
/// # Shapes
/// The result is `[N, N]`; each row sums to 1, and the diagonal is 0.
///
/// # Source
/// Maaten 2008, section 2.
pub fn conditional(gram: &Gram, perplexity: f64, engine: &Engine) -> Vec<f64> {
    let n = gram.len();
    let mut rows = vec![0.0; n * n];
    let mut pieces: Vec<&mut [f64]> = rows.chunks_exact_mut(n).collect();
    engine.pool().for_each(&mut pieces, |i, row| {
        for (j, value) in row.iter_mut().enumerate() {
            *value = gram.distance_squared(i, j);
        }
        weigh(row, i, perplexity.ln());
    });
    rows
}

/// Computes the symmetric affinities `p_ij = (p_{j|i} + p_{i|j}) / 2N`.
///
/// # Shapes
/// The result is `[N, N]`, symmetric, with sum 1.
pub fn affinities(gram: &Gram, perplexity: f64, engine: &Engine) -> Vec<f64> {
    let n = gram.len();
    let rows = conditional(gram, perplexity, engine);
    let mut both = vec![0.0; n * n];
    let mut pieces: Vec<&mut [f64]> = both.chunks_exact_mut(n).collect();
    engine.pool().for_each(&mut pieces, |i, row| {
        for (j, value) in row.iter_mut().enumerate() {
            // The lower index first: a sum of two does not care, but the reader need not know.
            let (a, b) = (i.min(j), i.max(j));
            *value = (rows[a * n + b] + rows[b * n + a]) / (2 * n) as f64;
        }
    });
    both
}

/// Squared distances of a row to weights of sum 1, by halving the range of `β`.
fn weigh(row: &mut [f64], own: usize, wanted: f64) {
    let others = || (0..row.len()).filter(move |&j| j != own);
    // What is nearest has the weight exp(0), so that not everything underflows.
    let nearest = others().map(|j| row[j]).fold(f64::INFINITY, f64::min);
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let scale = others().map(|j| row[j] - nearest).sum::<f64>() / row.len() as f64;
    let mut beta = if scale > 0.0 { 1.0 / scale } else { 1.0 };
    for _ in 0..HALVINGS {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for j in others() {
            let distance = row[j] - nearest;
            let weight = (-beta * distance).exp();
            sum += weight;
            weighted += weight * distance;
        }
        let entropy = sum.ln() + beta * weighted / sum;
        if (entropy - wanted).abs() < NEAR {
            break;
        }
        if entropy > wanted {
            low = beta
        } else {
            high = beta
        }
        beta = if high.is_infinite() { 2.0 * beta } else { 0.5 * (low + high) };
        if !beta.is_finite() {
            beta = f64::MAX;
            break;
        }
    }
    let sum: f64 = others().map(|j| weight_of(row[j] - nearest, beta)).sum();
    for (j, value) in row.iter_mut().enumerate() {
        *value = if j == own { 0.0 } else { weight_of(*value - nearest, beta) / sum };
    }
}

/// `exp(−β d)`; 1 at no distance, however large β is.
fn weight_of(distance: f64, beta: f64) -> f64 {
    if distance == 0.0 { 1.0 } else { (-beta * distance).exp() }
}
