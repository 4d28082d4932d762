use expect_test::expect;
use ndarray::Array2;
use striate_data::{Images, Preprocess, Split};
use striate_formats::{ModelFile, Provenance};
use striate_graph::{Engine, Mode, Params, trace};
use striate_nn::{Conv2d, Flatten, Forward, Linear, ReLU, Sequential};
use striate_report::chart::Shape;

use super::*;
use striate_base::random::signed_unit;

fn engine(threads: usize) -> Engine {
    Engine::new(Some(threads)).unwrap()
}

/// Points at random, some of them far from the origin.
fn cloud(n: usize, d: usize, seed: u64) -> Vec<f32> {
    (0..n * d).map(|i| (10.0 + signed_unit(seed, i as u64) * (1 + i % d) as f64) as f32).collect()
}

fn gram(values: &[f32], d: usize) -> Gram {
    Gram::of(values, d, &engine(2))
}

/// Orthonormal columns of mean 0: cosines.
fn column(n: usize, k: usize) -> Vec<f64> {
    let angle = |i: usize| std::f64::consts::PI * k as f64 * (i as f64 + 0.5) / n as f64;
    (0..n).map(|i| (2.0 / n as f64).sqrt() * angle(i).cos()).collect()
}

#[test]
fn distances_are_those_of_the_points() {
    let (n, d) = (150, 7);
    let values = cloud(n, d, 1);
    let gram = gram(&values, d);
    for (i, j) in [(0, 0), (0, 1), (3, 149), (127, 128), (148, 5)] {
        let want: f64 =
            (0..d).map(|f| (f64::from(values[i * d + f]) - f64::from(values[j * d + f])).powi(2)).sum();
        assert!((gram.distance_squared(i, j) - want).abs() < 1e-10 * (1.0 + want), "{i} {j}");
    }
    assert_eq!(gram.products, gram.products.t());
    assert!(gram.products.sum().abs() < 1e-8, "centered");
}

#[test]
fn principal_components_of_a_known_covariance() {
    // x = Σ s_k u_k v_kᵀ with orthonormal u of mean 0 and orthonormal v: the scores are s_k u_k, the variances s_k² / (n - 1).
    let (n, d, strengths) = (200, 40, [9.0, 5.0, 4.9, 1.0, 0.2]);
    let sides: Vec<(Vec<f64>, Vec<f64>)> = (1..=5).map(|k| (column(n, k), column(d, 2 * k))).collect();
    let value = |i: usize, f: usize| -> f64 {
        3.0 + strengths.iter().zip(&sides).map(|(s, (u, v))| s * u[i] * v[f]).sum::<f64>()
    };
    let values: Vec<f32> = (0..n * d).map(|at| value(at / d, at % d) as f32).collect();
    let pca = pca(&gram(&values, d), 1);
    let total: f64 = strengths.iter().map(|s| s * s).sum();
    for axis in 0..2 {
        let (s, u) = (strengths[axis], &sides[axis].0);
        assert!((pca.variance[axis] - s * s / 199.0).abs() < 1e-6, "{:?}", pca.variance);
        assert!((pca.explained[axis] - s * s / total).abs() < 1e-6);
        // A cosine is as far from 0 at its end as at its beginning: the first of the two decides.
        let farthest = u[0];
        for (point, u) in pca.points.iter().zip(u) {
            let want = s * u * farthest.signum();
            assert!((point[axis] - want).abs() < 1e-4, "{axis}: {} {want}", point[axis]);
        }
        assert!(pca.points[0][axis] > 0.0, "the sign is fixed");
    }
}

#[test]
fn points_in_one_place_or_on_a_line_have_components_too() {
    let one = pca(&gram(&[2.0; 30], 3), 0);
    assert_eq!((one.points, one.explained), (vec![[0.0; 2]; 10], [0.0; 2]));
    let line: Vec<f32> = (0..50).flat_map(|i| [i as f32, 2.0 * i as f32]).collect();
    let line = pca(&gram(&line, 2), 0);
    assert!((line.explained[0] - 1.0).abs() < 1e-12 && line.explained[1] < 1e-12);
    assert!((line.points[49][0].abs() - 24.5 * 5.0_f64.sqrt()).abs() < 1e-9);
    assert_eq!(pca(&gram(&[1.0, 2.0], 2), 0).points, [[0.0; 2]]);
}

