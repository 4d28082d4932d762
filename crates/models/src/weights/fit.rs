//! From arrays by name to the parameters of a network: strictly, with two changes on request.

use super::{LoadOptions, WeightsError};
use crate::ModelInfo;
use ndarray::{ArrayD, Axis, IxDyn};
use std::collections::BTreeMap;
use std::path::Path;
use striate_nn::graph::{Graph, Params, ParamsError};

type Tensors = BTreeMap<String, ArrayD<f32>>;

/// The linear layers of VGG, which timm keeps as convolutions of the whole map: [4096, 512, 7, 7] for [4096, 25088].
const TIMM_VGG: [[&str; 2]; 3] =
    [["pre_logits.fc1", "classifier.0"], ["pre_logits.fc2", "classifier.3"], ["head.fc", "classifier.6"]];

/// The parameters of `graph` out of `tensors`, in the graph's order, and what was changed on the way.
pub(super) fn fit(
    mut tensors: Tensors,
    model: &ModelInfo,
    graph: &Graph,
    options: &LoadOptions<'_>,
    path: &Path,
) -> Result<(Params, Fitted), WeightsError> {
    let mut fitted = Fitted::default();
    let specs: BTreeMap<String, Vec<usize>> =
        graph.params().into_iter().map(|(name, spec)| (name, spec.shape)).collect();
    rename_vgg(&mut tensors, &specs, &mut fitted);
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
        fitted.notes.push(format!("the head `{}` {was} and starts afresh with {classes}", model.classifier));
        fitted.new_head = true;
    }
    compare(&tensors, &specs, model, other_head, path)?;
    check_finite(&tensors, path)?;
    let mut params = Params::default();
    for (name, _) in graph.params() {
        let array = tensors.remove(&name).expect("no name is missing, as was found");
        params.insert(name, array);
    }
    Ok((params, fitted))
}

/// What was changed.
#[derive(Debug, Default)]
pub(super) struct Fitted {
    pub(super) notes: Vec<String>,
    pub(super) new_head: bool,
}

/// timm's names of VGG's linear layers for torchvision's, or the other way round, whichever the network has.
fn rename_vgg(tensors: &mut Tensors, specs: &BTreeMap<String, Vec<usize>>, fitted: &mut Fitted) {
    let mut renamed = false;
    for pair in TIMM_VGG {
        for (from, to) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            for end in ["weight", "bias"] {
                let (from, to) = (format!("{from}.{end}"), format!("{to}.{end}"));
                if specs.contains_key(&from) || tensors.contains_key(&to) {
                    continue;
                }
                let Some(shape) = specs.get(&to) else { continue };
                let Some(array) = tensors.remove(&from) else { continue };
                // The order of values is the same: channel, row, column. Another number of classes stays what it is.
                let array = match array.len() == shape.iter().product::<usize>() {
                    true => array.into_shape_with_order(IxDyn(shape)).expect("as many values"),
                    false => array,
                };
                tensors.insert(to, array);
                renamed = true;
            }
        }
    }
    if renamed {
        fitted.notes.push("the linear layers had timm's names, or the network has them".into());
    }
}

/// A first layer for RGB made fit for other channels, as timm's `adapt_input_conv` does: summed for grey, else repeated
/// and scaled by 3 / channels, so that an image whose channels are alike gives what it gave.
fn adapt_first_conv(
    tensors: &mut Tensors,
    specs: &BTreeMap<String, Vec<usize>>,
    first_conv: &str,
    fitted: &mut Fitted,
) {
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

/// Every difference of names and shapes.
fn compare(
    tensors: &Tensors,
    specs: &BTreeMap<String, Vec<usize>>,
    model: &ModelInfo,
    other_head: bool,
    path: &Path,
) -> Result<(), WeightsError> {
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
    let head = head_alone.then_some(model.classifier);
    let differences = Box::new(ParamsError { missing, unexpected, mismatched });
    Err(WeightsError::Fit { path: path.into(), model: model.name, differences, head })
}

fn check_finite(tensors: &Tensors, path: &Path) -> Result<(), WeightsError> {
    for (tensor, array) in tensors {
        let bad = array.iter().filter(|value| !value.is_finite()).count();
        if bad > 0 {
            let (path, tensor, of) = (path.into(), tensor.clone(), array.len());
            return Err(WeightsError::NonFinite { path, tensor, bad, of });
        }
    }
    Ok(())
}
