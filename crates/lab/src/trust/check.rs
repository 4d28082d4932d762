//! Tests the attribution methods on a network.

use striate_data::{Dataset, Preprocess};
use striate_explain::ExplainError;
use striate_formats::ModelFile;
use striate_graph::{Engine, Session};
use striate_report::Thumbnail;

use super::budget::{Sample, affordable_once};
use super::explain::{Explainer, Map, Seen};
use super::images::choose;
use super::networks::Layers;
use super::planted::LEAST_SIDE;
use super::weights::{Followed, follow, maps_of};
use super::{
    Alike, Found, LabelTwins, Labels, Location, MethodScores, PlantedTwin, Strip, Sum, Trust, Verdict,
    Weights, found, labels, twin, verdict,
};
use crate::LabError;

/// Columns of the page with random layers; of more steps some are left out.
const COLUMNS: usize = 6;

/// Tests every method on this network, with test images and training images of the twins from `data`. `tell` receives the name
/// of the next stage. If the classes of `data` are not those of the model, only its images are used, without labels to learn.
///
/// # Errors
/// When the data set has no test images, or when the network has no weights or cannot be run.
///
/// # Example
/// See the [module](super).
pub fn trust(
    model: &ModelFile,
    data: &Dataset,
    engine: &Engine,
    tell: &mut dyn FnMut(&str),
) -> Result<Trust, LabError> {
    if data.test.is_empty() {
        return Err(LabError::NoImages { data: data.name.clone() });
    }
    if model.params.is_empty() {
        return Err(LabError::NothingLearned);
    }
    // Images of data sets are never inverted.
    let mut preprocess = model.preprocess.clone();
    preprocess.invert = false;
    let (graph, params) = (&model.graph, &model.params);
    let layers = Layers::of(graph);
    let mut session = Session::with_engine(graph.clone(), params.clone(), engine.clone())?;

    let all = Explainer::all();
    let (sample, affordable) = Sample::choose(graph, &layers, &all);
    tell("explaining test images");
    let is_labeled = data.classes == model.classes;
    let (images, right) = choose(&mut session, data, &preprocess, (sample.images, is_labeled))?;
    let mut rows: Vec<MethodScores> = Vec::new();
    let (mut kept, mut trained) = (Vec::new(), Vec::new());
    for (&explainer, affordable) in all.iter().zip(affordable) {
        let maps = match affordable_once(graph, explainer) {
            true => maps_of(explainer, &mut session, &images).map_err(reason),
            false => Err("a single attribution takes too many multiply-adds".into()),
        };
        rows.push(row(explainer, &maps));
        match (maps, affordable) {
            (Ok(maps), Ok(())) => {
                kept.push(rows.len() - 1);
                trained.push(maps);
            }
            (Ok(_), Err(why)) => {
                let row = rows.last_mut().expect("just added");
                row.weights.verdict = Verdict::NotChecked(why.clone());
                row.labels.verdict = Verdict::NotChecked(why.clone());
                row.planted.verdict = Verdict::NotChecked(why);
            }
            (Err(_), _) => {}
        }
    }
    let explainers: Vec<Explainer> = kept.iter().map(|&i| all[i]).collect();

    let seeds: Vec<u64> = (1..=sample.seeds as u64).map(|i| model.provenance.seed.wrapping_add(i)).collect();
    tell("randomizing layers");
    let followed = follow(
        (graph, params),
        &layers,
        (&explainers, &trained),
        &images,
        (&seeds, sample.all_orders),
        engine,
    )?;
    let shown = columns(layers.len());
    for (&i, followed) in kept.iter().zip(followed) {
        weigh(&mut rows[i], followed, &shown);
    }

    let (label_twins, planted_twin) =
        twins(model, &preprocess, data, (&explainers, &trained), &images, engine, (&kept, &mut rows), tell)?;
    let strip = strip(&images, data, model, &preprocess, &layers, &shown)?;
    Ok(Trust {
        data: data.name.clone(),
        images: images.iter().map(|seen| seen.index).collect(),
        right: is_labeled.then_some(right),
        seeds,
        layers: layers.names(&(0..layers.len())),
        label_twins,
        planted_twin,
        rows,
        strip,
    })
}

fn reason(error: ExplainError) -> String {
    error.to_string()
}

