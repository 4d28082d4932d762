//! Converts arrays by name into the parameters of a network: strictly, with two changes on request.

use super::choose::{Choice, Shapes, hidden_prefix};
use super::error::FitHints;
use super::{LoadOptions, WeightsError, names};
use crate::ModelInfo;
use ndarray::{ArrayD, Axis, IxDyn};
use std::collections::BTreeMap;
use std::path::Path;
use striate_formats::StateDict;
use striate_nn::graph::{Graph, Params, ParamsError};

type Tensors = BTreeMap<String, ArrayD<f32>>;

/// The shapes of a network's parameters by name.
pub(super) fn specs(graph: &Graph) -> Shapes {
    graph.params().into_iter().map(|(name, spec)| (name, spec.shape)).collect()
}

/// Takes the parameters of `graph`, in its order, from `tensors`, which are those of `dict` under the names of the file, and
/// reports what was changed.
pub(super) fn fit(
    tensors: Tensors,
    (dict, choice): (&StateDict, &Choice),
    (model, graph): (&ModelInfo, &Graph),
    options: &LoadOptions<'_>,
    path: &Path,
) -> Result<(Params, Fitted), WeightsError> {
    let mut fitted = Fitted::default();
    let specs = specs(graph);
    let mut tensors = renamed(tensors, choice, &specs);
    leave_aside(&mut tensors, model, &mut fitted);
    adapt_first_conv(&mut tensors, &specs, model.first_conv, &mut fitted);
    let is_head = |name: &str| name.strip_prefix(model.classifier).is_some_and(|rest| rest.starts_with('.'));
    let other_head = specs.iter().any(|(name, shape)| {
        is_head(name) && tensors.get(name).is_none_or(|array| array.shape() != &shape[..])
    });
    if options.new_head && other_head {
        let was = tensors.get(&format!("{}.weight", model.classifier)).map(|array| array.shape().to_vec());
        tensors.retain(|name, _| !is_head(name));
        // Every value follows from the seed and the parameter's name, so the head is the one that training would start with.
        let fresh = Params::init(graph, options.seed);
        tensors
            .extend(fresh.iter().filter(|(name, _)| is_head(name)).map(|(n, a)| (n.to_string(), a.clone())));
        let classes = graph.output_shape().first().copied().unwrap_or_default();
        let was = was.map_or("was missing".into(), |shape| format!("had {} outputs", shape[0]));
        fitted
            .notes
            .push(format!("the head `{}` {was} and is newly initialized with {classes}", model.classifier));
        fitted.new_head = true;
    }
    compare(&tensors, &specs, model, other_head)
        .map_err(|found| not_fitting(found, (dict, choice), model, &specs, path))?;
    check_values(&tensors, path)?;
    let mut params = Params::default();
    for (name, _) in graph.params() {
        let array = tensors.remove(&name).expect("no name is missing, as was found");
        params.insert(name, array);
    }
    Ok((params, fitted))
}

/// The parameters, and what was changed.
#[derive(Debug, Default)]
pub(super) struct Fitted {
    pub(super) notes: Vec<String>,
    pub(super) new_head: bool,
}

/// The arrays under the network's names; arrays without such a name keep their own. timm stores VGG's linear layers as
/// convolutions over the whole feature map, and ConvNeXt's scales as vectors, with the same values in the same order.
fn renamed(tensors: Tensors, choice: &Choice, specs: &Shapes) -> Tensors {
    let mut all = Tensors::new();
    for (raw, array) in tensors {
        let Some(name) = choice.names.get(&raw) else { continue };
        let name = if all.contains_key(name) { raw } else { name.clone() };
        let shape = specs.get(&name).filter(|shape| matches!((shape.len(), array.ndim()), (2, 4) | (3, 1)));
        let array = match shape {
            Some(shape) if array.len() == shape.iter().product::<usize>() => {
                array.into_shape_with_order(IxDyn(shape)).expect("as many values")
            }
            _ => array,
        };
        all.insert(name, array);
    }
    all
}

/// Leaves out the auxiliary classifiers, which the network does not have in inference.
fn leave_aside(tensors: &mut Tensors, model: &ModelInfo, fitted: &mut Fitted) {
    for part in model.aside {
        let before = tensors.len();
        tensors.retain(|name, _| !name.strip_prefix(part).is_some_and(|rest| rest.starts_with('.')));
        if tensors.len() < before {
            fitted.notes.push(format!("`{part}`, which is only for training, was left out"));
        }
    }
}

