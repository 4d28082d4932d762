//! What a run learns from, chooses by, and is judged by.

use super::*;
use crate::ChosenBy;
use expect_test::expect;
use striate_data::Split;

fn split(count: usize, salt: usize) -> Split {
    bars(count, salt).into()
}

/// The pixels of every image.
fn pictures(split: &Split) -> Vec<Vec<u8>> {
    (0..split.len()).map(|i| split.picture(i).unwrap().pixels).collect()
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
            let parts = Parts::new(&train, val, test, &config).unwrap();
            let counts = parts.counts();
            table += &format!(
                "{has}, {val_split}: {} + {} + {:?}, chosen by {}\n",
                counts.train,
                counts.val,
                counts.test,
                counts.chosen_by.name()
            );
            // Nothing is learned that chooses or judges, and nothing judges that chooses, unless it is said.
            let (learned, chooses, judges) =
                (pictures(&parts.train), pictures(&parts.val), pictures(parts.judged()));
            let apart = |a: &[Vec<u8>], b: &[Vec<u8>]| a.iter().all(|picture| !b.contains(picture));
            assert!(apart(&learned, &chooses) && apart(&learned, &judges), "{has}");
            assert_eq!(apart(&chooses, &judges), counts.test.is_some(), "{has}");
            let all = pictures(&train);
            assert!(learned.iter().enumerate().all(|(i, picture)| *picture == all[parts.place(i)]), "{has}");
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
        let parts = Parts::of(&world.data, &FitConfig { seed, ..world.config.clone() }).unwrap();
        assert_eq!(parts.chosen_by, ChosenBy::HeldOut);
        pictures(&parts.val)
    };
    assert_eq!(of_seed(3), of_seed(3));
    assert_ne!(of_seed(3), of_seed(4));
}

/// The same run on other test images is the same run: they neither choose the epoch nor end it.
#[test]
fn what_judges_a_run_decides_nothing_in_it() {
    let run = |salt, val_split| {
        let mut world = World::new();
        world.config = FitConfig { epochs: 8, val_split, patience: Some(3), ..world.config };
        world.data = Dataset::new("bars", world.data.train, bars(40, salt), world.data.classes).unwrap();
        world.finish(None, false)
    };
    let (one, other) = (run(9999, 0.1), run(77, 0.1));
    assert_eq!(one.model.params, other.model.params);
    assert_eq!((one.best_epoch, one.rows.len()), (other.best_epoch, other.rows.len()));
    assert_ne!(one.evaluation.loss, other.evaluation.loss, "though it is judged by others");
    // Where they choose, another epoch may be the best, and its loss is that of the row.
    let chosen = run(9999, 0.0);
    assert_eq!(chosen.evaluation.loss, chosen.rows[chosen.best_epoch - 1].val_loss);
    assert_eq!((chosen.counts.chosen_by, chosen.counts.test), (ChosenBy::Test, None));
}

#[test]
fn one_image_a_class_leaves_nothing_to_hold_out() {
    let mut world = World::new();
    world.data = Dataset::new("single", bars(3, 0), bars(40, 9999), world.data.classes).unwrap();
    let refused = crate::check(&world.job(None, false)).unwrap_err().to_string();
    expect!["none of 3 training images can be held out to choose the best epoch by: every class has but one; add images, or let the test images choose (val_split: 0)"].assert_eq(&refused);
    world.config.val_split = 0.0;
    assert_eq!(world.finish(None, false).counts.train, 3);
}
