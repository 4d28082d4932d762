//! Heads as a whole: they generalize, they give nothing away, they repeat to the bit.

use super::*;
use crate::FitError;
use crate::probe::scale::Scale;
use crate::probe::table::Table;
use expect_test::expect;
use ndarray::{Array1, Array2};
use striate_data::{Images, Preprocess, Split};
use striate_graph::{Engine, Forward, Mode, Params, Session, trace};
use striate_nn::{Conv2d, Flatten, Linear, ReLU, Sequential};

fn engine(threads: usize) -> Engine {
    Engine::new(Some(threads)).unwrap()
}

/// Whole numbers that look random, in −1 to 1.
fn noise(i: usize, j: usize) -> f32 {
    let mut h = (i as u32).wrapping_mul(0x9e37_79b9) ^ (j as u32).wrapping_mul(0x85eb_ca6b);
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    h ^= h >> 16;
    (h >> 8) as f32 / 8_388_608.0 - 1.0
}

/// `n` images of three classes in `d` dimensions: a class moves every seventh feature by `signal`.
fn clouds(n: usize, d: usize, signal: f32) -> Features {
    let labels: Vec<u32> = (0..n).map(|i| (i % 3) as u32).collect();
    let value = |(i, j): (usize, usize)| {
        let is_moved = j % 7 == labels[i] as usize;
        3.0 + 50.0 * (noise(i, j) + if is_moved { signal } else { 0.0 })
    };
    let rows = Array2::from_shape_fn((n, d), value);
    Features { rows, labels, classes: 3 }
}

fn judged(features: &Features, folds: usize, seed: u64, threads: usize) -> Result<CrossValidation, FitError> {
    cross_validate(features, folds, seed, &engine(threads), &mut |_, _| ())
}

fn accuracy(features: &Features) -> f64 {
    let judged = judged(features, 5, 0, 1).unwrap();
    judged.confusion(&features.labels).unwrap().accuracy().unwrap()
}

#[test]
fn what_can_be_told_apart_is_told_apart() {
    let few = clouds(60, 200, 0.5);
    assert!(accuracy(&few) > 0.9, "more features than images: {}", accuracy(&few));
    let many = clouds(300, 20, 0.8);
    assert!(accuracy(&many) > 0.8, "more images than features: {}", accuracy(&many));
    let nearest = nearest_mean(&many, 5, 0).unwrap().confusion(&many.labels).unwrap();
    assert!(nearest.accuracy().unwrap() > 0.7, "{:?}", nearest.accuracy());
}

#[test]
fn labels_that_say_nothing_give_chance() {
    // 200 features for 60 images: whatever leaked from the judged to the learned would show as accuracy.
    let features = clouds(60, 200, 0.0);
    let got = accuracy(&features);
    assert!((0.1..0.55).contains(&got), "{got}");
    let judged = judged(&features, 5, 0, 1).unwrap();
    let calibration = judged.calibration(&features.labels).unwrap();
    let loss = calibration.negative_log_likelihood().unwrap();
    assert!(loss < 1.3, "the penalty was strong enough not to be sure of nothing: {loss}");
}

#[test]
fn an_image_is_not_judged_by_a_head_that_saw_it() {
    // Every image has a feature of its own that gives its label away: of use only to who learned from that very image.
    let labels: Vec<u32> = (0..40).map(|i| (i / 20) as u32).collect();
    let rows = Array2::from_shape_fn((40, 40), |(i, j)| if i == j { 100.0 } else { 0.0 });
    let features = Features { rows, labels, classes: 2 };
    assert!(accuracy(&features) < 0.8, "{}", accuracy(&features));
}

#[test]
fn threads_do_not_count_and_the_seed_does() {
    // Enough of them for several parts of the table.
    let features = clouds(330, 80, 0.3);
    let one = judged(&features, 5, 3, 1).unwrap();
    for threads in [2, 4, 8] {
        assert_eq!(one, judged(&features, 5, 3, threads).unwrap());
    }
    assert_ne!(one, judged(&features, 5, 4, 1).unwrap());
}

