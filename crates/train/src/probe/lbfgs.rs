//! Limited-memory BFGS: minimizes a smooth convex function from its values and gradients.
//!
//! x ← x + t d with d = −H g, where H is an approximation of the inverse Hessian from the last ten steps s and changes of
//! gradient y, and t satisfies the weak Wolfe conditions f(x + t d) ≤ f + c₁ t g·d and g(x + t d)·d ≥ c₂ g·d.

use std::collections::VecDeque;

/// Steps that are remembered.
const MEMORY: usize = 10;
/// Sufficient decrease and curvature, as in Nocedal 2006, section 3.1.
const C1: f64 = 1e-4;
const C2: f64 = 0.9;
/// Halvings and doublings of one line search; more only occur where rounding hides the descent.
const TRIALS: usize = 40;

/// Where the search ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Minimum {
    pub(super) x: Vec<f64>,
    /// Steps taken.
    pub(super) steps: usize,
    /// Length of the gradient there.
    pub(super) gradient: f64,
}

/// Minimizes `f`, which gives the value at `x` and writes the gradient, from `x` on, until the gradient is no longer than
/// `tolerance` or `most` steps are taken.
///
/// # Numerics
/// Every sum runs in one order, so the same function from the same place gives the same bits.
///
/// # Source
/// Nocedal 2006, algorithms 7.4 and 7.5; the line search is that of Lewis 2013.
pub(super) fn minimize(
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
    mut x: Vec<f64>,
    tolerance: f64,
    most: usize,
) -> Minimum {
    let mut gradient = vec![0.0; x.len()];
    let mut value = f(&x, &mut gradient);
    let mut memory: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    let mut steps = 0;
    let (mut next, mut next_gradient) = (x.clone(), gradient.clone());
    while steps < most && length(&gradient) > tolerance {
        let mut direction = descent(&gradient, &memory);
        let mut slope = dot(&gradient, &direction);
        if slope >= 0.0 {
            // Rounding spoilt the memory: start again from steepest descent.
            memory.clear();
            direction = descent(&gradient, &memory);
            slope = dot(&gradient, &direction);
        }
        let (mut low, mut high, mut t) = (0.0, f64::INFINITY, 1.0);
        let mut accepted = None;
        for _ in 0..TRIALS {
            for i in 0..x.len() {
                next[i] = x[i] + t * direction[i];
            }
            let got = f(&next, &mut next_gradient);
            if got.is_nan() || got > value + C1 * t * slope {
                high = t;
            } else {
                accepted = Some(got);
                if dot(&next_gradient, &direction) >= C2 * slope {
                    break;
                }
                low = t;
            }
            t = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * t };
        }
        // As far down as rounding lets anyone see.
        let Some(got) = accepted.filter(|&got| got <= value) else { break };
        let pair = Pair::new(&x, &next, &gradient, &next_gradient);
        if pair.rho.is_finite() && pair.rho > 0.0 {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(pair);
        }
        std::mem::swap(&mut x, &mut next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        value = got;
        steps += 1;
    }
    Minimum { gradient: length(&gradient), x, steps }
}

/// One step and the change of the gradient along it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// 1 / (step · change).
    rho: f64,
}

impl Pair {
    fn new(x: &[f64], next: &[f64], gradient: &[f64], next_gradient: &[f64]) -> Self {
        let minus = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let (step, change) = (minus(next, x), minus(next_gradient, gradient));
        let rho = 1.0 / dot(&step, &change);
        Self { step, change, rho }
    }
}

/// −H g, by the two loops over the memory.
fn descent(gradient: &[f64], memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let alpha = pair.rho * dot(&pair.step, &q);
        add(&mut q, -alpha, &pair.change);
        alphas.push(alpha);
    }
    // The first step is as long as 1 at most; afterwards the last pair tells the scale.
    let scale = match memory.back() {
        Some(pair) => 1.0 / (pair.rho * dot(&pair.change, &pair.change)),
        None => 1.0 / dot(gradient, gradient).sqrt().max(1.0),
    };
    q.iter_mut().for_each(|v| *v *= scale);
    for (pair, alpha) in memory.iter().zip(alphas.into_iter().rev()) {
        let beta = pair.rho * dot(&pair.change, &q);
        add(&mut q, alpha - beta, &pair.step);
    }
    q
}

/// In eight sums, so that the additions do not wait for each other.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(t, f)| *t += factor * f);
}

fn length(gradient: &[f64]) -> f64 {
    dot(gradient, gradient).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badly_scaled_bowl() {
        // f = Σ i² (x_i − i)² / 2: condition 2500.
        let f = |x: &[f64], g: &mut [f64]| {
            let mut value = 0.0;
            for i in 0..x.len() {
                let (weight, off) = (((i + 1) * (i + 1)) as f64, x[i] - i as f64);
                g[i] = weight * off;
                value += 0.5 * weight * off * off;
            }
            value
        };
        let found = minimize(f, vec![0.0; 50], 5e-9, 1000);
        assert!(found.gradient <= 5e-9, "{}", found.gradient);
        assert!(found.x.iter().enumerate().all(|(i, x)| (x - i as f64).abs() < 1e-8));
        assert!(found.steps < 300, "{} steps", found.steps);
    }

    #[test]
    fn a_curved_valley() {
        // Rosenbrock's: not convex, so the curvature condition has to hold the memory sound.
        let f = |x: &[f64], g: &mut [f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        };
        let found = minimize(f, vec![-1.2, 1.0], 1e-10, 1000);
        assert!((found.x[0] - 1.0).abs() < 1e-8 && (found.x[1] - 1.0).abs() < 1e-8, "{found:?}");
    }

    #[test]
    fn it_stops_when_told_and_at_the_bottom() {
        let f = |x: &[f64], g: &mut [f64]| {
            g[0] = 2.0 * x[0];
            x[0] * x[0]
        };
        assert_eq!(minimize(f, vec![3.0], 1e-12, 0), Minimum { x: vec![3.0], steps: 0, gradient: 6.0 });
        assert_eq!(minimize(f, vec![0.0], 1e-12, 9).steps, 0);
        // Less than rounding can show is asked for: it ends all the same.
        assert!(minimize(f, vec![3.0], 0.0, 1000).x[0].abs() < 1e-8);
    }
}
