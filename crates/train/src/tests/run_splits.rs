//! What a run learns from, chooses by, and is judged by.

use super::*;
use crate::ChosenBy;
use expect_test::expect;
use striate_data::Split;

fn split(count: usize, salt: usize) -> Split {
    bars(count, salt).into()
}

/// The pixels of every image.
fn images(split: &Split) -> Vec<Vec<u8>> {
    (0..split.len()).map(|i| split.image(i).unwrap().pixels).collect()
}

#[test]
fn each_kind_of_data_set_has_its_own_images_to_choose_and_to_judge_by() {
    let (train, val, test) = (split(90, 0), split(30, 5000), split(40, 9999));
    let mut table = String::new();
    for (has, val, test) in [
        ("train, val, test", Some(&val), Some(&test)),
        ("train, test", None, Some(&test)),
        ("train, val", Some(&val), None),
        ("train", None, None),
    ] {
        for val_split in [0.1, 0.0] {
            let config = FitConfig { val_split, ..FitConfig::default() };
            let splits = RunSplits::new(&train, val, test, &config).unwrap();
            let counts = splits.counts();
            table += &format!(
                "{has}, {val_split}: {} + {} + {:?}, chosen by {}\n",
                counts.train,
                counts.val,
                counts.test,
                counts.chosen_by.name()
            );
            // Nothing is learned that chooses or judges, and nothing judges that chooses, unless it is said.
            let (learned, chooses, judges) =
                (images(&splits.train), images(&splits.val), images(splits.judged()));
            let apart = |a: &[Vec<u8>], b: &[Vec<u8>]| a.iter().all(|image| !b.contains(image));
            assert!(apart(&learned, &chooses) && apart(&learned, &judges), "{has}");
            assert_eq!(apart(&chooses, &judges), counts.test.is_some(), "{has}");
            let all = images(&train);
            assert!(learned.iter().enumerate().all(|(i, image)| *image == all[splits.place(i)]), "{has}");
        }
    }
    expect![[r#"
        train, val, test, 0.1: 90 + 30 + Some(40), chosen by val
        train, val, test, 0: 90 + 30 + Some(40), chosen by val
        train, test, 0.1: 81 + 9 + Some(40), chosen by held_out
        train, test, 0: 90 + 40 + None, chosen by test
        train, val, 0.1: 90 + 30 + None, chosen by val
        train, val, 0: 90 + 30 + None, chosen by val
        train, 0.1: 66 + 6 + Some(18), chosen by held_out
        train, 0: 72 + 18 + None, chosen by test
    "#]]
    .assert_eq(&table);
}

#[test]
fn the_seed_of_the_run_draws_them() {
    let world = World::new();
    let of_seed = |seed| {
        let splits = RunSplits::of(&world.data, &FitConfig { seed, ..world.config.clone() }).unwrap();
        assert_eq!(splits.chosen_by, ChosenBy::HeldOut);
        images(&splits.val)
    };
    assert_eq!(of_seed(3), of_seed(3));
    assert_ne!(of_seed(3), of_seed(4));
}

/// Images whose labels mean nothing, so that no epoch is better than another but by chance.
fn meaningless(count: usize, salt: usize) -> Images {
    let images = bars(count, salt);
    let labels = (0..count).map(|i| ((i + salt).wrapping_mul(2_654_435_761) >> 9) as u8 % 3).collect();
    Images::new(images.shape(), images.pixels, labels).unwrap()
}

/// The same run on other test images is the same run: they neither choose the epoch nor end it.
#[test]
fn what_judges_a_run_decides_nothing_in_it() {
    let run = |salt, val_split, seed| {
        let mut world = World::new();
        world.config = FitConfig { epochs: 12, val_split, seed, patience: Some(4), ..world.config };
        let (train, test) = (meaningless(90, 0), meaningless(40, salt));
        world.data = Dataset::new("bars", train, test, world.data.classes).unwrap();
        world.finish(None, false)
    };
    let is_the_same = |val_split| {
        (0..6).all(|seed| {
            let [one, other] = [9999, 77].map(|salt| run(salt, val_split, seed));
            assert_ne!(one.evaluation.loss, other.evaluation.loss, "they are judged by others");
            one.model.params == other.model.params && one.rows.len() == other.rows.len()
        })
    };
    assert!(is_the_same(0.1));
    // Where they choose, others choose otherwise.
    assert!(!is_the_same(0.0));
    let chosen = run(77, 0.0, 0);
    assert_eq!(chosen.evaluation.loss, chosen.rows[chosen.best_epoch - 1].val_loss);
    assert_eq!((chosen.counts.chosen_by, chosen.counts.test), (ChosenBy::Test, None));
}

#[test]
fn one_image_a_class_leaves_nothing_to_hold_out() {
    let mut world = World::new();
    world.data = Dataset::new("single", bars(3, 0), bars(40, 9999), world.data.classes).unwrap();
    let refused = crate::check(&world.job(None, false)).unwrap_err().to_string();
    expect!["none of 3 training images can be held out to select the best epoch, since every class has only one; add images, or select it on the test images (val_split: 0)"].assert_eq(&refused);
    world.config.val_split = 0.0;
    assert_eq!(world.finish(None, false).counts.train, 3);
}