#[test]
fn a_head_is_for_features_as_they_are() {
    let features = clouds(60, 30, 0.6);
    let head = fit_head(&features, 5, 0, &engine(1), &mut |_, _| ()).unwrap();
    let right = (0..60).filter(|&i| {
        let p = head.probabilities(features.rows.row(i).mapv(f64::from).view());
        (p.iter().sum::<f64>() - 1.0).abs() < 1e-9 && p.iter().all(|&q| q <= p[features.labels[i] as usize])
    });
    assert!(right.count() >= 55, "it knows what it was fitted to");
}

#[test]
fn every_step_is_told_and_the_last_is_the_end() {
    let features = clouds(60, 30, 0.6);
    let mut calls = Vec::new();
    cross_validate(&features, 5, 0, &engine(1), &mut |done, total| calls.push((done, total))).unwrap();
    assert!(calls.windows(2).all(|pair| pair[0].0 < pair[1].0), "it moves: {calls:?}");
    assert!(calls.len() >= 15 && calls.iter().all(|&(_, total)| total == 60), "{calls:?}");
    assert_eq!(calls.last(), Some(&(60, 60)));
}

#[test]
fn it_agrees_with_scikit_learn() {
    // Made by tools/probe/make.py: LogisticRegression on this formula's rows, as they are.
    let golden = include_str!("golden.csv");
    let mut lines = golden.lines().filter(|line| !line.starts_with('#'));
    let (n, d, classes, l2) = (40, 6, 3, 1e-2);
    let rows = Array2::from_shape_fn((n, d), |(i, j)| {
        let h = ((i * 7919 + j * 104_729 + 13) % 1009) as f32;
        h / 504.5 - 1.0 + if j == i % 3 { 0.7 } else { 0.0 }
    });
    let features = Features { rows, labels: (0..n).map(|i| (i % 3) as u32).collect(), classes };
    let table = Table::new(&features);
    let everything: Vec<u32> = (0..n as u32).collect();
    // scikit-learn does not scale: z f⁻¹ + m = x.
    let Scale { mean, factor } = &table.scale;
    let scale = Scale { mean: mean.mapv(|m| -m * factor), factor: 1.0 / factor };
    let rows = logistic::Rows { table: &table, scale: &scale, images: &everything, engine: &engine(1) };
    let head = rows.fit(l2, 1e-11, &Head::zero(classes, d));
    for class in 0..classes {
        let want: Vec<f64> = lines.next().unwrap().split(',').map(|v| v.parse().unwrap()).collect();
        let (weights, bias) = want.split_at(d);
        let got: &Array1<f64> = &head.weight.row(class).to_owned();
        for (got, want) in got.iter().zip(weights) {
            assert!((got - want).abs() < 1e-4, "class {class}: {got} {want}");
        }
        // Biases are free, so they are known but for a shift of all: scikit-learn's sum to 0, and so do ours.
        assert!((head.bias[class] - bias[0]).abs() < 1e-4, "class {class}: {} {}", head.bias[class], bias[0]);
    }
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let mut features = clouds(9, 4, 0.5);
    let setting = judged(&features, 1, 0, 1).unwrap_err().to_string();
    expect!["folds: expected at least 2, got 1"].assert_eq(&setting);
    features.classes = 4;
    let few = fit_head(&features, 5, 0, &engine(1), &mut |_, _| ()).unwrap_err().to_string();
    expect!["too few images for training and evaluation: expected at least 2 of each class, got class 3: 0; add images, or remove the class"].assert_eq(&few);
    let one = Features { classes: 1, labels: vec![0; 9], ..features };
    assert!(nearest_mean(&one, 5, 0).unwrap_err().to_string().starts_with("classes: expected at least 2"));
}

