//! One step of stochastic gradient descent on one parameter.

use super::check_len;

/// The settings of [`sgd_step`]; dampening is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub learning_rate: f64,
    /// The fraction of the momentum buffer that is kept in a step; 0 for no momentum.
    pub momentum: f64,
    /// Whether to look ahead along the momentum.
    pub nesterov: bool,
    /// The L2 penalty, which is added to the gradient as `weight_decay · param`.
    pub weight_decay: f64,
}

/// Returns the parameter and the momentum buffer after a step.
///
/// `g = grad + weight_decay · param`,
/// `b' = momentum · b + g` (`b' = g` on the first step, when `buffer` is `None`),
/// `d = g + momentum · b'` with Nesterov, else `d = b'`,
/// `param' = param − learning_rate · d`
///
/// Without momentum this is `param' = param − learning_rate · g`, and the buffer returned is `g`.
///
/// # Source
/// Sutskever et al. 2013 in PyTorch's form, which multiplies the whole buffer by the learning rate of the step.
///
/// # PyTorch
/// `torch.optim.SGD(…, dampening=0)`
pub fn sgd_step(sgd: &Sgd, param: &[f64], grad: &[f64], buffer: Option<&[f64]>) -> (Vec<f64>, Vec<f64>) {
    check_len("sgd grad", grad.len(), param.len());
    if let Some(buffer) = buffer {
        check_len("sgd momentum buffer", buffer.len(), param.len());
    }
    let (mut new_param, mut new_buffer) = (Vec::new(), Vec::new());
    for i in 0..param.len() {
        let g = grad[i] + sgd.weight_decay * param[i];
        let b = buffer.map_or(g, |buffer| sgd.momentum * buffer[i] + g);
        let direction = if sgd.nesterov { g + sgd.momentum * b } else { b };
        new_param.push(param[i] - sgd.learning_rate * direction);
        new_buffer.push(b);
    }
    (new_param, new_buffer)
}

#[cfg(test)]
mod tests {
    use striate_testkit::assert_close;

    use super::*;

    const PLAIN: Sgd = Sgd { learning_rate: 0.5, momentum: 0.0, nesterov: false, weight_decay: 0.0 };

    /// The parameter after each of three steps from 1 with gradients 2, 4 and −8.
    fn three_steps(sgd: Sgd) -> [f64; 3] {
        let (mut param, mut buffer) = (vec![1.0], None);
        [2.0, 4.0, -8.0].map(|grad| {
            let (new_param, new_buffer) = sgd_step(&sgd, &param, &[grad], buffer.as_deref());
            (param, buffer) = (new_param, Some(new_buffer));
            param[0]
        })
    }

    #[test]
    fn plain_descent() {
        assert_eq!(three_steps(PLAIN), [0.0, -2.0, 2.0]);
    }

    #[test]
    fn momentum_starts_with_the_gradient_itself() {
        // Buffers 2, 0.5·2 + 4 = 5 and 0.5·5 − 8 = −5.5.
        assert_eq!(three_steps(Sgd { momentum: 0.5, ..PLAIN }), [0.0, -2.5, 0.25]);
    }

    #[test]
    fn nesterov_looks_ahead() {
        // Directions 2 + 1, 4 + 2.5 and −8 − 2.75.
        assert_eq!(three_steps(Sgd { momentum: 0.5, nesterov: true, ..PLAIN }), [-0.5, -3.75, 1.625]);
    }

    #[test]
    fn weight_decay_goes_through_the_buffer() {
        // Gradients 2 + 0.5·1 = 2.5, then 4 + 0.5·(−0.25) = 3.875; buffers 2.5 and 1.25 + 3.875.
        let steps = three_steps(Sgd { momentum: 0.5, weight_decay: 0.5, ..PLAIN });
        assert_close(&steps[..2], &[-0.25, -0.25 - 0.5 * 5.125], 1e-15, 0.0, "two steps");
    }

    #[test]
    fn a_buffer_of_zeros_is_the_first_step_too() {
        let sgd = Sgd { momentum: 0.9, nesterov: true, weight_decay: 1e-2, ..PLAIN };
        let (param, grad) = ([1.0, -2.0], [0.5, 0.25]);
        assert_eq!(sgd_step(&sgd, &param, &grad, None), sgd_step(&sgd, &param, &grad, Some(&[0.0; 2])));
    }
}
