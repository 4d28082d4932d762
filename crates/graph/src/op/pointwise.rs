//! Functions of each value: `Y = f(X)`. The functions, their derivatives and their kernels are in
//! [`striate_kernels::activation`]; this file has the facts that an operation of this kind reports about itself.
//!
//! To add one, add its line to `each_pointwise!`, and to `operations!` in `mod.rs`.

use super::*;
use striate_kernels::{Activate, ActivateBackward, activation};

macro_rules! pointwise {
    ($($(#[$doc:meta])* $name:ident: $function:ident($($(#[$field_doc:meta])* $field:ident),*), $sign:ident, $limit:ident, $shift:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name { $( $(#[$field_doc])* pub $field: f32, )* }

            impl $name {
                fn function(&self) -> Activation {
                    $( let $field = self.$field; )*
                    activation::$name { $($field),* }.into()
                }
            }

            impl Operation for $name {
                fn name(&self) -> &'static str {
                    stringify!($function)
                }
                fn limit(&self, _: &[usize]) -> Option<Limit> {
                    Some(Limit::$limit)
                }
                fn role(&self) -> Role {
                    Role::Activation
                }
                fn sign(&self) -> Sign {
                    Sign::$sign
                }
                fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
                    Reads::SAME
                }
                fn terms(&self, _: &[&[usize]], _: [usize; 3]) -> Option<Terms> {
                    Some(Terms::Own)
                }
                fn activation(&self) -> Option<Activation> {
                    Some(self.function())
                }
                fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
                    $shift
                }
                fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
                    let shape = one(inputs)?.to_vec();
                    $( finite(&shape, stringify!($function), stringify!($field), self.$field)?; )*
                    Ok(shape)
                }
                fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
                    Cost::of_values(output)
                }

                fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
                    at.x[0].iter().map(|&x| self.function().value_f64(x)).collect()
                }
                fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
                    vjp(self.function(), at, grad_output)
                }

                fn forward(&self, at: &mut ForwardKernels<'_>) {
                    at.program.push(Activate { x: at.x[0], y: at.y, act: self.function() });
                }
                fn backward(&self, at: &mut BackwardKernels<'_>) {
                    if let Some(dx) = at.dx[0] {
                        let (x, act, rule) = (at.x[0], self.function(), at.relu);
                        at.program.push(ActivateBackward { x, y: at.y, dy: at.dy, dx, act, rule });
                    }
                }
            }
        )*
    };
}

fn finite(shape: &[usize], op: &str, field: &str, value: f32) -> Result<(), ShapeError> {
    if value.is_finite() {
        return Ok(());
    }
    let problem = format!("{op} with {field} {value}; it must be a finite number");
    Err(ShapeError::plain(Some(shape.to_vec()), problem))
}

fn vjp(function: Activation, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
    let is_guided = at.relu == ReluRule::Guided && function.is_gate();
    let grad = |(&x, &dy): (&f64, &f64)| match function.slope_f64(x) {
        // What is not passed on is 0, whatever the incoming gradient.
        0.0 => 0.0,
        _ if is_guided && dy <= 0.0 => 0.0,
        slope => dy * slope,
    };
    Gradients { inputs: vec![at.x[0].iter().zip(grad_output).map(grad).collect()], params: Vec::new() }
}

/// Passes every function to a macro: its operation, its method, its settings, and the facts that the operation reports about
/// itself.
macro_rules! each_pointwise {
    ($then:ident) => {
        $then! {
            /// `max(0, x)`; its derivative at 0 is 0.
            Relu: relu(), NonNegative, Moves, Some(Shift::Zero);
            /// `min(6, max(0, x))`; its derivative at 0 and 6 is 0.
            Relu6: relu6(), NonNegative, Moves, Some(Shift::OfOutput(|y| if y >= 6.0 { 6.0 } else { 0.0 }));
            /// `x` where it is above 0, else `negative_slope · x`.
            LeakyRelu: leaky_relu(
                /// The factor for values below 0.
                negative_slope
            ), Any, Moves, Some(Shift::Zero);
            /// `x` where it is above 0, else `alpha · (e^x − 1)`.
            Elu: elu(
                /// The factor of the exponential: the function tends to `−alpha` far below 0.
                alpha
            ), Any, Exponential, None;
            /// The scaled exponential linear unit, whose constants keep mean 0 and variance 1.
            Selu: selu(), Any, Exponential, None;
            /// `1 / (1 + e^−x)`.
            Sigmoid: sigmoid(), NonNegative, Exponential, None;
            /// `min(6, max(0, x + 3)) / 6`; its derivative at −3 and 3 is 0.
            HardSigmoid: hardsigmoid(), NonNegative, Moves,
                Some(Shift::OfOutput(|y| if y <= 0.0 { 0.0 } else if y >= 1.0 { 1.0 } else { 0.5 }));
            /// `x · sigmoid(x)`, also called swish.
            Silu: silu(), Any, Exponential, None;
            /// `x · min(6, max(0, x + 3)) / 6`.
            HardSwish: hardswish(), Any, Moves, None;
            /// `x · Φ(x)`, where `Φ` is the distribution function of the standard normal distribution.
            Gelu: gelu(), Any, Exponential, None;
            /// `x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`: PyTorch's `gelu(approximate="tanh")`.
            GeluTanh: gelu_tanh(), Any, Exponential, None;
            /// The hyperbolic tangent.
            Tanh: tanh(), Any, Exponential, None;
            /// `ln(1 + e^x)`.
            Softplus: softplus(), NonNegative, Exponential, None;
            /// `x · tanh(softplus(x))`.
            Mish: mish(), Any, Exponential, None;
        }
    };
}
pub(crate) use each_pointwise;

each_pointwise!(pointwise);

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Box<dyn Operation>> {
        vec![
            Box::new(Relu {}),
            Box::new(Relu6 {}),
            Box::new(LeakyRelu { negative_slope: 0.2 }),
            Box::new(Elu { alpha: 0.7 }),
            Box::new(Selu {}),
            Box::new(Sigmoid {}),
            Box::new(HardSigmoid {}),
            Box::new(Silu {}),
            Box::new(HardSwish {}),
            Box::new(Gelu {}),
            Box::new(GeluTanh {}),
            Box::new(Tanh {}),
            Box::new(Softplus {}),
            Box::new(Mish {}),
        ]
    }

    /// What an operation reports about its function follows from the function.
    #[test]
    fn signs_and_shifts_are_those_of_the_function() {
        for operation in all() {
            let (name, function) = (operation.name(), operation.activation().expect("a function"));
            // Away from the kinks at -3, 0, 3 and 6.
            for i in -90..90 {
                let x = 0.1 * f64::from(i) + 0.05;
                let (y, slope) = (function.value_f64(x), function.slope_f64(x));
                assert!(y >= 0.0 || operation.sign() == Sign::Any, "{name} of {x} is {y}");
                let told = match operation.shift(&|_| Vec::new()) {
                    Some(Shift::Zero) => 0.0,
                    Some(Shift::OfOutput(of)) => of(y as f32),
                    Some(Shift::Channels(_)) | None => continue,
                };
                assert!(
                    (y - x * slope - told).abs() < 1e-6,
                    "{name} of {x} adds {}, not {told}",
                    y - x * slope
                );
            }
        }
    }
}
