//! Batch normalization: `Y = (X − μ) / √(σ² + eps) · w + b` for each channel.
//!
//! In training, μ and σ² are the batch's (σ² biased), and the running statistics move toward them by `momentum` (with the
//! unbiased variance). In inference, μ and σ² are the running statistics.
//!
//! # Source
//! Ioffe and Szegedy, "Batch Normalization", 2015, algorithms 1 and 2.

use super::*;
use striate_kernels::{
    BatchNormAdded, BatchNormBackward, BatchNormEval, BatchNormTrain, BatchStats, reference,
};

/// Batch normalization: normalizes each channel over `[N, H, W]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm2d {
    /// The number of channels of the input.
    pub num_features: usize,
    /// The number that is added to the variance; PyTorch's default is 1e-5.
    pub eps: f32,
    /// The weight of the batch's statistics when the running ones are updated, from 0 to 1; PyTorch's default is 0.1.
    pub momentum: f32,
    /// Whether the batch's statistics are used, instead of the running ones.
    pub training: bool,
}

/// Indices of the parameters.
const WEIGHT: usize = 0;
const BIAS: usize = 1;
const MEAN: usize = 2;
const VAR: usize = 3;

impl Operation for BatchNorm2d {
    fn name(&self) -> &'static str {
        "batch_norm2d"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Moves)
    }
    fn role(&self) -> Role {
        Role::Norm
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn terms(&self, _: &[&[usize]], _: [usize; 3]) -> Option<Terms> {
        Some(Terms::Own)
    }
    fn running_norm(&self) -> Option<f32> {
        (!self.training).then_some(self.eps)
    }
    fn shift(&self, parameter: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        let eps = f64::from(self.running_norm()?);
        let [gamma, beta, mean, var] = ["weight", "bias", "running_mean", "running_var"].map(parameter);
        let shift = |i: usize| beta[i] - gamma[i] * mean[i] / (var[i] + eps).sqrt();
        Some(Shift::Channels((0..beta.len()).map(shift).collect()))
    }
    fn params(&self) -> Vec<ParamSpec> {
        let one = |name, value, trainable| ParamSpec {
            name,
            shape: vec![self.num_features],
            init: Init::Constant(value),
            trainable,
        };
        vec![
            one("weight", 1.0, true),
            one("bias", 0.0, true),
            one("running_mean", 0.0, false),
            one("running_var", 1.0, false),
        ]
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let image = image("batch_norm2d", one(inputs)?)?;
        if image[0] != self.num_features {
            let problem = format!(
                "batch_norm2d expects {} channels, got {}; set num_features to {}",
                self.num_features, image[0], image[0]
            );
            return Err(ShapeError::plain(Some(image.to_vec()), problem));
        }
        if !(self.eps > 0.0 && self.eps.is_finite() && (0.0..=1.0).contains(&self.momentum)) {
            let problem = format!(
                "batch_norm2d with eps {} and momentum {}; eps must be above 0 and momentum in 0 ..= 1",
                self.eps, self.momentum
            );
            return Err(ShapeError::plain(Some(image.to_vec()), problem));
        }
        Ok(image.to_vec())
    }
    fn couples_batch(&self) -> bool {
        self.training
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let (n, c, plane) = (at.n, at.shape[0], at.shape[1] * at.shape[2]);
        let [w, b, mean, var] = [WEIGHT, BIAS, MEAN, VAR].map(|i| at.params[i].as_slice());
        if self.training {
            reference::batch_norm2d_train(n, c, plane, at.x[0], w, b, self.eps.into()).y
        } else {
            reference::batch_norm2d_eval(n, c, plane, at.x[0], w, b, mean, var, self.eps.into())
        }
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let (n, c, plane) = (at.n, at.shape[0], at.shape[1] * at.shape[2]);
        let [w, mean, var] = [WEIGHT, MEAN, VAR].map(|i| at.params[i].as_slice());
        let g = if self.training {
            reference::batch_norm2d_train_vjp(n, c, plane, at.x[0], w, self.eps.into(), grad_output)
        } else {
            let eps = self.eps.into();
            reference::batch_norm2d_eval_vjp(n, c, plane, at.x[0], w, mean, var, eps, grad_output)
        };
        Gradients { inputs: vec![g.grad_input], params: vec![g.grad_weight, g.grad_bias] }
    }

    fn param_layout(&self, _: usize, _: &Plane) -> Option<ParamLayout> {
        Some(ParamLayout::channels(self.num_features))
    }
    fn takes_activation(&self) -> bool {
        true
    }
    fn takes_added(&self) -> bool {
        true
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let [weight, bias, running_mean, running_var] = [WEIGHT, BIAS, MEAN, VAR].map(|i| at.params[i]);
        let (x, y, added, act) = (at.x[0], at.y, at.added, at.activation);
        let (eps, momentum) = (self.eps, self.momentum);
        let stats = if self.training {
            BatchNormTrain { x, y, weight, bias, running_mean, running_var, eps, momentum, added, act }
                .push(at.program)
        } else {
            BatchNormEval { x, y, weight, bias, running_mean, running_var, eps, added, act }.push(at.program)
        };
        at.remember(stats.mean);
        at.remember(stats.inv_std);
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        let (x, dy, weight, bias) = (at.x[0], at.dy, at.params[WEIGHT], at.params[BIAS]);
        // The kernels compute all gradients in one pass; if that of the input is not needed, it goes to a scratch buffer.
        let nowhere = Plane { halo: [0, 0], ..dy.plane };
        let dx = at.dx[0].unwrap_or_else(|| at.scratch(nowhere));
        let added = at
            .adds
            .then(|| BatchNormAdded { y: at.y, dadded: at.dadded.unwrap_or_else(|| at.scratch(nowhere)) });
        let lanes = ParamLayout::channels(self.num_features).len;
        let (dweight, dbias) = (at.grad_or_scratch(WEIGHT, lanes), at.grad_or_scratch(BIAS, lanes));
        let stats = BatchStats { mean: at.saved[0], inv_std: at.saved[1] };
        let (train, act, rule) = (self.training, at.activation, at.relu);
        BatchNormBackward { x, dy, dx, weight, bias, dweight, dbias, stats, train, act, rule, added }
            .push(at.program);
    }
}