/// Adapts a first layer for RGB to another number of channels, like timm's `adapt_input_conv`: summed for grayscale, otherwise
/// repeated and scaled by 3 / channels, so that an image whose channels are alike gives the same result as before.
fn adapt_first_conv(tensors: &mut Tensors, specs: &Shapes, first_conv: &str, fitted: &mut Fitted) {
    let name = format!("{first_conv}.weight");
    let (Some(array), Some(shape)) = (tensors.get_mut(&name), specs.get(&name)) else { return };
    let [out, 3, height, width] = array.shape()[..] else { return };
    let &[wanted_out, channels, wanted_height, wanted_width] = &shape[..] else { return };
    if channels == 3 || (out, height, width) != (wanted_out, wanted_height, wanted_width) {
        return;
    }
    *array = if channels == 1 {
        array.sum_axis(Axis(1)).insert_axis(Axis(1))
    } else {
        let scale = 3.0 / channels as f32;
        let indices: Vec<usize> = (0..channels).map(|c| c % 3).collect();
        array.select(Axis(1), &indices) * scale
    };
    let how = if channels == 1 { "summed" } else { "repeated" };
    fitted.notes.push(format!("`{first_conv}` was {how} from 3 channels to {channels}"));
}

/// Every difference of names and shapes, and the head if it alone does not fit.
fn compare(
    tensors: &Tensors,
    specs: &Shapes,
    model: &ModelInfo,
    other_head: bool,
) -> Result<(), (ParamsError, Option<&'static str>)> {
    let missing: Vec<_> = specs.keys().filter(|name| !tensors.contains_key(*name)).cloned().collect();
    let unexpected: Vec<_> = tensors.keys().filter(|name| !specs.contains_key(*name)).cloned().collect();
    let mismatched: Vec<_> = specs
        .iter()
        .filter_map(|(name, shape)| {
            let got = tensors.get(name)?.shape();
            (got != &shape[..]).then(|| (name.clone(), shape.clone(), got.to_vec()))
        })
        .collect();
    if missing.is_empty() && unexpected.is_empty() && mismatched.is_empty() {
        return Ok(());
    }
    let of_head = |name: &String| name.starts_with(&format!("{}.", model.classifier));
    let head_alone = other_head
        && unexpected.is_empty()
        && missing.iter().all(of_head)
        && mismatched.iter().all(|(name, ..)| of_head(name));
    Err((ParamsError { missing, unexpected, mismatched }, head_alone.then_some(model.classifier)))
}

/// The error for a dictionary that does not fit, with hints.
fn not_fitting(
    (differences, head): (ParamsError, Option<&'static str>),
    (dict, choice): (&StateDict, &Choice),
    model: &ModelInfo,
    specs: &Shapes,
    path: &Path,
) -> WeightsError {
    let key = dict.key.escape_debug().to_string();
    let missing = differences.missing.iter();
    let unread = missing.filter_map(|name| {
        let what = dict.others.get(&format!("{}{name}", choice.prefix))?;
        Some((name.clone(), what.clone()))
    });
    let unread = unread.collect();
    let found = choice.names.values().filter(|name| specs.contains_key(*name)).count();
    let prefix =
        hidden_prefix(dict, specs).filter(|(prefix, hits)| *prefix != choice.prefix && *hits > found);
    let all: Vec<&str> = choice.names.keys().map(|name| &name[choice.prefix.len()..]).collect();
    let why = names::explain(&all, &dict.others, specs);
    let hints = Box::new(FitHints { key, unread, prefix, why });
    WeightsError::Fit {
        path: path.into(),
        model: model.name,
        differences: Box::new(differences),
        head,
        hints,
    }
}

/// Checks that every value is finite and no variance is negative, since batch norm takes its root.
fn check_values(tensors: &Tensors, path: &Path) -> Result<(), WeightsError> {
    for (tensor, array) in tensors {
        let bad = array.iter().filter(|value| !value.is_finite()).count();
        if bad > 0 {
            let (path, tensor, of) = (path.into(), tensor.clone(), array.len());
            return Err(WeightsError::NonFinite { path, tensor, bad, of });
        }
        let mut negative = array.iter().enumerate().filter(|(_, value)| **value < 0.0);
        if let (true, Some((index, &value))) = (tensor.ends_with("running_var"), negative.next()) {
            return Err(WeightsError::NegativeVariance {
                path: path.into(),
                tensor: tensor.clone(),
                index,
                value,
            });
        }
    }
    Ok(())
}