fn backbone(net: &dyn Forward, seed: u64) -> Result<Backbone, FitError> {
    let graph = trace(net, Mode::Eval, [1, 6, 6]).unwrap();
    let params = Params::init(&graph, seed);
    Backbone::new(&graph, &params, &Preprocess::new([1, 6, 6], &[0.5], &[0.25]).unwrap(), &engine(2))
}

#[test]
fn features_are_what_the_last_layer_reads_and_are_kept() {
    let net = || {
        Sequential::new()
            .append(Conv2d::new(1, 3, 3))
            .append(ReLU::new())
            .append(Flatten::new())
            .append(Linear::new(3 * 4 * 4, 5))
    };
    let n = 40;
    let pixels = (0..n * 36).map(|i| (noise(i, 3) * 100.0 + 120.0) as u8).collect();
    let split = Split::from(Images::new([1, 6, 6], pixels, (0..n).map(|i| (i % 2) as u8).collect()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut calls = Vec::new();
    let compute = |seed: u64, calls: &mut Vec<(usize, usize)>| {
        let mut tell = |done, total| calls.push((done, total));
        backbone(&net(), seed).unwrap().features(&split, 2, Some(folder.path()), &mut tell).unwrap()
    };
    let fresh = compute(1, &mut calls);
    assert_eq!((fresh.rows.dim(), calls.first(), calls.last()), ((40, 48), Some(&(0, 40)), Some(&(40, 40))));
    assert_eq!(fresh.labels[..3], [0, 1, 0]);

    // The last layer on them is the network.
    let graph = trace(&net(), Mode::Eval, [1, 6, 6]).unwrap();
    let params = Params::init(&graph, 1);
    let head = Head::of(&params, "3").unwrap();
    let preprocess = Preprocess::new([1, 6, 6], &[0.5], &[0.25]).unwrap();
    let mut session = Session::new(graph, params).unwrap();
    for i in [0, 17, 39] {
        let mut image = vec![0.0; 36];
        preprocess.prepare(&split.image(i).unwrap(), &mut image);
        let want = session.run_slice(&image, 1).unwrap();
        let got = head.weight.dot(&fresh.rows.row(i).mapv(f64::from)) + &head.bias;
        assert!(got.iter().zip(want).all(|(a, b)| (a - f64::from(*b)).abs() < 1e-4), "{got} {want:?}");
    }

    // Seen before: nothing is computed, and it is the same to the bit. Another network's features are others.
    calls.clear();
    assert_eq!(compute(1, &mut calls), fresh);
    assert_eq!(calls, [(40, 40)]);
    calls.clear();
    assert_ne!(compute(2, &mut calls).rows, fresh.rows);
    assert_eq!(calls.first(), Some(&(0, 40)));
}

#[test]
fn a_network_without_a_head_is_refused() {
    let net = Sequential::new().append(Conv2d::new(1, 2, 3)).append(Flatten::new());
    let message = backbone(&net, 0).err().unwrap().to_string();
    expect!["the network ends in flatten, expected a fully connected layer that a new head can replace; `fit` trains all layers, starting from the same weights as `Job::initial`"]
        .assert_eq(&message);
}

#[test]
fn planted_wrong_labels_are_found() {
    let right = clouds(300, 40, 1.2);
    let mut planted = right.clone();
    let wrong: Vec<usize> = (0..300).step_by(20).collect();
    for &i in &wrong {
        planted.labels[i] = (planted.labels[i] + 1) % 3;
    }
    let found = suspicious(&judged(&planted, 5, 0, 1).unwrap(), &planted.labels);
    let hits = found.iter().filter(|s| wrong.contains(&s.image)).count();
    assert!(hits >= 9, "{hits} of {} were found", wrong.len());
    assert!(found.len() - hits <= 3, "{} of {} are right", found.len() - hits, found.len());
    assert!(found.iter().filter(|s| wrong.contains(&s.image)).all(|s| s.likely == right.labels[s.image]));
    let of_right = suspicious(&judged(&right, 5, 0, 1).unwrap(), &right.labels);
    assert!(of_right.len() <= 3, "{of_right:?}");
}
