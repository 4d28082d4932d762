//! Order and samples as pure functions of (seed, epoch, sample).

use std::thread;

use striate_data::{Augment, DataError, Images, Loader, Preprocess, Split};
use striate_kernels::Target;

fn images(count: usize) -> Split {
    let pixels = (0..count * 64).map(|i| (i * 131 + i / 64) as u8).collect();
    Images::new([1, 8, 8], pixels, (0..count).map(|i| (i % 10) as u8).collect()).unwrap().into()
}

fn preprocess() -> Preprocess {
    Preprocess::new([1, 8, 8], &[0.3], &[0.2]).unwrap()
}

fn all_on() -> Augment {
    Augment {
        shift_px: 2,
        rotate_deg: 15.0,
        scale_min: 0.9,
        scale_max: 1.1,
        flip_horizontal: 0.5,
        erase: 0.5,
        ..Augment::default()
    }
}

fn loader(images: &Split, augment: Augment, seed: u64) -> Loader<'_> {
    Loader::new(images, &preprocess(), augment, 32, seed, true).unwrap()
}

#[test]
fn an_order_is_a_permutation_that_seed_and_epoch_decide() {
    let images = images(1000);
    let order = loader(&images, Augment::default(), 7).order(3);
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert!(sorted.iter().enumerate().all(|(i, &index)| i == index as usize));
    assert_eq!(order, loader(&images, all_on(), 7).order(3), "whatever else is set");
    assert_ne!(order, loader(&images, Augment::default(), 7).order(4));
    assert_ne!(order, loader(&images, Augment::default(), 8).order(3));
    let plain = Loader::new(&images, &preprocess(), Augment::default(), 32, 7, false).unwrap();
    assert_eq!(plain.order(3), (0..1000).collect::<Vec<_>>());
}

/// The order of a run may not change between versions, or a run could not be repeated.
#[test]
fn the_order_of_a_seed_is_forever() {
    let images = images(10);
    expect_test::expect!["[4, 5, 7, 8, 3, 6, 9, 2, 1, 0]"]
        .assert_eq(&format!("{:?}", loader(&images, Augment::default(), 1).order(0)));
}

