use super::{few_digits, tiny};
use crate::flatten::{FlattenError, Log, flatten};
use expect_test::expect;
use std::sync::atomic::AtomicBool;
use striate_data::{Dataset, Images};

fn refused(data: &[Dataset]) -> String {
    let mut log = Log::in_memory();
    let result =
        flatten(data, &tiny(), &mut log, 1, &AtomicBool::new(false), &mut |_| panic!("nothing is run"));
    let error: FlattenError = result.unwrap_err();
    assert!(log.finished().is_empty());
    error.to_string()
}

fn of(shape: [usize; 3], train: usize, classes: usize) -> Dataset {
    let images = |n: usize| {
        let pixels = vec![0; n * shape.iter().product::<usize>()];
        Images::new(shape, pixels, (0..n).map(|i| (i % classes) as u8).collect()).unwrap()
    };
    let names = (0..classes).map(|class| class.to_string()).collect();
    Dataset::new("mine", images(train), images(5), names).unwrap()
}

#[test]
fn what_does_not_fit_is_refused_before_anything_runs() {
    let all = [
        refused(&[of([3, 32, 32], 100, 10)]),
        refused(&[of([1, 27, 28], 100, 10)]),
        refused(&[of([1, 28, 28], 59, 10)]),
        refused(&[of([1, 28, 28], 100, 1)]),
        refused(&[few_digits(), few_digits()]),
    ];
    expect![[r#"
        mine: expected gray images of 28x28 pixels, [C, H, W] = [1, 28, 28], got [3, 32, 32]; the canvas and the networks of this experiment have that size; try digits, mnist or fashion-mnist
        mine: expected gray images of 28x28 pixels, [C, H, W] = [1, 28, 28], got [1, 27, 28]; the canvas and the networks of this experiment have that size; try digits, mnist or fashion-mnist
        mine: expected at least 60 training images, got 59; choose a larger data set
        mine: expected at least 2 classes, got 1; choose a larger data set
        few: named twice; name each data set once"#]].assert_eq(&all.join("\n"));
}
