//! Gauss-Legendre quadrature on 0 to 1: `∫ p(t) dt = Σ_i w_i p(t_i)` exactly for polynomials up to degree 2n - 1.
//!
//! The nodes are the zeros of the Legendre polynomial `P_n`, found by Newton's method from Tricomi's estimate, the
//! weights `w = 1 / ((1 - z²) P_n'(z)²)` with `t = (1 + z) / 2`.

/// Nodes and weights, in order.
pub(super) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let node = |i: usize| {
        let mut z = -(std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (value, previous) = legendre(n, z);
            slope = n as f64 * (z * value - previous) / (z * z - 1.0);
            let step = value / slope;
            z -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        ((1.0 + z) / 2.0, 1.0 / ((1.0 - z * z) * slope * slope))
    };
    (0..n).map(node).collect()
}

/// `P_n` and `P_{n-1}` at `z`, by `k P_k = (2k - 1) z P_{k-1} - (k - 1) P_{k-2}`.
fn legendre(n: usize, z: f64) -> (f64, f64) {
    let (mut value, mut previous) = (1.0, 0.0);
    for k in 1..=n {
        let k = k as f64;
        (value, previous) = (((2.0 * k - 1.0) * z * value - (k - 1.0) * previous) / k, value);
    }
    (value, previous)
}

#[cfg(test)]
mod tests {
    use super::gauss_legendre;

    #[test]
    fn polynomials_are_exact_up_to_degree_2n_minus_1_and_no_further() {
        for n in [1, 2, 3, 8, 50] {
            let nodes = gauss_legendre(n);
            let error = |degree: usize| {
                let sum: f64 = nodes.iter().map(|(t, w)| w * t.powi(degree as i32)).sum();
                (sum - 1.0 / (degree as f64 + 1.0)).abs()
            };
            (0..2 * n).for_each(|degree| assert!(error(degree) < 1e-13, "{n} nodes, degree {degree}"));
            assert!(n > 3 || error(2 * n) > 1e-5, "{n} nodes");
            assert!(nodes.is_sorted_by(|a, b| a.0 < b.0));
        }
    }
}
