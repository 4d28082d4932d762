//! Weights, inputs and labels that a formula computes from (name, index), here exactly as in `tools/golden/formula.py`. A
//! golden file then only holds what PyTorch computed from them.

/// 64-bit FNV-1a.
fn fnv1a64(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn splitmix64(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An integer in `0 .. 2^24`, from the hash of a name.
fn bits(hash: u64, i: usize) -> u64 {
    splitmix64(hash.wrapping_add(i as u64)) >> 40
}

/// In [-1, 1), exact.
fn unit(hash: u64, i: usize) -> f64 {
    bits(hash, i) as f64 / f64::from(1 << 23) - 1.0
}

/// The values of a tensor, as determined by its state-dict key and shape (weight, bias, running statistics, input).
pub fn formula(name: &str, shape: &[usize]) -> Vec<f32> {
    let fan_in: usize = shape.iter().skip(1).product();
    values(name, shape, 1.0 / (fan_in as f64).sqrt(), 1.0)
}

/// Batch norms at the end of a residual branch.
const RESIDUAL_ENDS: [&str; 4] = [".bn2.weight", ".bn3.weight", ".block.1.1.weight", ".block.3.1.weight"];

/// Like [`formula`], for networks of many layers: with He's scale, so that activations neither vanish nor explode.
pub fn deep_formula(name: &str, shape: &[usize]) -> Vec<f32> {
    let fan_in: usize = shape.iter().skip(1).product();
    let end = RESIDUAL_ENDS.iter().any(|end| name.ends_with(end));
    values(name, shape, (6.0 / fan_in as f64).sqrt(), if end { 0.5 } else { 1.0 })
}

/// `scale` is for weights with two or more dimensions, `gain` for those with one.
fn values(name: &str, shape: &[usize], scale: f64, gain: f64) -> Vec<f32> {
    let (len, hash) = (shape.iter().product(), fnv1a64(name));
    if name == "input" {
        (0..len).map(|i| unit(hash, i) as f32).collect()
    } else if name.ends_with("running_var") || name == "class_weights" {
        (0..len).map(|i| (1.0 + 0.5 * (bits(hash, i) as f64 / f64::from(1 << 24))) as f32).collect()
    } else if name.ends_with("bias") || name.ends_with("running_mean") {
        (0..len).map(|i| (0.1 * unit(hash, i)) as f32).collect()
    } else if shape.len() == 1 {
        (0..len).map(|i| (gain * (1.0 + 0.1 * unit(hash, i))) as f32).collect()
    } else {
        (0..len).map(|i| (unit(hash, i) * scale) as f32).collect()
    }
}

/// The labels of a batch.
pub fn formula_labels(n: usize, classes: usize) -> Vec<u32> {
    (0..n).map(|i| (bits(fnv1a64("labels"), i) % classes as u64) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_values_of_the_readme() {
        assert_eq!(fnv1a64("input"), 0x1EBB_AE8F_5810_B65B);
        assert_eq!([0, 1, 2].map(|i| bits(fnv1a64("input"), i)), [1_641_119, 2_474_280, 9_631_538]);
        assert_eq!(formula_labels(8, 10), [4, 6, 9, 7, 9, 3, 3, 7]);
    }

    #[test]
    fn the_deep_values_of_the_readme() {
        assert_eq!(deep_formula("conv1.weight", &[2, 3, 1, 1])[..2], [0.127_491_18, -1.202_605_5]);
        assert_eq!(deep_formula("layer1.0.bn2.weight", &[2]), [0.503_610_5, 0.502_161_74]);
        assert_eq!(deep_formula("bn1.running_var", &[2]), [1.321_153_8, 1.242_403_4]);
    }
}
