//! The real thing: the EfficientNet-Lite0 of the PyPI package through our reader of legacy `.pth`, its golden logits, and
//! twenty labeled photos through our preprocessing. Runs where `tools/photos/fetch.py FOLDER` was run and STRIATE_PHOTOS
//! names the folder.

#![allow(clippy::print_stderr)]

use std::path::PathBuf;
use striate_image::Preprocess;
use striate_models::registry;
use striate_models::weights::{LoadOptions, Loaded, imagenet_classes, load};
use striate_nn::Mode;
use striate_nn::graph::{Engine, Session, trace};

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("STRIATE_PHOTOS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("NOT RUN: STRIATE_PHOTOS names no folder; tools/photos/fetch.py FOLDER makes one");
    }
    folder
}

fn network(folder: &std::path::Path) -> (Session, Preprocess, Loaded) {
    let model = registry::find("efficientnet_lite0").unwrap();
    let graph = trace((model.build)(1000, 3).as_ref(), Mode::Eval, model.input).unwrap();
    let file = folder.join("efficientnet-lite0-57934424.pth");
    let loaded = load(model, file.to_str().unwrap(), &graph, LoadOptions::default()).unwrap();
    let session = Session::with_engine(graph, loaded.params.clone(), Engine::new(None).unwrap()).unwrap();
    (session, loaded.preprocess.clone().unwrap(), loaded)
}

/// The golden logits were computed in f64 by a program of its own, from the input below.
#[test]
fn golden_logits() {
    let Some(folder) = folder() else { return };
    let (mut session, _, loaded) = network(&folder);
    assert_eq!(loaded.report.name.as_deref(), Some("efficientnet_lite0.v1"));
    assert_eq!(loaded.classes, Some(imagenet_classes()));
    assert_eq!(loaded.report.notes, [""; 0]);
    let input: Vec<f32> = (0..3 * 50_176_u64).map(|i| ((i * 7919 % 255) as f32 - 127.0) / 128.0).collect();
    let logits = session.run_slice(&input, 1).unwrap();
    let expected: [(usize, f64); 10] = [
        (0, -0.63997395),
        (1, 0.54475709),
        (2, -0.80930893),
        (3, -1.74301212),
        (4, -0.14113752),
        (905, 5.257997),
        (904, 5.041022),
        (892, 4.211231),
        (753, 4.145285),
        (549, 3.610138),
    ];
    let mut worst = 0.0_f64;
    for (class, logit) in expected {
        worst = worst.max((f64::from(logits[class]) - logit).abs());
    }
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit)).sum();
    eprintln!("largest difference {worst:e}, of the sum {:e}", sum + 57.965811);
    assert!(worst < 1e-3 && (sum + 57.965811).abs() < 1e-1, "{worst}, sum {sum}");
    let mut order: Vec<usize> = (0..1000).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    assert_eq!(order[..5], [905, 904, 892, 753, 549]);
}

#[test]
fn twenty_photos() {
    let Some(folder) = folder() else { return };
    let (mut session, preprocess, loaded) = network(&folder);
    let names = loaded.classes.unwrap();
    let mut photos: Vec<PathBuf> =
        std::fs::read_dir(folder.join("imagenet")).unwrap().map(|entry| entry.unwrap().path()).collect();
    photos.sort();
    assert_eq!(photos.len(), 20);
    let (mut first, mut fifth) = (0, 0);
    for photo in &photos {
        let stem = photo.file_stem().unwrap().to_str().unwrap();
        let label: usize = stem.rsplit('_').next().unwrap().parse().unwrap();
        let image = preprocess.open(photo).unwrap();
        let mut input = vec![0.0; preprocess.sample_len()];
        preprocess.prepare(&image, &mut input);
        let logits = session.run_slice(&input, 1).unwrap();
        let better = logits.iter().filter(|&&logit| logit > logits[label]).count();
        let top = (0..1000).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
        eprintln!("{stem}: {} at place {}, first is {}", names[label], better + 1, names[top]);
        first += usize::from(better == 0);
        fifth += usize::from(better < 5);
    }
    eprintln!("top-1 {first} of 20, top-5 {fifth} of 20");
    assert!(first >= 18 && fifth >= 19, "top-1 {first} of 20, top-5 {fifth} of 20");
}
