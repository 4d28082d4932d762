//! The contrast that is expected of the methods, measured on the shipped networks, and the words for it.

use expect_test::expect;
use striate_data::Dataset;
use striate_explain::attribution::Method;
use striate_formats::ModelFile;
use striate_graph::{Engine, Session};
use striate_models::shipped;
use striate_report::Thumbnail;

use super::explain::{Explainer, Seen};
use super::found::{look, twin};
use super::images::choose;
use super::networks::Layers;
use super::weights::{Followed, follow, maps_of};
use super::*;

fn convnet() -> (ModelFile, Dataset, Engine) {
    let model = shipped::find("convnet").unwrap().load().unwrap();
    (model, striate_data::load("digits").unwrap(), Engine::new(Some(2)).unwrap())
}

fn session(model: &ModelFile, engine: &Engine) -> Session {
    Session::with_engine(model.graph.clone(), model.params.clone(), engine.clone()).unwrap()
}

fn some(model: &ModelFile, data: &Dataset, engine: &Engine, n: usize) -> Vec<Seen> {
    let (images, right) = choose(&mut session(model, engine), data, &model.preprocess, (n, true)).unwrap();
    assert_eq!(right, n, "a network that knows digits");
    images
}

fn followed(explainers: &[Explainer], threads: usize) -> Vec<Followed> {
    let (model, data, engine) = convnet();
    let images = some(&model, &data, &engine, 3);
    let mut trained = Vec::new();
    for &explainer in explainers {
        trained.push(maps_of(explainer, &mut session(&model, &engine), &images).unwrap());
    }
    let layers = Layers::of(&model.graph);
    let all = follow(
        (&model.graph, &model.params),
        &layers,
        (explainers, &trained),
        &images,
        (&[7, 8], false),
        &Engine::new(Some(threads)).unwrap(),
    );
    all.unwrap().into_iter().map(Result::unwrap).collect()
}

#[test]
fn images_are_of_different_classes_and_the_network_knows_them() {
    let (model, data, engine) = convnet();
    let images = some(&model, &data, &engine, 10);
    let mut classes: Vec<usize> = images.iter().map(|seen| seen.class).collect();
    classes.sort_unstable();
    assert_eq!(classes, (0..10).collect::<Vec<_>>());
    assert!(images.iter().all(|seen| data.test.label(seen.index) as usize == seen.class));
}

#[test]
fn gradients_follow_the_weights_and_guided_backprop_hardly_does() {
    let methods = [Method::GuidedBackprop, Method::Gradient, Method::IntegratedGradients, Method::GradCam];
    let mut explainers = methods.map(Explainer::Method).to_vec();
    explainers.extend([Explainer::Sobel, Explainer::Random]);
    let all = followed(&explainers, 2);
    let upper: Vec<f64> = all.iter().map(|followed| followed.upper.spearman).collect();
    assert!(upper[0] > 0.65, "guided backprop stays as it was: {upper:?}");
    for (method, likeness) in methods.iter().zip(&upper).skip(1) {
        assert!(*likeness < 0.35 && upper[0] - likeness > 0.4, "{}: {upper:?}", method.name());
    }
    assert_eq!(upper[4..], [1.0, 1.0], "controls never look at the network");
    assert_eq!(all[0].steps.len(), 4);
    assert_eq!(all[0].strip.len(), 4);
    let mean = (all[1].steps[0].likeness.spearman + all[1].steps[1].likeness.spearman) / 2.0;
    assert!((mean - upper[1]).abs() < 1e-12, "the upper half of four layers is two");
    let one = followed(&explainers[..2], 1);
    assert!(
        one.iter().zip(&all).all(|(one, two)| one.steps == two.steps),
        "the same bits for any number of threads"
    );
}

#[test]
fn planted_evidence_is_found_by_methods_and_not_by_controls() {
    let (model, _, engine) = convnet();
    let info = super::twin::architecture(&model).unwrap();
    let (twin, known, about) = twin(info, &model.preprocess, 1, &engine).unwrap();
    assert!(about.accuracy > verdict::LEARNED && known.len() >= 90, "{about:?}");
    let explainers = [
        Explainer::Method(Method::IntegratedGradients),
        Explainer::Method(Method::GradCam),
        Explainer::Sobel,
        Explainer::Random,
    ];
    let all = look(&twin, &explainers, &known, &engine).unwrap();
    let of = |i: usize, kind: usize| all[i].as_ref().unwrap()[kind].unwrap();
    for kind in [0, 1] {
        for method in [0, 1] {
            let (found, chance) = (of(method, kind), of(method, kind).share_of_area);
            assert!(found.points > 0.6 && found.share > 3.0 * chance, "{found:?}");
        }
        for control in [2, 3] {
            assert!(of(control, kind).points < 0.35, "control {control}: {:?}", of(control, kind));
        }
        let random = of(3, kind);
        assert!((random.share - random.share_of_area).abs() < 0.02, "{random:?}");
        assert!((random.auc - 0.5).abs() < 0.07, "{random:?}");
    }
}

#[test]
fn images_of_other_classes_are_images_all_the_same() {
    let (model, data, engine) = convnet();
    let (images, right) =
        choose(&mut session(&model, &engine), &data, &model.preprocess, (3, false)).unwrap();
    assert_eq!((images.iter().map(|seen| seen.index).collect::<Vec<_>>(), right), (vec![0, 1, 2], 0));
    let mut none = data;
    none.test = striate_data::Images::new([1, 28, 28], Vec::new(), Vec::new()).unwrap().into();
    let error = trust(&model, &none, &engine, &mut |_| ()).unwrap_err();
    expect!["trust: digits: expected at least one test image to explain, got none; use another data set"]
        .assert_eq(&error.to_string());
}

