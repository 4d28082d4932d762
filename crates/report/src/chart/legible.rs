//! Tests that every chart is legible on awkward inputs: no text overlaps another or leaves the drawing.

use super::{Curves, RateChart, Scene, confusion, curve_panels, curves, rate_search, reliability};
use crate::{Calibration, Confusion};

const LONG: &str = "soft-coated wheaten terrier, long-haired Brabançon griffon and Älvdalen's other hounds";

fn check(what: &str, scene: &Scene) {
    let collisions = scene.collisions();
    assert!(collisions.is_empty(), "{what}: {collisions:#?}");
}

#[test]
fn confusion_matrices() {
    for classes in [1, 2, 3, 10, 30, 31, 100, 1000] {
        for name in ["Åg", LONG] {
            let names: Vec<String> = (0..classes).map(|class| format!("{name} {class}")).collect();
            let mut matrix = Confusion::new(classes);
            for (label, predicted) in [(0, 0), (0, classes - 1), (classes / 2, classes / 3)] {
                (0..1234).for_each(|_| matrix.add(label, predicted).unwrap());
            }
            let title = name.repeat(classes % 7);
            check(&format!("{classes} of {name}"), &confusion(&title, &matrix, &names).unwrap());
        }
    }
}

#[test]
fn training_curves() {
    let series: [&[f64]; 7] = [
        &[1.0],
        &[1e-30, 1e-31],
        &[1e9, 1e99],
        &[0.123456, 0.123457],
        &[f64::NAN, 3.0, f64::INFINITY, 1e5],
        &[1.0; 20_000],
        &[-3.0, 2.0],
    ];
    for train_loss in series {
        for val_loss in series {
            for accuracy in [&[1.0, 0.0][..], &[0.9999, 0.99991], &[0.5]] {
                let all = Curves {
                    title: &LONG.repeat(3),
                    train_loss,
                    val_loss,
                    train_accuracy: accuracy,
                    val_accuracy: &[1.0, 1.0],
                    kept: Some(1),
                };
                check(&format!("{all:.20?}"), &curves(&all));
                curve_panels(&all).iter().for_each(|panel| check("a panel", panel));
            }
        }
    }
}

#[test]
fn searches_for_a_learning_rate() {
    for rates in [&[1e-4_f32, 1e-2][..], &[1e-30, 1e-3, 1e8], &[1.0]] {
        for losses in [&[2.0, 1.0, 5.0][..], &[1e9, 1e-9, 3.0], &[f64::NAN; 3]] {
            for &rate in rates {
                let title = &LONG.repeat(3);
                let chart = RateChart { title, rates, losses, suggestion: Some(rate) };
                check(&format!("{chart:?}"), &rate_search(&chart));
            }
        }
    }
}

#[test]
fn reliability_diagrams() {
    let mut calibration = Calibration::default();
    check("no answers", &reliability(&calibration));
    for i in 0..100 {
        let sure = 0.5 + 0.005 * i as f32;
        calibration.add(&[sure, 1.0 - sure], i % 2).unwrap();
    }
    check("a hundred answers", &reliability(&calibration));
}
