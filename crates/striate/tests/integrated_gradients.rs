//! Integrated gradients against a very fine quadrature, pixel by pixel, on the network that comes along.

use ndarray::{Array3, Array4, ArrayView3, Axis};
use striate::Classifier;
use striate::explain::attribution::{Attribution, Attributor, Path};
use striate::graph::Engine;
use striate::models::shipped;

fn convnet() -> Classifier {
    let shipped = shipped::find("convnet").expect("comes along");
    Classifier::new(shipped.load().expect("a model file"), Engine::new(Some(2)).unwrap()).unwrap()
}

/// Test digit `i`, as the network takes it.
fn digit(model: &Classifier, i: usize) -> Array3<f32> {
    let digits = striate::data::load("digits").expect("inside this program");
    let test = digits.test.images().expect("in memory");
    let mut image = Array4::zeros((1, 1, 28, 28));
    model.preprocess().normalize(&test.pixels[i * 784..][..784], image.as_slice_mut().expect("row-major"));
    image.index_axis_move(Axis(0), 0)
}

fn ask(model: &mut Classifier, image: &ArrayView3<'_, f32>, class: usize, path: Path) -> Attribution {
    let zero = Array3::zeros((1, 28, 28));
    let mut question = Attributor::new(model.session(), *image, class).expect("a digit and a class");
    question.integrated_gradients(&zero.view(), path).expect("a network of numbers")
}

/// The largest difference of a pixel, as a share of the largest pixel.
fn difference(got: &Attribution, want: &Attribution) -> f32 {
    let largest = want.values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    let off = got.values.iter().zip(&want.values).map(|(a, b)| (a - b).abs());
    off.fold(0.0, f32::max) / largest
}

/// Of these the values summed to the logit's rise within a thousandth on the first one or two panels of eight places, while a
/// pixel was off by 5.9 and 7.1 % of the largest: the sum alone is no measure.
#[test]
fn no_pixel_is_far_off() {
    let mut model = convnet();
    let fine = Path { nodes: 2000, panels: 1, ..Path::default() };
    for (i, class) in [(2, 4), (11, 6)] {
        let image = digit(&model, i);
        let want = ask(&mut model, &image.view(), class, fine);
        let got = ask(&mut model, &image.view(), class, Path::default());
        let found = got.refinement.expect("refined");
        let off = difference(&got, &want);
        assert!(off < 0.015, "digit {i}, class {class}: {off} off");
        assert!(found.is_settled() && found.change <= 0.01, "{found:?}");
        assert!(found.gradients <= 4 * 255 && found.gradients.is_multiple_of(4), "{found:?}");
        // A path that may not be refined says how far it is from settled, and it is far.
        let coarse = ask(&mut model, &image.view(), class, Path { panels: 2, ..Path::default() });
        let found = coarse.refinement.expect("refined once");
        assert!(!found.is_settled() && difference(&coarse, &want) > 0.01, "{found:?}");
    }
}