#[test]
fn affinities_have_the_perplexity_that_was_asked_for() {
    let (n, perplexity) = (120, 17.0_f64);
    let gram = gram(&cloud(n, 9, 2), 9);
    let rows = conditional(&gram, perplexity, &engine(3));
    for (i, row) in rows.chunks(n).enumerate() {
        assert_eq!(row[i], 0.0);
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let bits: f64 = row.iter().filter(|p| **p > 0.0).map(|p| -p * p.log2()).sum();
        assert!((bits - perplexity.log2()).abs() < 1e-4, "row {i}: {bits}");
        // Nearer counts more.
        let (near, far) = ((0..n).find(|&j| j != i).unwrap(), (i + 61) % n);
        let nearer = gram.distance_squared(i, near) < gram.distance_squared(i, far);
        assert!(far == i || near == far || (row[near] > row[far]) == nearer);
    }
    let p = affinities(&gram, perplexity, &engine(1));
    assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    for i in 0..n {
        for j in 0..n {
            assert_eq!(p[i * n + j].to_bits(), p[j * n + i].to_bits());
            let want = (rows[i * n + j] + rows[j * n + i]) / (2 * n) as f64;
            assert!((p[i * n + j] - want).abs() < 1e-18);
        }
    }
}

#[test]
fn points_in_one_place_count_each_other_alike() {
    // Ten in one place, ten elsewhere; a perplexity of 3 cannot be had.
    let values: Vec<f32> = (0..20).map(|i| if i < 10 { 1.0 } else { 100.0 + 3.0 * i as f32 }).collect();
    let rows = conditional(&gram(&values, 1), 3.0, &engine(1));
    assert!(rows.iter().all(|p| p.is_finite()));
    assert!(rows[1..10].iter().all(|p| (p - 1.0 / 9.0).abs() < 1e-6), "{:?}", &rows[..20]);
    assert!(rows[10..20].iter().all(|p| *p < 1e-6));
}

#[test]
fn the_gradient_is_the_slope_of_the_divergence() {
    let n = 37;
    let p = affinities(&gram(&cloud(n, 5, 3), 5), 8.0, &engine(1));
    let points: Vec<[f64; 2]> =
        (0..n).map(|i| [0, 1].map(|axis| 2.0 * signed_unit(9, (2 * i + axis) as u64))).collect();
    let slopes = gradient(&p, 1.0, &points, &engine(2));
    for i in 0..n {
        for axis in 0..2 {
            let moved = |by: f64| {
                let mut points = points.clone();
                points[i][axis] += by;
                divergence(&p, &points)
            };
            let want = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slopes[i][axis] - want).abs() < 1e-8, "{i} {axis}: {} {want}", slopes[i][axis]);
        }
    }
}

/// Three clusters in 20 dimensions, of the classes 0, 1, 2 in turn.
fn clusters(n: usize) -> (Vec<f32>, Vec<u32>) {
    let labels: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
    let value = |i: usize, f: usize| {
        let center = if f == i % 3 { 8.0 } else { 0.0 };
        (center + signed_unit(4, (i * 20 + f) as u64)) as f32
    };
    ((0..n * 20).map(|at| value(at / 20, at % 20)).collect(), labels)
}

#[test]
fn neighbors_in_the_map_are_neighbors_in_the_data() {
    let (values, labels) = clusters(90);
    let gram = gram(&values, 20);
    let pca = pca(&gram, 0);
    let map = tsne(&gram, &pca, 10.0, 0, &engine(2), &mut |_| ());
    let flat: Vec<f32> = map.points.iter().flatten().map(|&v| v as f32).collect();
    let of_map = Gram::of(&flat, 2, &engine(1));
    assert_eq!(knn(&of_map, &labels, 5).right, 90, "three islands");
    let start: Vec<[f64; 2]> = pca.points.iter().map(|p| p.map(|v| v * 1e-4)).collect();
    let p = affinities(&gram, 10.0, &engine(1));
    assert!(map.kl < 0.5 * divergence(&p, &start), "{} of {}", map.kl, divergence(&p, &start));
    assert!((map.kl - divergence(&p, &map.points)).abs() < 1e-9);
}

#[test]
fn threads_do_not_count() {
    let (values, labels) = clusters(140);
    let all = |threads: usize| {
        let engine = engine(threads);
        let gram = Gram::of(&values, 20, &engine);
        let pca = pca(&gram, 3);
        let map = tsne(&gram, &pca, 10.0, 3, &engine, &mut |_| ());
        (knn(&gram, &labels, 5), pca, map, gram)
    };
    let want = all(1);
    for threads in [2, 3, 5] {
        assert!(all(threads) == want, "{threads}");
    }
}

