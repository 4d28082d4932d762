use super::few_digits;
use crate::flatten::canvas::{CANVAS, Move, canvases, scrambling};
use crate::flatten::run::{EDITION, Source};
use crate::flatten::shuffle::{Stream, shuffled};
use crate::flatten::{Network, Run};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use striate_data::{Dataset, Split};

fn run(data: &Dataset) -> Run {
    Run {
        edition: EDITION,
        data: data.name.clone(),
        data_sha256: data.sha256.clone(),
        network: Network::CnnFlat,
        hidden: vec![64],
        seed: 4,
        train_images: 50,
        passes: 3,
        batch_size: 20,
        learning_rate: 3e-3,
        scrambled: false,
        held_out: None,
        moved_images: 0,
        moves: Vec::new(),
    }
}

/// Its images with their labels.
fn canvases_of(split: &Split) -> Vec<(Vec<u8>, u8)> {
    let images = split.images().unwrap();
    assert_eq!(images.shape(), [1, CANVAS, CANVAS]);
    (0..images.len()).map(|i| (images.sample(i).to_vec(), images.labels[i])).collect()
}

#[test]
fn a_run_learns_from_its_images_and_is_measured_by_others() {
    let digits = few_digits();
    let source = Source::new(&digits).unwrap();
    let all = run(&digits).dataset(&source).unwrap();
    let learned = canvases_of(&all.train);
    let distinct: BTreeSet<_> = learned.iter().collect();
    assert_eq!(
        (learned.len(), distinct.len(), all.test.len()),
        (150, 50, 60),
        "50 images three times, and the test split"
    );
    let test: Vec<u32> = (0..60).collect();
    assert!(all.test.images().unwrap().pixels == canvases(source.test, &test, None).0, "the test split");

    let tuning =
        Run { held_out: Some(40), train_images: 200, passes: 1, ..run(&digits) }.dataset(&source).unwrap();
    let (learned, held_out) = (canvases_of(&tuning.train), canvases_of(&tuning.test));
    assert_eq!((learned.len(), held_out.len()), (200, 40));
    assert!(held_out.iter().all(|image| !learned.contains(image)), "nothing held out is learned from");
    let everything: BTreeSet<_> = canvases_of(&tuning.train).into_iter().chain(held_out).collect();
    assert_eq!(everything.len(), 240, "and all of it is of the training split");

    // Another seed learns from others; the order of the first decides.
    let other = Run { seed: 5, ..run(&digits) }.dataset(&source).unwrap();
    assert!(canvases_of(&other.train) != canvases_of(&all.train), "the seed decides");
}

#[test]
fn scrambling_is_the_same_in_training_and_test_and_another_for_each_seed() {
    let digits = few_digits();
    let source = Source::new(&digits).unwrap();
    let of = |seed| Run { scrambled: true, seed, passes: 1, ..run(&digits) }.dataset(&source).unwrap();
    let (data, order) = (of(4), scrambling(4));
    let learned = shuffled(240, 4, Stream::Training);
    let of_order = canvases(source.train, &learned[..50], Some(&order)).0;
    assert!(data.train.images().unwrap().pixels == of_order, "training");
    let test: Vec<u32> = (0..60).collect();
    assert!(data.test.images().unwrap().pixels == canvases(source.test, &test, Some(&order)).0, "test");
    assert!(of(5).test != data.test, "another seed");
}

#[test]
fn all_moved_images_count_whether_they_were_right_before_or_not() {
    let digits = few_digits();
    let source = Source::new(&digits).unwrap();
    // 150 steps: enough to be right about most digits, and wrong about some.
    let ways = vec![Move::ShiftPx(0), Move::ShiftPx(3), Move::RotateDeg(180)];
    let run = Run { train_images: 240, passes: 12, moved_images: 60, moves: ways, ..run(&digits) };
    let finished = run.execute(&source, &AtomicBool::new(false)).unwrap();
    let [unmoved, shifted, turned] = finished.moved[..] else { panic!("{finished:?}") };
    assert_eq!((finished.parameters, finished.images), (88_490, 60));
    assert!(finished.hits > 30 && finished.hits < 60, "{finished:?}");
    assert_eq!([unmoved.images, shifted.images, turned.images], [60; 3]);
    assert_eq!(unmoved.hits, finished.hits);
    assert!(turned.hits < shifted.hits && shifted.hits < unmoved.hits, "{finished:?}");
}
