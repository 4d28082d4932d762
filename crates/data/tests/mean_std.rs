//! How bright the images of a data set are.

use striate_data::{Images, mean_std};
use striate_testkit::Sample;

#[test]
fn mean_and_deviation_are_exact() {
    let mut sample = Sample::new(5);
    let pixels: Vec<u8> = (0..7 * 3 * 4 * 5).map(|_| sample.bits() as u8).collect();
    let images = Images::new([3, 4, 5], pixels, vec![0; 7]).unwrap();
    let (mean, std) = mean_std(&images);
    for c in 0..3 {
        let values: Vec<f64> = (0..7)
            .flat_map(|i| images.sample(i)[c * 20..(c + 1) * 20].iter().map(|&v| f64::from(v) / 255.0))
            .collect();
        let expected_mean = values.iter().sum::<f64>() / 140.0;
        let variance = values.iter().map(|v| (v - expected_mean).powi(2)).sum::<f64>() / 140.0;
        assert!((f64::from(mean[c]) - expected_mean).abs() < 1e-7);
        assert!((f64::from(std[c]) - variance.sqrt()).abs() < 1e-7);
    }
    let flat = Images::new([1, 1, 2], vec![51; 4], vec![0; 2]).unwrap();
    assert_eq!(mean_std(&flat), (vec![0.2], vec![1.0]), "a flat channel can still be divided by");
}

#[test]
fn the_presets_are_near_those_of_the_data() {
    let digits = striate_data::load("digits").unwrap();
    let (mean, std) = mean_std(digits.train.images().unwrap());
    assert!((mean[0] - 0.1307).abs() < 0.001 && (std[0] - 0.3081).abs() < 0.001, "{mean:?} {std:?}");
}