#[test]
fn votes_are_counted_by_hand() {
    // On a line: the class of each, and its place.
    let places = [0.0, 1.0, 2.1, 10.0, 11.0, 12.1, 12.2];
    let gram = gram(&places, 1);
    let of = |labels: [u32; 7], k| knn(&gram, &labels, k).right;
    assert_eq!(of([0, 0, 0, 1, 1, 1, 1], 2), 7);
    assert_eq!(of([0, 0, 0, 1, 1, 1, 1], 6), 4, "six neighbors: those of class 0 are outvoted");
    assert_eq!(of([0, 1, 0, 1, 0, 1, 0], 1), 0);
    // Places 0 and 1 see one of each class, and the nearer is of class 1; 2.1 sees two of class 1.
    assert_eq!(knn(&Gram::of(&[0.0, 1.0, 2.1], 1, &engine(1)), &[1, 1, 0], 2).right, 2);
    assert_eq!(
        knn(&Gram::of(&[0.0, 1.0, 2.1], 1, &engine(1)), &[0, 1, 0], 2).right,
        0,
        "1, the nearer, wins a tie"
    );
    assert_eq!(knn(&Gram::of(&[5.0], 1, &engine(1)), &[0], 5).right, 0, "nobody to ask");
}

fn model(net: &dyn Forward, shape: [usize; 3], classes: usize) -> ModelFile {
    let graph = trace(net, Mode::Eval, shape).unwrap();
    let params = Params::init(&graph, 0);
    let means = vec![0.5; shape[0]];
    let preprocess = Preprocess::new(shape, &means, &means).unwrap();
    let names = (0..classes).map(|class| class.to_string()).collect();
    ModelFile::new(graph, params, preprocess, names, Provenance::default(), &engine(1)).unwrap()
}

fn net(channels: usize) -> Sequential {
    let net = Sequential::new().append(Conv2d::new(channels, 3, 3)).append(ReLU::new());
    net.append(Flatten::new()).append(Linear::new(3 * 6 * 6, 7)).append(ReLU::new()).append(Linear::new(7, 2))
}

fn split(n: usize, channels: usize) -> Split {
    let pixels =
        (0..n * channels * 64).map(|i| (i * 37 % 101 + i / (channels * 64) % 2 * 140) as u8).collect();
    Images::new([channels, 8, 8], pixels, (0..n).map(|i| (i % 2) as u8).collect()).unwrap().into()
}