/// Figures made up, to see the words.
fn made_up() -> Trust {
    let likeness = |spearman| Likeness { spearman, spearman_magnitude: 0.6, ssim: 0.1 };
    let found = |points| Found {
        images: 80,
        points,
        points_interval_95: (points - 0.1, points + 0.1),
        share: 0.5,
        share_of_area: 0.1,
        auc: 0.8,
    };
    let row = |name: &'static str, rank: f64, points: f64| MethodScores {
        name,
        key: "key",
        is_control: name == "edges",
        sum: Sum { verdict: Verdict::ClaimsNone, gap: None },
        weights: Weights {
            verdict: verdict::of_likeness(rank),
            likeness: Some(likeness(rank)),
            steps: Vec::new(),
            entropy_rise: Some(0.3),
        },
        labels: Labels {
            verdict: verdict::of_labels(rank, 0.3),
            alike: Some(Alike { other_labels: likeness(rank), same_labels: likeness(0.3) }),
        },
        planted: Location {
            verdict: verdict::of_pointing(points, (points - 0.1, points + 0.1), (0.1, 0.3)),
            shapes: Some(found(points)),
            watermark: Some(found(points)),
        },
        strip: vec![([2, 2], vec![0.0, 1.0, -1.0, 2.0]); 2],
        is_signed: true,
    };
    let mut sums = row("sums", 0.02, 0.9);
    sums.sum = Sum { verdict: verdict::of_sum(2e-7), gap: Some(2e-7) };
    let mut cannot = row("cannot", 0.0, 0.5);
    cannot.weights = Weights {
        verdict: Verdict::NotChecked("no convolution".into()),
        likeness: None,
        steps: Vec::new(),
        entropy_rise: None,
    };
    Trust {
        data: "digits".into(),
        images: vec![0, 1],
        right: Some(1),
        seeds: vec![1],
        layers: vec!["conv1".into(), "conv2".into(), "fc".into()],
        label_twins: None,
        planted_twin: None,
        rows: vec![sums, cannot, row("edges", 1.0, 0.2)],
        strip: Strip {
            image: Thumbnail::new(2, 2, 1, &[0, 90, 180, 255], 2).unwrap(),
            title: "digits:0 as 7".into(),
            columns: vec!["trained".into(), "fc".into()],
        },
    }
}

#[test]
fn verdicts_in_words() {
    expect![[r#"
        method          sums to the logit  follows the weights  follows the labels     finds what was planted
        ──────────────  ─────────────────  ───────────────────  ─────────────────────  ────────────────────────
        sums            yes, gap 2e-7      yes, 0.02 (0.60)     yes, 0.02 · same 0.30  yes, 90 % · mark 90 %
        cannot          no claim           –                    yes, 0.00 · same 0.30  partly, 50 % · mark 50 %
        ──────────────  ─────────────────  ───────────────────  ─────────────────────  ────────────────────────
        control: edges  no claim           no, 1.00 (0.60)      no, 1.00 · same 0.30   no, 20 % · mark 20 %

        sums: the largest completeness gap, as a share of the logit, over 2 test images of digits, 1 classified correctly. The verdict is yes up to 0.001 and partly up to 0.05.
        weights: the layers are randomized one by one, starting with the last (1 seed). The figure is the rank correlation with the original attributions, averaged over fc, conv2, where 1 means unchanged and 0 unrelated; the one in parentheses is that of their magnitudes. The verdict is yes up to 0.5 and no from 0.8.
        –: no convolution (cannot)
    "#]].assert_eq(&made_up().to_string());
}

#[test]
fn the_page_says_the_same() {
    let scene = made_up().page("a net");
    let svg = scene.to_svg();
    for words in
        ["Can the attributions of a net be trusted?", "yes, 0.02 (0.60)", "control: edges", "digits:0 as 7"]
    {
        assert!(svg.contains(words), "{words}");
    }
    assert!(scene.collisions().is_empty(), "{:#?}", scene.collisions());
    // Two maps a row, the image, and nothing else.
    assert_eq!(svg.matches("<image").count(), 7);
    let json = serde_json::to_value(made_up()).unwrap();
    let weights = &json["rows"][0]["weights"];
    assert_eq!((&weights["verdict"], &weights["likeness"]["spearman"]), (&"yes".into(), &0.02.into()));
    assert_eq!(json["rows"][1]["weights"]["why"], "no convolution");
}

#[test]
fn a_report_puts_the_findings_between_the_name_and_the_files() {
    let trust = made_up();
    let data = serde_json::to_string(&trust.data).unwrap();
    let report = TrustReport { model: "net".into(), trust, files: vec!["trust/trust.png".into()] };
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.starts_with(&format!(r#"{{"model":"net","data":{data},"#)), "{text}");
    assert!(text.ends_with(r#","files":["trust/trust.png"]}"#), "{text}");
}

#[test]
fn a_page_of_long_names_and_many_layers_is_legible() {
    let mut long = made_up();
    long.strip.title = "a_file_with_a_name_that_is_very_long.png as soft-coated wheaten terrier".repeat(3);
    for columns in [1, 2, 40] {
        long.strip.columns = (0..columns).map(|i| format!("block{i}.downsample.conv.weights")).collect();
        for (i, row) in long.rows.iter_mut().enumerate() {
            let size = [[1, 1], [1, 300], [7, 5]][i % 3];
            row.strip = vec![(size, vec![1e-9; size[0] * size[1]]); columns];
            row.name = "integrated gradients averaged over many noisy copies of the image";
        }
        let page = long.page(&"a network with a long name ".repeat(9));
        assert!(page.collisions().is_empty(), "{columns}: {:#?}", page.collisions());
    }
}
