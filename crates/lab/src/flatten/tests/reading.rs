use super::made_up::{Figures, cnn_loses, cnn_wins, result};
use crate::flatten::{DatasetResult, Network, reading};
use expect_test::expect;

fn aloud(result: &DatasetResult) -> String {
    reading(result).iter().map(|passage| format!("{}: {}\n", passage.about, passage.text)).collect()
}

#[test]
fn a_cnn_that_wins() {
    expect![[r#"
        How to read this: The pooled CNN averages its last maps, the flat CNN flattens them into linear layers; both MLPs flatten the pixels, and the shift-trained one was trained on shifted images. Means of 5 seeds. Level means that the ranges of the seeds overlap, or that two figures differ by less than two standard errors due to the choice of the test images. Accuracies are over 10,000 test images, or 2,000 of them when shifted or rotated: the same images, moved in the same way, for every network.
        Unmoved: With nothing moved the pooled CNN gets 98.5 % of the test images right, the flat CNN 98.5 %, the MLP 96.0 % and the shift-trained MLP 96.0 %. The pooled CNN and the flat CNN are level, as are the MLP and the shift-trained MLP.
        Shifted: Moved by 6 px, the pooled CNN gets 92.6 % of the test images right, the flat CNN 92.6 %, the MLP 1.0 % and the shift-trained MLP 1.0 %. The pooled CNN and the flat CNN are level, as are the MLP and the shift-trained MLP. The MLP and the shift-trained MLP do no better there than guessing (10.0 %). Moved by 10 px, the pooled CNN gets 88.7 % of the test images right, the flat CNN 88.7 %, the MLP 1.0 % and the shift-trained MLP 1.0 %. The pooled CNN and the flat CNN are level, as are the MLP and the shift-trained MLP. The MLP and the shift-trained MLP do no better there than guessing (10.0 %). Accuracy first falls below 50 % at 3 px for the MLP and at 3 px for the shift-trained MLP; it never falls below 50 % for the pooled CNN and the flat CNN.
        Turned: Turned by 30 degrees, the pooled CNN gets 92.6 % of the test images right, the flat CNN 92.6 %, the MLP 76.8 % and the shift-trained MLP 76.8 %. The pooled CNN and the flat CNN are level, as are the MLP and the shift-trained MLP. Turned by 90 degrees, the pooled CNN gets 80.8 % of the test images right, the flat CNN 80.8 %, the MLP 38.4 % and the shift-trained MLP 38.4 %. The pooled CNN and the flat CNN are level, as are the MLP and the shift-trained MLP. Turned by 180 degrees, the pooled CNN gets 63.0 % of the test images right, the flat CNN 63.0 %, the MLP 1.0 % and the shift-trained MLP 1.0 %. The pooled CNN and the flat CNN are level, as are the MLP and the shift-trained MLP. The MLP and the shift-trained MLP do no better there than guessing (10.0 %). Accuracy first falls below 50 % at 75 degrees for the MLP and at 75 degrees for the shift-trained MLP; it never falls below 50 % for the pooled CNN and the flat CNN.
        Scrambled: With the pixels of every image scrambled in one fixed order, accuracy goes for the pooled CNN from 98.5 % to 90.0 % (8.5 points less), the flat CNN from 98.5 % to 90.0 % (8.5 points less) and the MLP from 96.0 % to 96.0 % (level). With scrambled pixels the MLP gets 96.0 % of the test images right, the pooled CNN 90.0 % and the flat CNN 90.0 %. The pooled CNN and the flat CNN are level.
        Few images: After 100 training images the pooled CNN gets 70.0 % of the test images right, the flat CNN 70.0 %, the MLP 60.0 % and the shift-trained MLP 60.0 %. The pooled CNN and the flat CNN are level, as are the MLP and the shift-trained MLP. Of the numbers tried, the smallest that reaches 80 % is 1,000 for the pooled CNN, 1,000 for the flat CNN, 1,000 for the MLP and 1,000 for the shift-trained MLP. Of the numbers tried, the smallest that reaches 90 % is 1,000 for the pooled CNN, 1,000 for the flat CNN, 60,000 for the MLP and 60,000 for the shift-trained MLP.
        Where flattening wins: What counts is accuracy over all images, moved or not. Against the MLP, the pooled CNN is ahead in 25 of 26 comparisons, level in 0 and behind in 1: scrambled. Against the shift-trained MLP, the pooled CNN is ahead in 25 of 25 comparisons, level in 0 and behind in none. Against the MLP, the flat CNN is ahead in 25 of 26 comparisons, level in 0 and behind in 1: scrambled. Against the shift-trained MLP, the flat CNN is ahead in 25 of 25 comparisons, level in 0 and behind in none.
    "#]].assert_eq(&aloud(&result(5, cnn_wins)));
}

#[test]
fn a_cnn_that_loses_is_said_to_lose() {
    let text = aloud(&result(5, cnn_loses));
    let score = text.lines().last().unwrap();
    expect!["Where flattening wins: What counts is accuracy over all images, moved or not. Against the MLP, the pooled CNN is ahead in 1 of 26 comparisons, level in 0 and behind in 25: unmoved; 1 to 10 px; 15 to 180 degrees; 100 to 1,000 training images. Against the shift-trained MLP, the pooled CNN is ahead in 0 of 25 comparisons, level in 0 and behind in 25: unmoved; 1 to 10 px; 15 to 180 degrees; 100 to 1,000 training images. Against the MLP, the flat CNN is ahead in 1 of 26 comparisons, level in 0 and behind in 25: unmoved; 1 to 10 px; 15 to 180 degrees; 100 to 1,000 training images. Against the shift-trained MLP, the flat CNN is ahead in 0 of 25 comparisons, level in 0 and behind in 25: unmoved; 1 to 10 px; 15 to 180 degrees; 100 to 1,000 training images."].assert_eq(score);
}

#[test]
fn equals_are_level() {
    let same = Figures { clean: 0.97, per_px: 0.05, per_turn: 0.05, scrambled: 0.97, learned: [0.7, 0.9] };
    let text = aloud(&result(3, |_| same));
    assert!(text.contains("ahead in 0 of 26 comparisons, level in 26 and behind in none"), "{text}");
    assert!(text.contains("(level)") && !text.contains("points less"), "{text}");
    assert!(text.contains("The pooled CNN and the flat CNN are level, as are"), "{text}");
}

#[test]
fn overlapping_seeds_are_level_however_many_the_images() {
    // 0.3 points apart, while the seeds reach over 0.8.
    let near = |network: Network| {
        let clean = if network.is_cnn() { 0.973 } else { 0.970 };
        Figures { clean, ..cnn_wins(network) }
    };
    let mut result = result(5, near);
    result.test_images = 1_000_000_000;
    let unmoved = reading(&result)[1].text.clone();
    assert!(unmoved.contains("as are the flat CNN and the MLP"), "{unmoved}");
}

#[test]
fn one_seed_claims_nothing_of_others() {
    let text = aloud(&result(1, cnn_wins));
    assert!(
        text.contains("One seed, so the variation between seeds is unknown. Level means that two"),
        "{text}"
    );
    assert!(!text.contains("ranges of the seeds"), "{text}");
}

#[test]
fn what_comes_back_and_what_is_guessing_are_said() {
    let mut result = result(5, cnn_wins);
    let pooled = &mut result.contenders[0];
    let worse = &mut pooled.shifts[5].accuracy;
    (worse.low, worse.mean, worse.high) = (0.49, 0.5, 0.51);
    let text = aloud(&result);
    assert!(
        text.contains("Not every larger move is worse: the pooled CNN has 50.0 % at 5 px, but 92.6 % at 6."),
        "{text}"
    );
    assert!(
        text.contains("The MLP and the shift-trained MLP do no better there than guessing (10.0 %)."),
        "{text}"
    );
}

/// As on Fashion-MNIST: of the few images that it gets right unmoved a network may lose hardly any, and still be the worst.
#[test]
fn a_network_that_gets_little_right_unmoved_is_no_better_for_losing_little() {
    let worst = Figures { clean: 0.49, per_px: 0.01, per_turn: 0.01, scrambled: 0.4, learned: [0.2, 0.3] };
    let falls = Figures { per_px: 0.07, ..cnn_wins(Network::CnnPooled) };
    let result = result(5, |network| if network == Network::MlpShifts { worst } else { falls });
    let shifted = reading(&result)[2].text.clone();
    expect!["Moved by 6 px, the pooled CNN gets 57.1 % of the test images right, the flat CNN 57.1 %, the MLP 57.1 % and the shift-trained MLP 46.1 %. The pooled CNN and the flat CNN are level, as are the flat CNN and the MLP. Moved by 10 px, the shift-trained MLP gets 44.1 % of the test images right, the pooled CNN 29.5 %, the flat CNN 29.5 % and the MLP 29.5 %. The pooled CNN and the flat CNN are level, as are the flat CNN and the MLP. Accuracy first falls below 50 % at 8 px for the pooled CNN, at 8 px for the flat CNN and at 8 px for the MLP; it is below 50 % even unmoved for the shift-trained MLP."].assert_eq(&shifted);
}