#[test]
fn the_spaces_are_pixels_the_first_layer_and_what_the_last_reads() {
    let (model, split) = (model(&net(1), [1, 8, 8], 2), split(50, 1));
    let images: Vec<u32> = (0..50).step_by(3).collect();
    let spaces = spaces(&model, &split, &engine(2), &images).unwrap();
    let told: Vec<String> =
        spaces.iter().map(|s| format!("{}: {} {}", s.name, s.dimensions, s.what)).collect();
    expect![[r#"
        pixels: 64 normalized pixels
        0: 108 values of 1.relu
        3: 7 features that 5 reads"#]]
    .assert_eq(&told.join("\n"));
    let pixels = split.images().unwrap();
    for (row, &image) in spaces[0].values.chunks(64).zip(&images) {
        let mut want = vec![0.0; 64];
        model.preprocess.normalize(pixels.sample(image as usize), &mut want);
        assert_eq!(row, want);
    }
    // The logits follow from the features by the last layer, so these are the features.
    let (weight, bias) = (model.params.get("5.weight").unwrap(), model.params.get("5.bias").unwrap());
    let features = Array2::from_shape_vec((17, 7), spaces[2].values.clone()).unwrap();
    let mut session = striate_graph::Session::new(model.graph.clone(), model.params.clone()).unwrap();
    for (i, row) in features.rows().into_iter().enumerate() {
        let logits = session.run_slice(&spaces[0].values[i * 64..(i + 1) * 64], 1).unwrap();
        for class in 0..2 {
            let sum: f32 = row.iter().enumerate().map(|(f, v)| v * weight[[class, f]]).sum();
            assert!((sum + bias[[class]] - logits[class]).abs() < 1e-5);
        }
    }
}

#[test]
fn images_are_drawn_once_each_by_the_seed() {
    let some = drawn(500, 120, 7);
    assert!(some.len() == 120 && some.is_sorted_by(|a, b| a < b) && *some.last().unwrap() < 500);
    assert_eq!(some, drawn(500, 120, 7));
    assert_ne!(some, drawn(500, 120, 8));
    assert_eq!(drawn(5, 120, 7), [0, 1, 2, 3, 4]);
    // Every image about as often as any other.
    let mut counts = [0; 10];
    (0..2000).for_each(|seed| drawn(10, 3, seed).iter().for_each(|&i| counts[i as usize] += 1));
    assert!(counts.iter().all(|count| (500..700).contains(count)), "{counts:?}");
}

#[test]
fn a_page_has_three_columns_of_two_maps_and_images_in_them() {
    for (channels, classes) in [(1, 2), (3, 12)] {
        let (model, split) = (model(&net(channels), [channels, 8, 8], 2), split(60, channels));
        let config = EmbedConfig { images: 40, perplexity: 6.0, seed: 1 };
        let mut told = Vec::new();
        let map =
            embed(&model, &split, &engine(2), &config, &mut |done, total| told.push((done, total))).unwrap();
        assert_eq!(
            (told.len(), told.last()),
            (3 * 750, Some(&(3 * 750, 3 * 750))),
            "every step of three spaces"
        );
        assert!(told.is_sorted());
        assert_eq!(map.spaces[0].knn.right, 40, "bright is near bright");
        let names: Vec<String> = (0..classes).map(|class| format!("class {class}")).collect();
        let page = map.page(&model, &split, &names, ["a net", "noise"]).unwrap();
        let count = |is: fn(&Shape) -> bool| page.shapes.iter().filter(|shape| is(shape)).count();
        let legend = if classes > 10 { 11 } else { classes };
        assert_eq!(count(|s| matches!(s, Shape::Dot { .. })), 6 * 40 + legend);
        assert!(count(|s| matches!(s, Shape::Image { .. })) >= 6);
        for shape in &page.shapes {
            let (right, bottom) = match shape {
                Shape::Dot { center, radius, .. } => (center.0 + radius, center.1 + radius),
                _ => continue,
            };
            assert!(right <= page.width_px && bottom <= page.height_px, "{shape:?}");
        }
        assert!(page.collisions().is_empty(), "{:#?}", page.collisions());
        let long: Vec<String> = (0..1000).map(|i| format!("terrier {i}, ").repeat(i % 9 + 1)).collect();
        let words = ["a network with a long name ".repeat(9), "noise".repeat(40)];
        let long = map.page(&model, &split, &long, [&words[0], &words[1]]).unwrap();
        assert!(long.collisions().is_empty(), "{:#?}", long.collisions());
        assert!(page.to_png(1.0).is_ok() && page.to_svg().contains("100.00 %"));
        assert_eq!(page.to_svg().contains("2 other classes"), classes == 12);
    }
}

#[test]
fn what_cannot_be_mapped_is_refused() {
    let (model, split) = (model(&net(1), [1, 8, 8], 2), split(50, 1));
    let refused =
        |config| embed(&model, &split, &engine(1), &config, &mut |_, _| ()).unwrap_err().to_string();
    expect![
        "embedding: images: expected at most 3000, got 3001; the time grows with the square of their number"
    ]
    .assert_eq(&refused(EmbedConfig { images: 3001, ..EmbedConfig::default() }));
    expect!["embedding: perplexity: expected 1 to a third of the other images, 16.3, got 30; take more images, or a smaller perplexity"]
        .assert_eq(&refused(EmbedConfig::default()));
    assert!(refused(EmbedConfig { perplexity: f64::NAN, ..EmbedConfig::default() }).contains("NaN"));
    let headless = Sequential::new().append(Conv2d::new(1, 2, 8)).append(Flatten::new());
    let headless = self::model(&headless, [1, 8, 8], 2);
    let config = EmbedConfig { perplexity: 5.0, ..EmbedConfig::default() };
    let error = embed(&headless, &split, &engine(1), &config, &mut |_, _| ()).unwrap_err().to_string();
    expect!["embedding: the network ends in flatten instead of a fully connected layer, so it has no features in front of one; use a network with such a layer, like every network known by name except SqueezeNet"].assert_eq(&error);
}

#[test]
fn a_report_puts_the_coordinates_between_the_classes_and_the_files() {
    let config = EmbedConfig::default();
    let embedding = Embedding { config, images: vec![7], labels: vec![1], spaces: Vec::new() };
    let (model, data, classes) = ("net".into(), "pets".into(), vec!["cat".into(), "dog".into()]);
    let report = EmbeddingReport { model, data, classes, embedding, files: vec!["embed/embed.png".into()] };
    expect![[r#"{"model":"net","data":"pets","classes":["cat","dog"],"config":{"images":2000,"perplexity":30.0,"seed":0},"images":[7],"labels":[1],"spaces":[],"files":["embed/embed.png"]}"#]]
        .assert_eq(&serde_json::to_string(&report).unwrap());
}
