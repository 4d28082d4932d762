use std::collections::BTreeMap;
use std::fs;

use expect_test::expect;
use ndarray::{Array4, ArrayD};
use striate_data::{Dataset, Images, Preprocess};
use striate_formats::{ModelFile, Provenance};
use striate_graph::{Edit, Engine, Graph, Mode, Params, Session, trace};
use striate_models::{ConvNet, registry};
use striate_nn::{BatchNorm2d, Conv2d, Flatten, Linear, Sequential};
use striate_report::chart::Shape;

use super::*;
use crate::LabError;

const TRAIN: usize = 45;

/// Blobs at places that depend on the class, with some noise.
fn images(n: usize, salt: usize) -> Images {
    let pixel = |i: usize| {
        let (image, y, x) = (i / 784, i % 784 / 28, i % 28);
        let (cy, cx) = (7 + image % 3 * 6, 6 + (image * 5 + salt) % 16);
        let near = y.abs_diff(cy) + x.abs_diff(cx);
        (220_usize.saturating_sub(30 * near) + (i * 7919 + salt) % 23) as u8
    };
    let pixels = (0..n * 784).map(pixel).collect();
    Images::new([1, 28, 28], pixels, (0..n).map(|i| (i % 3) as u8).collect()).unwrap()
}

fn data() -> Dataset {
    let classes = ["up", "middle", "down"].map(String::from).to_vec();
    Dataset::new("blobs", images(TRAIN, 1), images(21, 4), classes).unwrap()
}

/// A convnet for three classes. In conv1, map 0 is dead, map 1 is constant, and map 3 does twice what map 2 does.
fn model() -> ModelFile {
    let graph = trace(&ConvNet::new(3), Mode::Eval, [1, 28, 28]).unwrap();
    let mut params = Params::init(&graph, 5);
    let weight = params.get_mut("conv1.weight").unwrap();
    for i in 0..9 {
        let at = |map| [map, 0, i / 3, i % 3];
        (weight[at(0)], weight[at(1)]) = (0.0, 0.0);
        weight[at(2)] = [0.5, -0.25][i % 2];
        weight[at(3)] = 2.0 * weight[at(2)];
    }
    let bias = params.get_mut("conv1.bias").unwrap();
    (bias[[0]], bias[[1]], bias[[2]], bias[[3]]) = (-1.0, 0.75, 0.1, 0.2);
    of(graph, params, data().classes)
}

fn of(graph: Graph, params: Params, classes: Vec<String>) -> ModelFile {
    let preprocess = Preprocess::new(graph.input_shape(), &[0.5], &[0.25]).unwrap();
    let engine = engine(1);
    ModelFile::new(graph, params, preprocess, classes, Provenance::default(), &engine).unwrap()
}

fn engine(threads: usize) -> Engine {
    Engine::new(Some(threads)).unwrap()
}

fn index() -> Index {
    Index::build(&model(), &data(), &engine(2), &mut |_, _| ()).unwrap()
}

/// The values of every layer of some images, by a session that taps them.
fn values(model: &ModelFile, images: &Images) -> BTreeMap<String, ArrayD<f32>> {
    let mut session =
        Session::with_engine(model.graph.clone(), model.params.clone(), engine(1)).unwrap().plain();
    let taps: Vec<_> =
        layers(&model.graph).into_iter().map(|l| (session.tap(&l.value_name).unwrap(), l.name)).collect();
    session.run(&normalized(model, images).view()).unwrap();
    taps.into_iter().map(|(tap, name)| (name, session.get(tap))).collect()
}

fn normalized(model: &ModelFile, images: &Images) -> Array4<f32> {
    let mut values = vec![0.0; images.pixels.len()];
    for (pixels, out) in images.pixels.chunks(784).zip(values.chunks_mut(784)) {
        model.preprocess.normalize(pixels, out);
    }
    Array4::from_shape_vec((images.len(), 1, 28, 28), values).unwrap()
}

