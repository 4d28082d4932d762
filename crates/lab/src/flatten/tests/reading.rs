use super::made_up::{Figures, cnn_loses, cnn_wins, part};
use crate::flatten::{Network, Part, reading};
use expect_test::expect;

fn aloud(part: &Part) -> String {
    reading(part).iter().map(|passage| format!("{}: {}\n", passage.about, passage.text)).collect()
}

#[test]
fn a_cnn_that_wins() {
    expect![[r#"
        How to read this: The pooled CNN averages its last maps, the flat CNN flattens them into linear layers; both MLPs flatten the pixels, and the shift-trained one saw its training pictures moved. Means of 5 seeds. Level means that the ranges of the seeds overlap, or that two figures differ by less than two standard errors of what the choice of the test images brings. Accuracies are over 10,000 test images; what is kept after a move is a share of those images among 2,000 that the same network read unmoved.
        Unmoved: With nothing moved the pooled CNN reads 98.5 % of the test images, the flat CNN 98.5 %, the MLP 96.0 % and the shift-trained MLP 96.0 %. Level are the pooled CNN and the flat CNN; the MLP and the shift-trained MLP.
        Shifted: Moved by 6 px, the pooled CNN keeps 94.0 % of what it read unmoved, the flat CNN 94.0 %, the MLP 1.0 % and the shift-trained MLP 1.0 %. Level are the pooled CNN and the flat CNN; the MLP and the shift-trained MLP. The MLP and the shift-trained MLP do no better there than guessing (10.0 %). Moved by 10 px, the pooled CNN keeps 90.0 % of what it read unmoved, the flat CNN 90.0 %, the MLP 1.0 % and the shift-trained MLP 1.0 %. Level are the pooled CNN and the flat CNN; the MLP and the shift-trained MLP. The MLP and the shift-trained MLP do no better there than guessing (10.0 %). More than half is first lost at 3 px by the MLP and at 3 px by the shift-trained MLP; never by the pooled CNN and the flat CNN.
        Turned: Turned by 30 degrees, the pooled CNN keeps 94.0 % of what it read unmoved, the flat CNN 94.0 %, the MLP 80.0 % and the shift-trained MLP 80.0 %. Level are the pooled CNN and the flat CNN; the MLP and the shift-trained MLP. Turned by 90 degrees, the pooled CNN keeps 82.0 % of what it read unmoved, the flat CNN 82.0 %, the MLP 40.0 % and the shift-trained MLP 40.0 %. Level are the pooled CNN and the flat CNN; the MLP and the shift-trained MLP. Turned by 180 degrees, the pooled CNN keeps 64.0 % of what it read unmoved, the flat CNN 64.0 %, the MLP 1.0 % and the shift-trained MLP 1.0 %. Level are the pooled CNN and the flat CNN; the MLP and the shift-trained MLP. The MLP and the shift-trained MLP do no better there than guessing (10.0 %). More than half is first lost at 90 degrees by the MLP and at 90 degrees by the shift-trained MLP; never by the pooled CNN and the flat CNN.
        Scrambled: With the pixels of every image scrambled in one fixed order, accuracy goes for the pooled CNN from 98.5 % to 90.0 % (8.5 points less), the flat CNN from 98.5 % to 90.0 % (8.5 points less) and the MLP from 96.0 % to 96.0 % (level). With scrambled pixels the MLP reads 96.0 % of the test images, the pooled CNN 90.0 % and the flat CNN 90.0 %. Level are the pooled CNN and the flat CNN.
        Few images: After 100 training images the pooled CNN reads 70.0 % of the test images, the flat CNN 70.0 %, the MLP 60.0 % and the shift-trained MLP 60.0 %. Level are the pooled CNN and the flat CNN; the MLP and the shift-trained MLP. Of the numbers tried, the least that brings 80 % is 1,000 with the pooled CNN, 1,000 with the flat CNN, 1,000 with the MLP and 1,000 with the shift-trained MLP. Of the numbers tried, the least that brings 90 % is 1,000 with the pooled CNN, 1,000 with the flat CNN, 60,000 with the MLP and 60,000 with the shift-trained MLP.
        Where flattening wins: Counted is accuracy over all images, moved or not. Against the MLP, the pooled CNN is ahead in 25 of 26 comparisons, level in 0 and behind in 1: scrambled. Against the shift-trained MLP, the pooled CNN is ahead in 25 of 25 comparisons, level in 0 and behind in none. Against the MLP, the flat CNN is ahead in 25 of 26 comparisons, level in 0 and behind in 1: scrambled. Against the shift-trained MLP, the flat CNN is ahead in 25 of 25 comparisons, level in 0 and behind in none.
    "#]].assert_eq(&aloud(&part(5, cnn_wins)));
}

#[test]
fn a_cnn_that_loses_is_said_to_lose() {
    let text = aloud(&part(5, cnn_loses));
    let score = text.lines().last().unwrap();
    expect!["Where flattening wins: Counted is accuracy over all images, moved or not. Against the MLP, the pooled CNN is ahead in 1 of 26 comparisons, level in 0 and behind in 25: unmoved; 1 to 10 px; 15 to 180 degrees; 100 to 1,000 training images. Against the shift-trained MLP, the pooled CNN is ahead in 0 of 25 comparisons, level in 0 and behind in 25: unmoved; 1 to 10 px; 15 to 180 degrees; 100 to 1,000 training images. Against the MLP, the flat CNN is ahead in 1 of 26 comparisons, level in 0 and behind in 25: unmoved; 1 to 10 px; 15 to 180 degrees; 100 to 1,000 training images. Against the shift-trained MLP, the flat CNN is ahead in 0 of 25 comparisons, level in 0 and behind in 25: unmoved; 1 to 10 px; 15 to 180 degrees; 100 to 1,000 training images."].assert_eq(score);
}

#[test]
fn equals_are_level() {
    let same = Figures { clean: 0.97, per_px: 0.05, per_turn: 0.05, scrambled: 0.97, learned: [0.7, 0.9] };
    let text = aloud(&part(3, |_| same));
    assert!(text.contains("ahead in 0 of 26 comparisons, level in 26 and behind in none"), "{text}");
    assert!(text.contains("(level)") && !text.contains("points less"), "{text}");
    assert!(text.contains("Level are the pooled CNN and the flat CNN"), "{text}");
}

#[test]
fn overlapping_seeds_are_level_however_many_the_images() {
    // 0.3 points apart, while the seeds reach over 0.8.
    let near = |network: Network| {
        let clean = if network.is_cnn() { 0.973 } else { 0.970 };
        Figures { clean, ..cnn_wins(network) }
    };
    let mut part = part(5, near);
    part.test_images = 1_000_000_000;
    let unmoved = reading(&part)[1].text.clone();
    assert!(unmoved.contains("Level are") && unmoved.contains("the flat CNN and the MLP"), "{unmoved}");
}

#[test]
fn one_seed_claims_nothing_of_others() {
    let text = aloud(&part(1, cnn_wins));
    assert!(
        text.contains("One seed, so nothing is known of what another would bring. Level means that two"),
        "{text}"
    );
    assert!(!text.contains("ranges of the seeds"), "{text}");
}

#[test]
fn what_comes_back_and_what_is_guessing_are_said() {
    let mut part = part(5, cnn_wins);
    let pooled = &mut part.contenders[0];
    pooled.shifts[5].kept.mean = 0.5;
    (pooled.shifts[5].kept.low, pooled.shifts[5].kept.high) = (0.49, 0.51);
    let text = aloud(&part);
    assert!(
        text.contains(
            "Not every larger move is worse: the pooled CNN keeps 50.0 % at 5 px, but 94.0 % at 6."
        ),
        "{text}"
    );
    assert!(
        text.contains("The MLP and the shift-trained MLP do no better there than guessing (10.0 %)."),
        "{text}"
    );
}
