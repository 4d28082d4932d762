//! The networks that come with their weights: what is committed is what is loaded, and it has learned.

use sha2::{Digest, Sha256};
use striate_base::hex;
use striate_models::{registry, shipped};
use striate_nn::graph::{Engine, Mode, Session};
use striate_nn::trace;

/// Wrong answers allowed among the 2,000 embedded test digits: 16, 15 and 44 were measured.
const MOST_WRONG: [(&str, usize); 3] = [("convnet", 20), ("convnet_gap", 20), ("mlp", 50)];

#[test]
fn the_files_are_those_that_the_hashes_name() {
    let mut total = 0;
    for shipped in shipped::all() {
        assert_eq!(hex(&Sha256::digest(shipped.bytes)), shipped.sha256, "{}", shipped.name);
        total += shipped.bytes.len();
    }
    assert!(total <= 3_000_000, "{total} bytes in every binary");
}

#[test]
fn each_is_the_registrys_network_and_says_how_it_was_made() {
    for shipped in shipped::all() {
        let model = shipped.load().unwrap_or_else(|problem| panic!("{}: {problem}", shipped.name));
        let info = registry::find(shipped.name).unwrap();
        let graph = trace((info.build)(10, 1).as_ref(), Mode::Eval, info.input).unwrap();
        assert_eq!(model.graph, graph, "{}", shipped.name);
        let from = &model.provenance;
        assert_eq!((from.model.as_str(), from.data.as_str(), from.seed), (shipped.name, "mnist", 0));
        assert_eq!(from.command, shipped.command);
        let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        assert_eq!(model.classes, digits);
    }
}

#[test]
fn each_knows_the_embedded_test_digits() {
    let digits = striate_data::load("digits").unwrap();
    let test = digits.test.images().unwrap();
    for (name, most) in MOST_WRONG {
        let model = shipped::find(name).unwrap().load().unwrap();
        let mut images = vec![0.0; test.pixels.len()];
        for (pixels, image) in test.pixels.chunks(28 * 28).zip(images.chunks_mut(28 * 28)) {
            model.preprocess.normalize(pixels, image);
        }
        let engine = Engine::new(Some(2)).unwrap();
        let mut session = Session::with_engine(model.graph, model.params, engine).unwrap();
        let logits = session.run_slice(&images, test.len()).unwrap();
        let said = logits.chunks(10).map(|row| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap());
        let wrong = said.zip(&test.labels).filter(|(said, label)| *said != usize::from(**label)).count();
        assert!(wrong <= most, "{name}: {wrong} of 2,000 wrong, expected at most {most}");
    }
}

#[test]
fn names_are_found_in_capitals_too_and_only_whole() {
    assert_eq!(shipped::find("ConvNet_GAP").unwrap().name, "convnet_gap");
    assert!(shipped::find("conv").is_none() && shipped::find("").is_none());
    assert_eq!(shipped::names(), ["convnet", "convnet_gap", "mlp"]);
}