fn listed(layers: &[Layer]) -> String {
    let line = |l: &Layer| {
        let sign = if l.is_signed { "signed" } else { "from 0" };
        format!("{} -> {} {} x {:?} {sign}\n", l.name, l.value_name, l.units, l.size)
    };
    layers.iter().map(line).collect()
}

#[test]
fn units_are_behind_batch_norm_and_activation() {
    expect![[r#"
        conv1 -> relu 16 x [28, 28] from 0
        conv2 -> relu_1 32 x [14, 14] from 0
        fc1 -> relu_2 128 x [1, 1] from 0
        fc2 -> fc2 3 x [1, 1] signed
    "#]]
    .assert_eq(&listed(&layers(&model().graph)));
    let net = (registry::find("resnet18").unwrap().build)(10, 3);
    let graph = trace(net.as_ref(), Mode::Eval, [3, 64, 64]).unwrap();
    expect![[r#"
        conv1 -> relu 64 x [32, 32] from 0
        layer1.0.conv1 -> layer1.0.relu 64 x [16, 16] from 0
        layer1.0.conv2 -> layer1.0.bn2 64 x [16, 16] signed
        layer1.0.relu_1 -> layer1.0.relu_1 64 x [16, 16] from 0
        layer1.1.conv1 -> layer1.1.relu 64 x [16, 16] from 0
    "#]]
    .assert_eq(&listed(&layers(&graph)[..5]));
    assert_eq!(find(&graph, "layer1.0.bn2").unwrap().name, "layer1.0.conv2", "by its value's name too");
}

#[test]
fn an_index_is_what_a_plain_count_gives() {
    let (model, data, index) = (model(), data(), index());
    let images = data.train.images().unwrap();
    let values = values(&model, images);
    for (layer, records) in &index.layers {
        let seen = &values[&layer.name];
        let [h, w] = layer.size;
        for (unit, record) in records.iter().enumerate() {
            let (mut sum, mut zeros, mut class_sums) = (0.0, 0, vec![0.0; 3]);
            let mut all = Vec::new();
            for image in 0..TRAIN {
                let map: Vec<f32> = seen
                    .outer_iter()
                    .nth(image)
                    .unwrap()
                    .outer_iter()
                    .nth(unit)
                    .unwrap()
                    .iter()
                    .copied()
                    .collect();
                assert_eq!(map.len(), h * w);
                sum += map.iter().map(|&v| f64::from(v)).sum::<f64>();
                zeros += map.iter().filter(|v| **v == 0.0).count() as u64;
                let max = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                class_sums[image % 3] += f64::from(max);
                let at = map.iter().position(|&v| v == max).unwrap();
                all.push((max, image as u32, [(at / w) as u16, (at % w) as u16]));
            }
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-4 * b.abs() + 1e-3;
            assert!(near(record.sum, sum), "{} {unit}: {} {sum}", layer.name, record.sum);
            // Plain and fused plans round differently, so that a value next to 0 may fall on either side.
            assert!(record.zeros.abs_diff(zeros) <= 2 + zeros / 1000, "{} {unit}", layer.name);
            assert!(record.class_sums.iter().zip(&class_sums).all(|(a, b)| near(*a, *b)));
            all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
            assert_eq!(record.top.len(), TRAIN);
            for (got, want) in record.top.iter().zip(&all) {
                assert!((got.value - want.0).abs() <= 1e-4, "{} {unit}: {got:?} {want:?}", layer.name);
            }
            let counted = record.histogram.counts().iter().sum::<u64>() + record.zeros;
            assert_eq!((counted, record.values), (record.values, (TRAIN * h * w) as u64));
            assert_eq!(record.sample.len(), TRAIN, "of few images all are sampled");
        }
    }
    assert_eq!((index.images, &index.class_counts[..]), (TRAIN, &[15, 15, 15][..]));
}

#[test]
fn threads_and_batches_do_not_count() {
    let (model, data, want) = (model(), data(), index());
    for (threads, most) in [(1, 1), (1, 128), (3, 7), (4, 32), (2, 44)] {
        let got = Index::build_in_batches(&model, &data, &engine(threads), most, &mut |_, _| ()).unwrap();
        assert!(got == want, "{threads} threads, batches of {most}");
    }
}

#[test]
fn a_kept_index_is_found_and_a_damaged_or_foreign_one_is_not_trusted() {
    let (model, data) = (model(), data());
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/neurons");
    let open = |model: &ModelFile, data: &Dataset| {
        Index::open_or_build(Some(&folder), model, data, &engine(2), &mut |_, _| ()).unwrap()
    };
    let (built, origin) = open(&model, &data);
    assert_eq!(origin, Origin::Built);
    assert!(open(&model, &data) == (built.clone(), Origin::Kept), "to the bit");
    let path = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(path.extension().unwrap(), "neurons");
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 9).chain([8, 40, 44, whole.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        fs::write(&path, &bytes).unwrap();
        assert!(open(&model, &data) == (built.clone(), Origin::Built), "byte {at} is another");
        assert_eq!(fs::read(&path).unwrap(), whole, "and is repaired");
        fs::write(&path, &whole[..at]).unwrap();
        assert_eq!(open(&model, &data).1, Origin::Built, "cut at {at}");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert_eq!(open(&model, &data).1, Origin::Built);

    let mut other = model.clone();
    other.params.get_mut("fc2.bias").unwrap()[[0]] += 1e-3;
    assert_eq!(open(&other, &data).1, Origin::Built, "other weights");
    let fewer = Dataset::new("blobs", images(TRAIN - 1, 1), images(21, 4), data.classes.clone()).unwrap();
    assert_eq!(open(&model, &fewer).1, Origin::Built, "other images");
    // A file of another network under this one's name.
    let foreign = fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).find(|p| *p != path).unwrap();
    fs::copy(foreign, &path).unwrap();
    assert!(open(&model, &data) == (built, Origin::Built));
}

#[test]
fn dead_constant_and_duplicate_maps_are_told() {
    let index = index();
    let (layer, records) = index.layer("conv1").unwrap();
    let found = badges(layer, records);
    assert_eq!(found[0], [Badge::Dead]);
    assert_eq!(found[1], [Badge::Constant]);
    for (unit, other) in [(2, 3), (3, 2)] {
        let [Badge::Duplicate { of, correlation }] = found[unit][..] else { panic!("{:?}", found[unit]) };
        assert!(of == other && correlation > 0.9999, "{unit}: {of} {correlation}");
    }
    assert_eq!((records[0].active(), records[0].max), (0.0, 0.0));
    let logits = index.layer("fc2").unwrap();
    assert!(badges(logits.0, logits.1).iter().flatten().all(|badge| *badge != Badge::Dead));
}

#[test]
fn a_lesion_is_the_network_with_a_channel_of_zeros() {
    let (model, data) = (model(), data());
    let layer = find(&model.graph, "conv2").unwrap();
    let got = lesions(&model, &engine(2), &data.test, &layer, &[0, 9, 31], 1000, &mut |_, _, _| ()).unwrap();
    let mut session = Session::with_engine(model.graph.clone(), model.params.clone(), engine(1)).unwrap();
    let images = normalized(&model, data.test.images().unwrap());
    for lesion in got {
        let edits = [Edit::zero_channel("relu_1", lesion.unit)];
        for (edits, said) in [(&edits[..], &lesion.without), (&[], &lesion.intact)] {
            let logits = session.run_with(&images.view(), edits).unwrap();
            let best = |row: ndarray::ArrayViewD<'_, f32>| {
                (0..3).fold(0, |best, i| if row[[i]] > row[[best]] { i } else { best }) as u32
            };
            let want: Vec<u32> = logits.outer_iter().map(best).collect();
            assert_eq!(*said, want, "unit {}", lesion.unit);
        }
        assert_eq!(lesion.labels, (0..21).map(|i| i % 3).collect::<Vec<u32>>());
    }
    // All that the first layer's dead map does is nothing; a sample lies evenly.
    let layer = find(&model.graph, "conv1").unwrap();
    let dead = lesions(&model, &engine(1), &data.test, &layer, &[0], 7, &mut |_, _, _| ()).unwrap().remove(0);
    assert_eq!((dead.points(), dead.labels.len(), dead.labels[1]), (0.0, 7, 0), "image 3 is the second");
    assert_eq!(dead.intact, dead.without);
}

#[test]
fn examples_are_of_their_kind() {
    let (model, data, index) = (model(), data(), index());
    let (layer, records) = index.layer("conv2").unwrap();
    let values = values(&model, data.train.images().unwrap());
    for (unit, record) in records.iter().enumerate() {
        let examples = Examples::of(&model.graph, layer, record, &data.train);
        let max = |image: u32| {
            let maps = values["conv2"].outer_iter().nth(image as usize).unwrap();
            maps.outer_iter().nth(unit).unwrap().iter().copied().fold(f32::NEG_INFINITY, f32::max)
        };
        let mut positive: Vec<f32> = (0..TRAIN as u32).map(max).filter(|&v| v > 1e-6).collect();
        positive.sort_by(f32::total_cmp);
        for (rank, example) in examples.strongest.iter().enumerate() {
            assert!((example.value - positive[positive.len() - 1 - rank]).abs() < 1e-4);
            assert_eq!(example.label, example.image % 3);
        }
        if positive.len() > 12 {
            let median = positive[positive.len() / 2];
            let middle: Vec<f32> = examples.middling.iter().map(|e| e.value).collect();
            assert!(middle[0] <= median + 1e-4 && middle[8] >= median - 1e-4, "{middle:?} {median}");
        }
        assert!(examples.silent.iter().all(|e| e.value == 0.0 && max(e.image) < 1e-5));
        let mut seen: Vec<u32> = examples.strongest.iter().map(|e| e.image).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), examples.strongest.len(), "different images");
    }
    let dead = Examples::of(
        &model.graph,
        index.layer("conv1").unwrap().0,
        &index.layer("conv1").unwrap().1[0],
        &data.train,
    );
    assert_eq!((dead.strongest.len(), dead.middling.len(), dead.silent.len()), (0, 0, 9));
    let images: Vec<u32> = dead.silent.iter().map(|e| e.image).collect();
    assert_eq!(images, [0, 5, 10, 15, 20, 25, 30, 35, 40], "evenly");
}

/// A convolution without activation, then a linear layer.
fn linear() -> (Graph, Params) {
    let net = Sequential::new().append(Conv2d::new(1, 2, 3)).append(BatchNorm2d::new(2));
    let net = net.append(Flatten::new()).append(Linear::new(2 * 4 * 4, 3));
    let graph = trace(&net, Mode::Eval, [1, 6, 6]).unwrap();
    let params = Params::init(&graph, 3);
    (graph, params)
}

#[test]
fn the_dream_of_a_linear_unit_is_its_weights() {
    let (graph, params) = linear();
    let config = DreamConfig { steps: 200, radius: 2.5, jitter_px: 0, seed: 11 };
    for (layer, unit) in [("0", 1), ("3", 2)] {
        let layer = find(&graph, layer).unwrap();
        let dream = dream(&graph, &params, &engine(2), &layer, unit, &config, &mut |_, _, _| ()).unwrap();
        // The weights, as the value's gradient, by interventions: one pixel at a time.
        let mut session = Session::with_engine(graph.clone(), params.clone(), engine(1)).unwrap();
        let tap = session.tap(&layer.value_name).unwrap();
        let place =
            unit * layer.size[0] * layer.size[1] + layer.size[0] / 2 * layer.size[1] + layer.size[1] / 2;
        let mut value = |pixel: Option<usize>| {
            let mut image = Array4::<f32>::zeros((1, 1, 6, 6));
            pixel.into_iter().for_each(|pixel| image[[0, 0, pixel / 6, pixel % 6]] = 1.0);
            session.run(&image.view()).unwrap();
            f64::from(*session.get(tap).iter().nth(place).unwrap())
        };
        let bias = value(None);
        let weights: Vec<f64> = (0..36).map(|pixel| value(Some(pixel)) - bias).collect();
        let norm = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
        for (got, w) in dream.values.iter().zip(&weights) {
            let want = 2.5 * w / norm;
            assert!((f64::from(*got) - want).abs() < 1e-4, "{got} {want}");
        }
        assert!((f64::from(dream.value) - (bias + 2.5 * norm)).abs() < 1e-4);
    }
}

#[test]
fn a_dream_is_a_function_of_its_seed_and_wakes_silent_units() {
    let model = model();
    let layer = find(&model.graph, "conv2").unwrap();
    let mut params = model.params.clone();
    // Silent on every start.
    params.get_mut("conv2.bias").unwrap()[[4]] = -1.5;
    let config = DreamConfig { steps: 40, radius: 28.0, jitter_px: 1, seed: 2 };
    let dreamed = |threads, config| {
        dream(&model.graph, &params, &engine(threads), &layer, 4, &config, &mut |_, _, _| ()).unwrap()
    };
    let one = dreamed(1, config);
    assert!(one.value > 0.0, "{}", one.value);
    assert_eq!(one, dreamed(3, config));
    assert_ne!(one.values, dreamed(1, DreamConfig { seed: 3, ..config }).values);
    let norm = one.values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    assert!(norm <= 28.0 * (1.0 + 1e-5), "{norm}");
    let refused = |config| {
        dream(&model.graph, &params, &engine(1), &layer, 4, &config, &mut |_, _, _| ())
            .unwrap_err()
            .to_string()
    };
    expect!["dream: radius: expected a finite number above 0, got NaN"]
        .assert_eq(&refused(DreamConfig { radius: f64::NAN, ..config }));
    expect!["dream: steps: expected at least 1, got 0"]
        .assert_eq(&refused(DreamConfig { steps: 0, ..config }));
}

fn card(layer: &str, unit: usize, dreaming: Option<u64>) -> Result<Card, LabError> {
    Card::new(&model(), &data(), &engine(2), &index(), (layer, unit), dreaming, &mut |_, _, _| ())
}

#[test]
fn what_is_not_there_is_told() {
    expect![
        "neuron: this network has no layer `conv3` with units; layers with units: conv1, conv2, fc1, fc2"
    ]
    .assert_eq(&card("conv3", 0, None).unwrap_err().to_string());
    expect!["neuron: expected a map of conv2 from 0 to 31, got 32"]
        .assert_eq(&card("conv2", 32, None).unwrap_err().to_string());
    let wide = Images::new([1, 32, 32], vec![0; 3 * 1024], vec![0, 1, 2]).unwrap();
    let wide = Dataset::new("wide", wide.clone(), wide, data().classes).unwrap();
    let error = Index::build(&model(), &wide, &engine(1), &mut |_, _| ()).unwrap_err();
    expect!["the images are [C, H, W] = [1, 32, 32], but the preprocessing expects [1, 28, 28]"]
        .assert_eq(&error.to_string());
}

#[test]
fn pages_hold_what_is_on_them() {
    let (model, data) = (model(), data());
    for (layer, unit, dreaming) in
        [("conv1", 0, None), ("conv1", 2, Some(1)), ("conv2", 5, None), ("fc2", 1, Some(0))]
    {
        let card = card(layer, unit, dreaming).unwrap();
        let page = card.page(&model, &data, "a convnet").unwrap();
        let texts: Vec<&str> = page
            .shapes
            .iter()
            .filter_map(|shape| if let Shape::Text { text, .. } = shape { Some(text.as_str()) } else { None })
            .collect();
        let images = page.shapes.iter().filter(|shape| matches!(shape, Shape::Image { .. })).count();
        assert!(page.collisions().is_empty(), "{:#?}", page.collisions());
        let mut long = data.clone();
        for (i, class) in long.classes.iter_mut().enumerate() {
            *class = [format!("soft-coated wheaten terrier of the {class}th kind"), class.repeat(99)][i % 2]
                .clone();
        }
        let long = card.page(&model, &long, &"a convnet with a long name ".repeat(9)).unwrap();
        assert!(long.collisions().is_empty(), "{:#?}", long.collisions());
        for shape in page.shapes.iter().chain(&long.shapes) {
            let Shape::Rect { x, y, width, height, .. } = shape else { continue };
            assert!(x + width <= page.width_px && y + height <= long.height_px, "{shape:?}");
        }
        assert!(page.to_png(1.0).is_ok());
        let says = |words: &str| texts.iter().any(|text| text.contains(words));
        assert_eq!(says("dead:"), unit == 0);
        assert_eq!(says("duplicate of map 3"), (layer, unit) == ("conv1", 2));
        assert_eq!(says("Synthetic image") && says("82 against 92 %"), dreaming.is_some());
        assert!(says("Without it"), "{texts:?}");
        let examples = &card.examples;
        let shown = examples.strongest.len() + examples.middling.len();
        // Cut out and whole, where the unit does not see all; silence only whole.
        let each = if layer == "fc2" { 1 } else { 2 };
        let kernel = usize::from(layer == "conv1");
        assert_eq!(
            images,
            each * shown + examples.silent.len() + kernel + usize::from(dreaming.is_some()),
            "{layer}"
        );
    }
}

#[test]
fn a_dream_that_moves_nothing_is_said_to_have_failed() {
    let mut card = card("conv2", 5, Some(1)).unwrap();
    assert_eq!(card.dream_succeeded(), Some(true));
    card.dream.as_mut().unwrap().value = card.record.top[0].value;
    assert_eq!(card.dream_succeeded(), Some(false), "no more than the strongest of few images");
    let page = card.page(&model(), &data(), "a convnet").unwrap();
    assert!(page.to_svg().contains("It failed"));
}

#[test]
fn a_table_has_every_unit_and_no_cost_where_classes_differ() {
    let (model, mut data, index) = (model(), data(), index());
    let (rows, images) = table(&model, &data, &engine(2), &index, "conv1", &mut |_, _, _| ()).unwrap();
    assert_eq!((rows.len(), images), (16, 21));
    assert_eq!((rows[0].strongest, rows[0].favorite, rows[0].points), (None, None, Some(0.0)));
    assert!(rows[2].strongest.is_some() && rows[2].favorite.unwrap().1 >= 1.0 / 3.0);
    data.classes[0] = "other".into();
    let (rows, images) = table(&model, &data, &engine(2), &index, "conv1", &mut |_, _, _| ()).unwrap();
    assert!(images == 0 && rows.iter().all(|row| row.points.is_none()));
}

#[test]
fn a_lesion_is_told_with_the_names_of_its_classes() {
    let lesion =
        Lesion { unit: 0, labels: vec![0, 0, 1, 1], intact: vec![0, 0, 1, 1], without: vec![0, 1, 1, 1] };
    let report = lesion.report(&["up".into(), "down".into()]);
    expect![[r#"{"test_images":4,"accuracy":1.0,"accuracy_without":0.75,"points":25.0,"classes":[{"class":"up","images":2,"right":2,"right_without":1},{"class":"down","images":2,"right":2,"right_without":2}],"confusions":[{"class":"up","taken_for":"down","times":0,"times_without":1}]}"#]]
        .assert_eq(&serde_json::to_string(&report).unwrap());
}

#[test]
fn a_card_is_told_as_text_and_as_data() {
    let (card, index, data) = (card("conv1", 2, None).unwrap(), index(), data());
    let report = card.report(&index, "net", &data, Vec::new());
    assert_eq!((report.map, report.maps, report.training_images), (2, 16, TRAIN));
    assert_eq!(report.histogram.counts.iter().sum::<u64>() + report.histogram.zeros, report.values);
    let classes: Vec<&str> = report.classes.iter().map(|class| class.class.as_str()).collect();
    assert_eq!(classes, ["up", "middle", "down"]);
    let text = card.text(&data);
    assert!(text.starts_with("conv1 map 2: "), "{text}");
    assert!(text.contains("without it: accuracy ") && text.ends_with('\n'), "{text}");
}
