//! Initial values of parameters: each is a pure function of the seed, the parameter's name and its position.
//!
//! Nothing here uses the platform's mathematics library, whose last bit differs between machines. Only addition,
//! multiplication, division and square root give the same result everywhere.

use crate::op::{Init, ParamSpec};
use striate_base::fnv1a64;
use striate_base::math::ln;
use striate_base::random::ChaCha8;

/// The initial values of one parameter, row-major.
pub(crate) fn initial(name: &str, spec: &ParamSpec, seed: u64) -> Vec<f32> {
    let len = spec.shape.iter().product();
    let mut rng = ChaCha8::new(seed, fnv1a64(name.as_bytes()));
    // In [-1, 1), of 24 bits: every value exact in f32 before scaling.
    let mut unit = || f64::from(rng.next_word() >> 8) / f64::from(1 << 23) - 1.0;
    match spec.init {
        Init::Constant(value) => vec![value; len],
        Init::Uniform { fan_in } => {
            let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
            (0..len).map(|_| (unit() * bound) as f32).collect()
        }
        Init::Within { bound } => (0..len).map(|_| (unit() * f64::from(bound)) as f32).collect(),
        Init::Normal { std } => {
            let mut values = Vec::with_capacity(len + 1);
            while values.len() < len {
                values.extend(normal_pair(&mut unit).map(|v| (v * f64::from(std)) as f32));
            }
            values.truncate(len);
            values
        }
    }
}

/// Two independent standard normal values: a point of the unit disc, moved outward along its radius.
///
/// # Source
/// Marsaglia and Bray, "A Convenient Method for Generating Normal Variables", 1964.
fn normal_pair(unit: &mut impl FnMut() -> f64) -> [f64; 2] {
    loop {
        let (x, y) = (unit(), unit());
        let s = x * x + y * y;
        if s > 0.0 && s < 1.0 {
            let far = (-2.0 * ln(s) / s).sqrt();
            return [x * far, y * far];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(init: Init, len: usize, seed: u64) -> Vec<f32> {
        let spec = ParamSpec { name: "weight", shape: vec![len], init, trainable: true };
        initial("conv1.weight", &spec, seed)
    }

    #[test]
    fn normal_values_have_the_moments_of_a_normal_distribution() {
        let n = 100_000;
        let all: Vec<f64> =
            values(Init::Normal { std: 0.5 }, n, 3).iter().map(|&v| 2.0 * f64::from(v)).collect();
        let moment = |k: i32| all.iter().map(|v| v.powi(k)).sum::<f64>() / n as f64;
        // Moments 0, 1, 0, 3 and 15, each within five standard errors √((m_2k − m_k²) / n).
        for (k, want, spread) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0), (6, 15.0, 10170.0)]
        {
            let allowed = 5.0 * f64::sqrt(spread / n as f64);
            assert!((moment(k) - want).abs() < allowed, "moment {k}: {}, expected {want}", moment(k));
        }
        let beyond_two = all.iter().filter(|v| v.abs() > 2.0).count() as f64 / n as f64;
        assert!((beyond_two - 0.0455).abs() < 0.0035, "{beyond_two} beyond two standard deviations");
        let neighbors = all.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64;
        assert!(neighbors.abs() < 5.0 / f64::sqrt(n as f64), "neighbors correlate: {neighbors}");
    }

    #[test]
    fn an_odd_length_a_seed_and_a_constant() {
        let init = Init::Normal { std: 0.5 };
        assert_eq!(values(init, 7, 1)[..], values(init, 8, 1)[..7]);
        assert_ne!(values(init, 8, 1), values(init, 8, 2));
        assert_eq!(values(Init::Constant(0.25), 3, 1), [0.25; 3]);
        assert!(values(init, 0, 1).is_empty());
    }

    #[test]
    fn uniform_values_fill_their_bounds() {
        let all = values(Init::kaiming_uniform(24), 10_000, 1);
        let largest = all.iter().fold(0.0, |largest: f32, v| largest.max(v.abs()));
        assert!((0.499..=0.5).contains(&largest), "{largest}");
        let mean_square = all.iter().map(|v| v * v).sum::<f32>() / 10_000.0;
        assert!((mean_square - 2.0 / 24.0).abs() < 0.003, "{mean_square}");
    }

    /// The values are the same on every machine: these were printed once on one of them.
    #[test]
    fn known_values() {
        for (init, known) in [(Init::Normal { std: 1.0 }, NORMAL), (Init::Uniform { fan_in: 24 }, UNIFORM)] {
            let got = values(init, 16, 0);
            assert_eq!(got, known);
        }
    }
    const NORMAL: [f32; 16] = [
        -0.08518791,
        -0.32238328,
        -1.1255376,
        1.6922369,
        -0.61882704,
        1.1288714,
        0.97948664,
        -0.2204305,
        -0.47519016,
        -2.0823233,
        0.6022781,
        -1.0366622,
        -1.3152487,
        -0.74843127,
        0.60797703,
        0.66456234,
    ];
    const UNIFORM: [f32; 16] = [
        -0.050719082,
        -0.19194019,
        -0.16896573,
        0.13431361,
        -0.040252198,
        0.06051886,
        0.17942852,
        -0.17881852,
        0.18400511,
        -0.09395819,
        -0.064837255,
        0.118276864,
        0.15478387,
        -0.03483364,
        -0.01451746,
        -0.06361673,
    ];
}