/// Nor may the samples: this number is that of every machine and every instruction set.
#[test]
fn the_samples_of_a_seed_are_forever() {
    let images = images(64);
    let loader = loader(&images, all_on(), 1);
    let mut hash = 0u64;
    for index in 0..64 {
        for value in sample(&loader, 0, index) {
            hash = (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    expect_test::expect!["cc976c069a81a975"].assert_eq(&format!("{hash:016x}"));
}

#[test]
fn every_order_is_about_equally_likely() {
    let images = images(4);
    let mut counts = std::collections::HashMap::new();
    for seed in 0..100 {
        for epoch in 0..240 {
            *counts.entry(loader(&images, Augment::default(), seed).order(epoch)).or_insert(0) += 1;
        }
    }
    // 24 orders, 1000 of each expected; four standard deviations are 124.
    assert_eq!(counts.len(), 24);
    assert!(counts.values().all(|count| (876..=1124).contains(count)), "{counts:?}");
}

#[test]
fn the_last_batch_is_partial_and_kept() {
    let images = images(100);
    let loader = loader(&images, Augment::default(), 0);
    let order = loader.order(0);
    assert_eq!(loader.batches_per_epoch(), 4);
    let batches: Vec<&[u32]> = (0..4).map(|step| loader.batch_indices(&order, step)).collect();
    assert_eq!(batches.iter().map(|batch| batch.len()).collect::<Vec<_>>(), [32, 32, 32, 4]);
    assert_eq!(batches.concat(), order);
}

#[test]
fn a_sample_that_would_be_alone_sits_out_the_epoch() {
    let batches = |count: usize, part: usize| {
        let images = images(count);
        let loader = loader(&images, Augment::default(), 0).without_single(part);
        let order = loader.order(0);
        let steps = 0..loader.batches_per_epoch();
        steps.map(|step| loader.batch_indices(&order, step).len()).collect::<Vec<_>>()
    };
    assert_eq!(batches(97, 32), [32, 32, 32]);
    assert_eq!(batches(98, 32), [32, 32, 32, 2]);
    assert_eq!(batches(96, 32), [32, 32, 32]);
    assert_eq!(batches(73, 8), [32, 32, 8], "the last part of the last batch");
    assert_eq!(batches(74, 8), [32, 32, 10]);
    assert_eq!(batches(33, 1), [32, 1], "all are alone");
    assert_eq!(batches(1, 32), [1], "there is no other");
    // The order is the same but for its end, and in another epoch another sample is left out.
    let images = images(33);
    let [all, some] =
        [loader(&images, Augment::default(), 0), loader(&images, Augment::default(), 0).without_single(32)];
    assert_eq!(some.order(4), all.order(4)[..32]);
    assert_ne!(all.order(4)[32], all.order(5)[32]);
    assert_eq!(some.len(), 33);
    assert_eq!(some.balanced().unwrap().order(0).len(), 32);
}

#[test]
fn without_augmentation_a_sample_is_normalized_and_nothing_else() {
    let images = images(20);
    let loader = loader(&images, Augment::default(), 9);
    for index in 0..20 {
        let (mut got, mut expected) = ([0.0; 64], [0.0; 64]);
        preprocess().normalize(images.images().unwrap().sample(index), &mut expected);
        assert_eq!(loader.write(5, index as u32, &mut got).unwrap(), Target::from(index as u32 % 10));
        assert_eq!(got, expected);
    }
}

fn sample(loader: &Loader<'_>, epoch: u32, index: u32) -> Vec<f32> {
    let mut out = vec![f32::NAN; 64];
    loader.write(epoch, index, &mut out).unwrap();
    out
}

#[test]
fn augmented_samples_depend_on_seed_epoch_and_index_alone() {
    let images = images(64);
    let first = loader(&images, all_on(), 1);
    let expected: Vec<Vec<f32>> = (0..64).map(|index| sample(&first, 2, index)).collect();
    let second = loader(&images, all_on(), 1);
    // Backwards, and from four threads.
    for index in (0..64).rev() {
        assert_eq!(sample(&second, 2, index), expected[index as usize]);
    }
    thread::scope(|scope| {
        for part in 0..4 {
            let (second, expected) = (&second, &expected);
            scope.spawn(move || {
                (part..64).step_by(4).for_each(|i| assert_eq!(sample(second, 2, i), expected[i as usize]));
            });
        }
    });
    let differs = |other: Vec<Vec<f32>>| other.iter().zip(&expected).filter(|(a, b)| a != b).count();
    assert!(differs((0..64).map(|index| sample(&first, 3, index)).collect()) > 60);
    let other_seed = loader(&images, all_on(), 2);
    assert!(differs((0..64).map(|index| sample(&other_seed, 2, index)).collect()) > 60);
}

#[test]
fn augmented_values_stay_within_the_image_and_the_background() {
    let images = images(64);
    let loader = loader(&images, all_on(), 1);
    let (low, high) = (-0.3 / 0.2 - 1e-5, 0.7 / 0.2 + 1e-5);
    for epoch in 0..20 {
        for index in 0..64 {
            assert!(sample(&loader, epoch, index).iter().all(|value| (low..=high).contains(value)));
        }
    }
}

#[test]
fn erasing_sets_one_rectangle_to_the_background() {
    let images = Split::from(Images::new([3, 10, 10], vec![255; 300], vec![0]).unwrap());
    let preprocess = Preprocess::new([3, 10, 10], &[0.5; 3], &[0.5, 0.25, 0.125]).unwrap();
    let augment = Augment { erase: 1.0, ..Augment::default() };
    let loader = Loader::new(&images, &preprocess, augment, 1, 4, true).unwrap();
    for epoch in 0..200 {
        let mut out = vec![f32::NAN; 300];
        loader.write(epoch, 0, &mut out).unwrap();
        let erased: Vec<usize> = (0..100).filter(|&i| out[i] < 0.0).collect();
        assert!((1..=30).contains(&erased.len()), "epoch {epoch}: {} pixels", erased.len());
        let (columns, rows): (Vec<_>, Vec<_>) = erased.iter().map(|i| (i % 10, i / 10)).unzip();
        let extent = |values: &[usize]| values.iter().max().unwrap() - values.iter().min().unwrap() + 1;
        assert_eq!(extent(&columns) * extent(&rows), erased.len(), "epoch {epoch}: not a rectangle");
        for (c, value) in [(0, 1.0), (1, 2.0), (2, 4.0)] {
            for i in 0..100 {
                let expected = if erased.contains(&i) { -value } else { value };
                assert_eq!(out[c * 100 + i], expected, "epoch {epoch}, channel {c}, pixel {i}");
            }
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let images = images(3);
    let new = |preprocess: &Preprocess, augment, batch_size| {
        Loader::new(&images, preprocess, augment, batch_size, 0, true).map(|_| ()).unwrap_err()
    };
    let wrong_shape = Preprocess::new([1, 28, 28], &[0.0], &[1.0]).unwrap();
    let error = new(&wrong_shape, Augment::default(), 1);
    assert_eq!(
        error.to_string(),
        "the images are [C, H, W] = [1, 8, 8], but the preprocessing expects [1, 28, 28]"
    );
    let error = new(&preprocess(), Augment::default(), 0);
    assert_eq!(error.to_string(), "batch size: expected at least 1, got 0");
    for (augment, field) in [
        (Augment { rotate_deg: f32::NAN, ..Augment::default() }, "rotate_deg"),
        (Augment { rotate_deg: -1.0, ..Augment::default() }, "rotate_deg"),
        (Augment { scale_min: 0.0, ..Augment::default() }, "scale_min"),
        (Augment { scale_max: 0.5, ..Augment::default() }, "scale_max"),
        (Augment { flip_horizontal: 1.5, ..Augment::default() }, "flip_horizontal"),
        (Augment { erase: f32::INFINITY, ..Augment::default() }, "erase"),
        (Augment { shift_px: u32::MAX, ..Augment::default() }, "shift_px"),
    ] {
        let error = new(&preprocess(), augment, 1);
        assert!(matches!(error, DataError::Augment { what, .. } if what == field), "{field}: {error}");
    }
    let empty = Split::from(Images::new([1, 8, 8], vec![], vec![]).unwrap());
    assert!(Loader::new(&empty, &preprocess(), Augment::default(), 1, 0, true).is_err());
    assert!(Images::new([1, 8, 8], vec![0; 65], vec![0]).is_err());
    assert!(Images::new([0, 8, 8], vec![], vec![0]).is_err());
}

#[test]
fn augment_reads_partial_json_and_refuses_unknown_fields() {
    let augment: Augment = serde_json::from_str(r#"{"shift_px": 2}"#).unwrap();
    assert_eq!(augment, Augment { shift_px: 2, ..Augment::default() });
    assert!(serde_json::from_str::<Augment>(r#"{"shift": 2}"#).is_err());
}
