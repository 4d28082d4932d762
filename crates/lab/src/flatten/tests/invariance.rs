use super::few_digits;
use crate::flatten::canvas::{CANVAS, IMAGE, MARGIN, canvases, scrambling};
use crate::flatten::{Network, curves, shown};
use ndarray::{Array2, ArrayD};
use std::sync::atomic::AtomicBool;
use striate_data::{Augment, Dataset, Images, Preprocess};
use striate_graph::{Engine, Mode, Params, Session, trace};
use striate_report::chart::Shape;
use striate_train::{FitConfig, Job, Outcome, Setup, fit};

/// Where pixel `i` of an image lies on the canvas.
fn on_canvas(i: usize) -> usize {
    (i / IMAGE + MARGIN) * CANVAS + i % IMAGE + MARGIN
}

/// Trains a network on these canvases from these parameters, and gives the logits of the test images.
fn learn(network: Network, hidden: &[usize], data: &Dataset, initial: &Params) -> Vec<f32> {
    let net = network.build(hidden, 10);
    let preprocess = Preprocess::new([1, CANVAS, CANVAS], &[0.0], &[0.2]).unwrap();
    let config = FitConfig { epochs: 1, batch_size: 20, augment: Augment::default(), ..FitConfig::default() };
    let stop = AtomicBool::new(false);
    let engine = Engine::new(Some(1)).unwrap();
    let setup = Setup { engine: engine.clone(), ..Setup::new(&net, "net", data).unwrap() };
    let job = Job { initial: Some(initial), ..Job::new(setup, &preprocess, &config, &stop) };
    let Outcome::Finished(trained) = fit(&job, &mut []).unwrap() else { panic!("nobody stops it") };
    let mut session = Session::with_engine(trained.model.graph, trained.model.params, engine).unwrap();
    let test = data.test.images().unwrap();
    let mut pixels = vec![0.0; test.pixels.len()];
    let each = pixels.chunks_exact_mut(CANVAS * CANVAS).enumerate();
    each.for_each(|(i, out)| preprocess.normalize(test.sample(i), out));
    session.run_slice(&pixels, test.len()).unwrap().to_vec()
}

/// The largest difference of any logit when the pixels, and with them the columns of the first weights of an MLP, are
/// scrambled.
fn difference(network: Network) -> f32 {
    let (digits, order) = (few_digits(), scrambling(5));
    let hidden = &network.candidates(10)[0];
    let data = |order: Option<&[u32]>| {
        let images = |of: &Images| {
            let (pixels, labels) = canvases(of, &(0..of.len() as u32).collect::<Vec<_>>(), order);
            Images::new([1, CANVAS, CANVAS], pixels, labels).unwrap()
        };
        let (train, test) = (digits.train.images().unwrap(), digits.test.images().unwrap());
        Dataset::new("few", images(train), images(test), digits.classes.clone()).unwrap()
    };
    let graph = trace(&network.build(hidden, 10), Mode::Train, [1, CANVAS, CANVAS]).unwrap();
    let plain = Params::init(&graph, 1);
    let mut scrambled = plain.clone();
    let pixels = CANVAS * CANVAS;
    let name = plain
        .iter()
        .find(|(_, array)| array.shape() == [hidden[0], pixels])
        .map(|(name, _)| name.to_string());
    if let Some(name) = name {
        let weights: &ArrayD<f32> = plain.get(&name).unwrap();
        let mut moved = Array2::from_shape_fn([hidden[0], pixels], |(row, p)| weights[[row, p]]);
        for (i, &from) in order.iter().enumerate() {
            (0..hidden[0])
                .for_each(|row| moved[[row, on_canvas(i)]] = weights[[row, on_canvas(from as usize)]]);
        }
        scrambled.insert(name, moved.into_dyn());
    }
    let before = learn(network, hidden, &data(None), &plain);
    let after = learn(network, hidden, &data(Some(&order)), &scrambled);
    before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn an_mlp_cannot_tell_scrambled_pixels_and_a_cnn_can() {
    // The first weights are drawn alike for every pixel, so an order of the pixels is an order of weights that were as
    // likely: from there on training is the same, but for the order of sums. Hence equal in distribution.
    let mlp = difference(Network::Mlp);
    assert!(mlp < 2e-3, "{mlp}");
    let cnn = difference(Network::CnnFlat);
    assert!(cnn > 0.1, "{cnn}");
}

#[test]
fn images_are_drawn() {
    let scene = shown(&few_digits(), 3).unwrap();
    assert!(scene.to_svg().contains("scrambled, seed 1"));
    let mut result = super::made_up::result(5, super::made_up::cnn_wins);
    let scene = curves(&result);
    result.data = "a data set with a long name ".repeat(9);
    for scene in [&scene, &curves(&result)] {
        assert!(scene.collisions().is_empty(), "{:#?}", scene.collisions());
    }
    let svg = scene.to_svg();
    for text in ["CNN, flattened head", "MLP, trained with shifts", "60,000", "scrambled", "means of 5 seeds"]
    {
        assert!(svg.contains(text), "{text}");
    }
    assert!(!svg.contains("NaN") && scene.to_png(1.0).unwrap().starts_with(b"\x89PNG"));
    // Bands are drawn for several seeds only, and before every line.
    let single = curves(&super::made_up::result(1, super::made_up::cnn_wins));
    assert!(single.shapes.len() < scene.shapes.len());
    assert!(single.to_svg().contains("One seed."));
}

/// The heights at which the lines of all networks begin in the panel of shifts, in the order of [`Network::ALL`].
#[test]
fn lines_begin_at_the_accuracy_and_not_at_a_share_of_it() {
    let result = super::made_up::result(1, |network| super::made_up::Figures {
        clean: if network == Network::MlpShifts { 0.5 } else { 0.9 },
        ..super::made_up::cnn_wins(network)
    });
    // Eleven shifts, which no other panel has; of one seed there are no bands.
    let lines = curves(&result).shapes.into_iter().filter_map(|shape| match shape {
        Shape::Polyline { points, .. } if points.len() == 11 => Some(points),
        _ => None,
    });
    let starts: Vec<f64> = lines.map(|points| points[0].1).collect();
    let [pooled, flat, mlp, worst] = starts[..] else { panic!("{starts:?}") };
    assert_eq!([flat, mlp], [pooled; 2]);
    // The panel is 220 high and reaches from 0 to 100 %.
    assert!((worst - pooled - 0.4 * 220.0).abs() < 1e-9, "{starts:?}");
}