/// A row with what the maps of the trained network tell.
fn row(explainer: Explainer, maps: &Result<Vec<Map>, String>) -> MethodScores {
    let why = maps.as_ref().err().cloned().unwrap_or_default();
    let not_checked = || Verdict::NotChecked(why.clone());
    let gap = |map: &Map| map.completeness.map(|c| c.gap.abs() / map.logit.abs().max(f64::MIN_POSITIVE));
    let gap = maps.iter().flatten().filter_map(gap).reduce(f64::max);
    let sum = match (maps, gap) {
        (Err(_), _) => not_checked(),
        (Ok(_), Some(gap)) => verdict::of_sum(gap),
        (Ok(_), None) => Verdict::ClaimsNone,
    };
    let first = maps.iter().flatten().next();
    MethodScores {
        name: explainer.name(),
        key: explainer.key(),
        is_control: explainer.is_control(),
        sum: Sum { verdict: sum, gap },
        weights: Weights { verdict: not_checked(), likeness: None, steps: Vec::new(), entropy_rise: None },
        labels: Labels { verdict: not_checked(), alike: None },
        planted: Location { verdict: not_checked(), shapes: None, watermark: None },
        strip: first.map(|map| (map.size, map.values.clone())).into_iter().collect(),
        is_signed: explainer.is_signed(),
    }
}

/// Steps of the cascade that the page shows: all, or some at equal distances with the first and the last.
fn columns(layers: usize) -> Vec<usize> {
    let shown = layers.min(COLUMNS);
    let last = shown.saturating_sub(1).max(1);
    (0..shown).map(|i| i * (layers - 1) / last).collect()
}

fn weigh(row: &mut MethodScores, followed: Result<Followed, String>, shown: &[usize]) {
    match followed {
        Err(why) => row.weights.verdict = Verdict::NotChecked(why),
        Ok(followed) => {
            row.weights = Weights {
                verdict: verdict::of_likeness(followed.upper.spearman),
                likeness: Some(followed.upper),
                steps: followed.steps,
                entropy_rise: Some(followed.entropy_rise),
            };
            let maps = shown.iter().filter_map(|&i| followed.strip.get(i));
            row.strip.extend(maps.map(|map| (map.size, map.values.clone())));
        }
    }
}

/// Trains twins and fills in what they tell.
#[allow(clippy::too_many_arguments)] // all that was found so far
fn twins(
    model: &ModelFile,
    preprocess: &Preprocess,
    data: &Dataset,
    explained: (&[Explainer], &[Vec<Map>]),
    images: &[Seen],
    engine: &Engine,
    (kept, rows): (&[usize], &mut [MethodScores]),
    tell: &mut dyn FnMut(&str),
) -> Result<(Option<LabelTwins>, Option<PlantedTwin>), LabError> {
    let (label_why, planted_why) = match twin::architecture(model) {
        Err(why) => (Err(why.clone()), Err(why)),
        Ok(info) => (label_reason(model, data).map(|()| info), planted_reason(preprocess).map(|()| info)),
    };
    let seed = model.provenance.seed.wrapping_add(1);
    let mut label_twins = None;
    let labeled = match label_why {
        Err(why) => Err(why),
        Ok(info) => {
            tell("training twins on true and on shuffled labels");
            let (twins, about) = labels::twins(info, preprocess, data, seed, engine)?;
            let learned = about.accuracy_true.min(about.accuracy_shuffled);
            label_twins = Some(about);
            match learned >= verdict::LEARNED {
                true => Ok(labels::compare(&twins, explained, images, engine)?),
                false => Err(format!(
                    "a twin classified only {:.0} % of its training images correctly, too few for a comparison",
                    100.0 * learned
                )),
            }
        }
    };
    fill(kept, rows, labeled, |row, alike| match alike {
        Err(why) => row.labels.verdict = Verdict::NotChecked(why),
        Ok(alike) => row.labels = labels_of(alike),
    });
    let mut planted_twin = None;
    let planted = match planted_why {
        Err(why) => Err(why),
        Ok(info) => {
            tell("training a twin on planted evidence");
            let (twin, known, about) = found::twin(info, preprocess, seed, engine)?;
            let learned = about.accuracy;
            planted_twin = Some(about);
            match learned >= verdict::LEARNED {
                true => Ok(found::look(&twin, explained.0, &known, engine)?),
                false => Err(format!(
                    "the twin classifies only {:.0} % of the planted images correctly, too few for attributions",
                    100.0 * learned
                )),
            }
        }
    };
    // The controls have to be known before anything can be better than they are.
    let control = |both: &Result<found::Both, String>| both.as_ref().ok().copied();
    let controls: Vec<found::Both> = match &planted {
        Ok(all) => all
            .iter()
            .zip(kept)
            .filter(|(_, i)| rows[**i].is_control)
            .filter_map(|(b, _)| control(b))
            .collect(),
        Err(_) => Vec::new(),
    };
    fill(kept, rows, planted, |row, both| match both {
        Err(why) => row.planted.verdict = Verdict::NotChecked(why),
        Ok([shapes, watermark]) => {
            let verdict = location_verdict([shapes, watermark], &controls);
            row.planted = Location { verdict, shapes, watermark };
        }
    });
    Ok((label_twins, planted_twin))
}

