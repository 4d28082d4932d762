//! Every instrument on a network of full size: ResNet-18 with weights made by a formula.

mod common;

use std::fs;

use common::Place;
use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Mode, Params, trace};
use striate::models::registry;
use striate::prelude::ArrayD;
use striate_testkit::deep_formula;

/// ResNet-18 for images of 64 px, which cost a twelfth of 224 px, and a folder of such images.
fn place() -> Place {
    let place = Place::new();
    let info = registry::find("resnet18").unwrap();
    let graph = trace((info.build)(10, 3).as_ref(), Mode::Eval, [3, 64, 64]).unwrap();
    let mut params = Params::default();
    for (name, spec) in graph.params() {
        let values = deep_formula(&name, &spec.shape);
        params.insert(name, ArrayD::from_shape_vec(spec.shape, values).unwrap());
    }
    let (engine, preprocess) = (Engine::new(None).unwrap(), Preprocess::imagenet(64).unwrap());
    let classes = (0..10).map(|class| class.to_string()).collect();
    let file = ModelFile::new(graph, params, preprocess, classes, Provenance::default(), &engine).unwrap();
    file.save(&place.path().join("net")).unwrap();
    for class in ["dark", "bright"] {
        let folder = place.path().join("images").join(class);
        fs::create_dir_all(&folder).unwrap();
        for i in 0..10 {
            let shade = |at: usize| (at * (i + 3) % 97 + if class == "dark" { 0 } else { 150 }) as u8;
            let pixels: Vec<u8> = (0..64 * 64 * 3).map(shade).collect();
            fs::write(folder.join(format!("{i}.ppm")), [b"P6 64 64 255\n", &pixels[..]].concat()).unwrap();
        }
    }
    place
}

#[test]
fn every_instrument_looks_into_a_resnet18() {
    let place = place();
    let pages = |folder: &str| {
        let entries = fs::read_dir(place.path().join(folder)).unwrap();
        entries.filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|e| e == "png")).count()
    };
    let image = "images/dark/0.ppm";

    place.succeed(&format!("maps net {image} --layer conv1,layer4.1.* --out maps"));
    assert_eq!(pages("maps"), 8, "conv1, and conv, norm and ReLU twice, the sum, and its ReLU but one");
    place.succeed("filters net --layer conv1 --out filters");
    assert_eq!(pages("filters"), 1);
    let table = place.succeed("summary net --rf --out fields");
    assert!(table.contains("layer4.1.conv2") && table.contains("435"), "{table}");

    let sum = place.succeed(&format!("xray net {image} --layer layer3.0.conv2 --map 5 --at 2,1 --out xray"));
    assert!(sum.contains("difference 0") && !sum.contains("ulp"), "{sum}");

    let why = place.succeed(&format!("why net {image} --method exact-sum --out why"));
    assert!(why.contains("gap"), "{why}");
    place.succeed(&format!("why net {image} --method grad-cam --out why"));
    assert_eq!(pages("why"), 2);

    let card = place.succeed("neuron net layer1.0.conv1:5 --data images --out neuron");
    assert!(card.starts_with("layer1.0.conv1 map 5"), "{card}");

    let verdicts = place.succeed("trust net --data images --out trust");
    assert!(verdicts.contains("exact sum               yes"), "{verdicts}");
    assert!(verdicts.contains("–: "), "what was not checked, and why: {verdicts}");
}
