//! One step of Adam or AdamW on one parameter.

use super::check_len;

/// The settings of [`adam_step`] and [`adamw_step`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// The learning rate.
    pub learning_rate: f64,
    /// The decay rates of the first and the second moment.
    pub betas: [f64; 2],
    /// The number that is added to the denominator, outside the square root.
    pub eps: f64,
    /// The L2 penalty, which is added to the gradient (Adam), or the fraction of the parameter that is removed per unit of
    /// learning rate (AdamW).
    pub weight_decay: f64,
}

/// A parameter with its moments; the moments and `step` start at 0.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamState {
    /// The parameter.
    pub param: Vec<f64>,
    /// The first moment: the running mean of the gradient.
    pub m: Vec<f64>,
    /// The second moment: the running mean of the squared gradient.
    pub v: Vec<f64>,
    /// The number of steps taken so far.
    pub step: u32,
}

impl AdamState {
    /// Creates the state of a parameter before its first step.
    pub fn new(param: &[f64]) -> Self {
        Self { param: param.to_vec(), m: vec![0.0; param.len()], v: vec![0.0; param.len()], step: 0 }
    }
}

/// Computes one step of Adam.
///
/// `g = grad + weight_decay · param`,
/// `m' = β₁·m + (1−β₁)·g`, `v' = β₂·v + (1−β₂)·g²`,
/// `param' = param − learning_rate / (1−β₁ᵗ) · m' / (sqrt(v') / sqrt(1−β₂ᵗ) + eps)`
///
/// where `t = step + 1` is the number of this step.
///
/// # Source
/// Kingma and Ba 2015, algorithm 1.
///
/// # PyTorch
/// `torch.optim.Adam`
pub fn adam_step(adam: &Adam, state: &AdamState, grad: &[f64]) -> AdamState {
    check_len("adam grad", grad.len(), state.param.len());
    let decayed: Vec<f64> = grad.iter().zip(&state.param).map(|(g, p)| g + adam.weight_decay * p).collect();
    update(adam, state, &state.param, &decayed)
}

/// Computes one step of AdamW: Adam with the weight decay applied to the parameter itself instead of being added to the
/// gradient.
///
/// `param ← param · (1 − learning_rate · weight_decay)`, then [`adam_step`] without weight decay.
///
/// # Source
/// Loshchilov and Hutter 2019, algorithm 2.
///
/// # PyTorch
/// `torch.optim.AdamW`
pub fn adamw_step(adam: &Adam, state: &AdamState, grad: &[f64]) -> AdamState {
    check_len("adamw grad", grad.len(), state.param.len());
    let shrink = 1.0 - adam.learning_rate * adam.weight_decay;
    let shrunk: Vec<f64> = state.param.iter().map(|p| p * shrink).collect();
    update(adam, state, &shrunk, grad)
}

/// The common part: moments, bias correction, and the step from `param` along the gradient `g`.
fn update(adam: &Adam, state: &AdamState, param: &[f64], g: &[f64]) -> AdamState {
    check_len("adam first moment", state.m.len(), param.len());
    check_len("adam second moment", state.v.len(), param.len());
    let [beta1, beta2] = adam.betas;
    let step = state.step + 1;
    let correction1 = 1.0 - beta1.powf(f64::from(step));
    let correction2 = 1.0 - beta2.powf(f64::from(step));
    let mut next = AdamState { param: Vec::new(), m: Vec::new(), v: Vec::new(), step };
    for i in 0..param.len() {
        let m = beta1 * state.m[i] + (1.0 - beta1) * g[i];
        let v = beta2 * state.v[i] + (1.0 - beta2) * g[i] * g[i];
        let denominator = v.sqrt() / correction2.sqrt() + adam.eps;
        next.param.push(param[i] - adam.learning_rate / correction1 * m / denominator);
        next.m.push(m);
        next.v.push(v);
    }
    next
}

#[cfg(test)]
mod tests {
    use striate_testkit::assert_close;

    use super::*;

    const ADAM: Adam = Adam { learning_rate: 0.1, betas: [0.5, 0.75], eps: 1.0, weight_decay: 0.0 };

    #[test]
    fn two_steps_by_hand() {
        // Step 1: m = 0.5·2 = 1, v = 0.25·4 = 1, corrections 0.5 and 0.25:
        // 1 − 0.1/0.5 · 1 / (1/0.5 + 1) = 1 − 0.2/3.
        let first = adam_step(&ADAM, &AdamState::new(&[1.0]), &[2.0]);
        assert_close(&first.param, &[1.0 - 0.2 / 3.0], 1e-15, 0.0, "step 1");
        assert_eq!((&first.m, &first.v, first.step), (&vec![1.0], &vec![1.0], 1));
        // Step 2: m = 0.5 − 2 = −1.5, v = 0.75 + 0.25·16 = 4.75, corrections 0.75 and 0.4375.
        let second = adam_step(&ADAM, &first, &[-4.0]);
        let want = first.param[0] + 0.1 / 0.75 * 1.5 / ((4.75f64 / 0.4375).sqrt() + 1.0);
        assert_close(&second.param, &[want], 1e-15, 0.0, "step 2");
        assert_eq!((second.m, second.v, second.step), (vec![-1.5], vec![4.75], 2));
    }

    #[test]
    fn adam_decays_in_the_gradient_and_adamw_in_the_parameter() {
        let decay = Adam { weight_decay: 0.5, ..ADAM };
        let state = AdamState::new(&[4.0]);
        // Adam: gradient 2 + 0.5·4 = 4, so m = 2, v = 4: 4 − 0.2·2 / (2/0.5 + 1).
        let adam = adam_step(&decay, &state, &[2.0]);
        assert_close(&adam.param, &[4.0 - 0.4 / 5.0], 1e-15, 0.0, "Adam");
        // AdamW: 4·(1 − 0.05), then the step of the undecayed gradient, 0.2/3.
        let adamw = adamw_step(&decay, &state, &[2.0]);
        assert_close(&adamw.param, &[3.8 - 0.2 / 3.0], 1e-15, 0.0, "AdamW");
        assert_eq!((adamw.m, adamw.v), (vec![1.0], vec![1.0]));
    }

    #[test]
    fn without_decay_the_two_are_one() {
        let mut states = [AdamState::new(&[1.0, -2.0]), AdamState::new(&[1.0, -2.0])];
        for grad in [[0.3, -0.1], [1.0, 5.0], [-2.0, 0.0]] {
            states = [adam_step(&ADAM, &states[0], &grad), adamw_step(&ADAM, &states[1], &grad)];
            assert_eq!(states[0], states[1]);
        }
    }

    #[test]
    fn a_constant_gradient_moves_by_the_learning_rate() {
        // Bias correction makes m/c₁ = g and v/c₂ = g² exactly, so each step is lr · g / (|g| + eps).
        let adam = Adam { learning_rate: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0 };
        let mut state = AdamState::new(&[0.0, 0.0]);
        for _ in 0..100 {
            state = adam_step(&adam, &state, &[7.0, -0.01]);
        }
        assert_close(&state.param, &[-0.1 / (1.0 + 1e-8 / 7.0), 0.1 / (1.0 + 1e-6)], 1e-12, 0.0, "100 steps");
    }
}
