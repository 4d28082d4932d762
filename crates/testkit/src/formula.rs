//! Weights, inputs and labels made by a formula of (name, index), the same here and in `tools/golden/formula.py`: a
//! golden file then holds only what PyTorch computed from them.

/// FNV-1a, 64 bits.
fn fnv1a64(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn splitmix64(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An integer in `0 .. 2^24`.
fn bits(name: &str, i: usize) -> u64 {
    splitmix64(fnv1a64(name).wrapping_add(i as u64)) >> 40
}

/// In [-1, 1), exact.
fn unit(name: &str, i: usize) -> f64 {
    bits(name, i) as f64 / f64::from(1 << 23) - 1.0
}

/// The values of a tensor: what its state-dict key and shape say it is (weight, bias, running statistics, input).
pub fn formula(name: &str, shape: &[usize]) -> Vec<f32> {
    let len = shape.iter().product();
    let each = |f: &dyn Fn(usize) -> f64| (0..len).map(|i| f(i) as f32).collect();
    if name == "input" {
        each(&|i| unit(name, i))
    } else if name.ends_with("running_var") || name == "class_weights" {
        each(&|i| 1.0 + 0.5 * (bits(name, i) as f64 / f64::from(1 << 24)))
    } else if name.ends_with("bias") || name.ends_with("running_mean") {
        each(&|i| 0.1 * unit(name, i))
    } else if shape.len() == 1 {
        each(&|i| 1.0 + 0.1 * unit(name, i))
    } else {
        let fan_in: usize = shape[1..].iter().product();
        let scale = 1.0 / (fan_in as f64).sqrt();
        each(&|i| unit(name, i) * scale)
    }
}

/// The labels of a batch.
pub fn formula_labels(n: usize, classes: usize) -> Vec<u32> {
    (0..n).map(|i| (bits("labels", i) % classes as u64) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_values_of_the_readme() {
        assert_eq!(fnv1a64("input"), 0x1EBB_AE8F_5810_B65B);
        assert_eq!([0, 1, 2].map(|i| bits("input", i)), [1_641_119, 2_474_280, 9_631_538]);
        assert_eq!(formula_labels(8, 10), [4, 6, 9, 7, 9, 3, 3, 7]);
    }
}