fn labels_of(alike: Alike) -> Labels {
    Labels {
        verdict: verdict::of_labels(alike.other_labels.spearman, alike.same_labels.spearman),
        alike: Some(alike),
    }
}

/// The verdict on shapes and on the watermark, `partly` where they differ.
fn location_verdict(both: found::Both, controls: &[found::Both]) -> Verdict {
    let of = |kind: usize| {
        let found: Found = both[kind]?;
        let best = controls.iter().filter_map(|control| control[kind]);
        let best = best.max_by(|a, b| a.points.total_cmp(&b.points))?;
        Some(verdict::of_pointing(found.points, found.points_interval_95, best.points_interval_95))
    };
    match [of(0), of(1)] {
        [Some(shapes), Some(watermark)] if shapes == watermark => shapes,
        [Some(_), Some(_)] => Verdict::Partly,
        _ => Verdict::NotChecked("the twin classifies no image of one kind correctly".into()),
    }
}

/// Gives each row that was explained its part of `found`, or the reason why there is none.
fn fill<T>(
    kept: &[usize],
    rows: &mut [MethodScores],
    found: Result<Vec<Result<T, String>>, String>,
    mut set: impl FnMut(&mut MethodScores, Result<T, String>),
) {
    match found {
        Ok(all) => kept.iter().zip(all).for_each(|(&i, one)| set(&mut rows[i], one)),
        Err(why) => kept.iter().for_each(|&i| set(&mut rows[i], Err(why.clone()))),
    }
}

fn label_reason(model: &ModelFile, data: &Dataset) -> Result<(), String> {
    match model.classes.len() {
        _ if data.classes != model.classes => {
            Err(format!("the classes of {} are not the network's", data.name))
        }
        _ if data.train.is_empty() => Err(format!("{} has no training images", data.name)),
        0..=256 => Ok(()),
        classes => Err(format!("twins are trained for up to 256 classes, but this network has {classes}")),
    }
}

fn planted_reason(preprocess: &Preprocess) -> Result<(), String> {
    match preprocess.height.min(preprocess.width) >= LEAST_SIDE {
        true => Ok(()),
        false => Err(format!("images smaller than {LEAST_SIDE} pixels have no room for planted evidence")),
    }
}

fn strip(
    images: &[Seen],
    data: &Dataset,
    model: &ModelFile,
    preprocess: &Preprocess,
    layers: &Layers,
    shown: &[usize],
) -> Result<Strip, LabError> {
    let seen = &images[0];
    let image = preprocess.from_image(&data.test.image(seen.index)?);
    let [c, h, w] = preprocess.shape();
    let interleaved: Vec<u8> =
        (0..h * w).flat_map(|i| (0..c).map(move |k| (k, i))).map(|(k, i)| image[k * h * w + i]).collect();
    let names = layers.names(&(0..layers.len()));
    let last = names.len() - 1;
    let column = |&step: &usize| match step {
        step if step == last => "all random".into(),
        0 => names[last].clone(),
        step => format!("… {}", names[last - step]),
    };
    Ok(Strip {
        image: Thumbnail::new(w, h, c, &interleaved, h.max(w))?,
        title: format!("{}:{} as {}", data.name, seen.index, model.classes[seen.class]),
        columns: std::iter::once("trained".to_owned()).chain(shown.iter().map(column)).collect(),
    })
}
