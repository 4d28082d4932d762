use super::*;

/// Straight lines in OKLab (Björn Ottosson, 2020) from the neutral over a mid to an end color, the same
/// lightness on both sides: (lightness, chroma, hue in degrees).
fn blue_orange_formula(index: usize) -> [f64; 3] {
    const NEUTRAL: [f64; 3] = [0.976, 0.0, 0.0];
    const BLUE: [[f64; 3]; 2] = [[0.73, 0.11, 245.0], [0.52, 0.14, 253.0]];
    const ORANGE: [[f64; 3]; 2] = [[0.73, 0.135, 62.0], [0.52, 0.13, 50.0]];
    let value = (index as f64 - 127.0) / 127.0;
    let [mid, end] = if value < 0.0 { BLUE } else { ORANGE };
    let lab = |[l, c, h]: [f64; 3]| [l, c * h.to_radians().cos(), c * h.to_radians().sin()];
    let t = 2.0 * value.abs();
    let (from, to, t) = if t <= 1.0 { (lab(NEUTRAL), lab(mid), t) } else { (lab(mid), lab(end), t - 1.0) };
    oklab_to_srgb(std::array::from_fn(|i| from[i] + (to[i] - from[i]) * t))
}

fn oklab_to_srgb([l, a, b]: [f64; 3]) -> [f64; 3] {
    let l_ = (l + 0.3963377774 * a + 0.2158037573 * b).powi(3);
    let m_ = (l - 0.1055613458 * a - 0.0638541728 * b).powi(3);
    let s_ = (l - 0.0894841775 * a - 1.2914855480 * b).powi(3);
    let linear = [
        4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
        -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
        -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
    ];
    linear.map(|c| 255.0 * if c <= 0.0031308 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 })
}

#[test]
fn blue_orange_is_its_formula() {
    for (index, entry) in blue_orange_table().into_iter().enumerate() {
        let exact = blue_orange_formula(index);
        for (got, want) in [entry.r, entry.g, entry.b].into_iter().zip(exact) {
            // 0.51, not 0.5: a libm may round a tie the other way.
            assert!((f64::from(got) - want).abs() <= 0.51, "entry {index}: {entry} against {exact:?}");
        }
    }
}

#[test]
fn blue_orange_is_balanced_about_zero() {
    let table = blue_orange_table();
    for distance in 1..=127 {
        let (below, above) = (table[127 - distance], table[127 + distance]);
        assert!(below.b > below.r && above.r > above.b, "distance {distance}: {below} and {above}");
        let ratio = below.contrast(above);
        assert!(ratio < 1.2, "distance {distance}: {below} and {above} differ in lightness by {ratio}");
    }
    let luminance: Vec<f64> = table.iter().map(|c| c.luminance()).collect();
    assert!(luminance[..=127].is_sorted() && luminance[127..].is_sorted_by(|a, b| a >= b));
}

#[test]
fn viridis_matches_published_values_and_rises_in_lightness() {
    // R's `viridis(5)`: the quarter points, which lie between entries, hence the tolerance of 2.
    let published = [(0, "#440154"), (64, "#3b528b"), (128, "#21918c"), (191, "#5ec962"), (255, "#fde725")];
    for (index, hex) in published {
        let got = viridis_table()[index];
        let want = Rgb::hex(u32::from_str_radix(&hex[1..], 16).unwrap());
        let apart = [got.r.abs_diff(want.r), got.g.abs_diff(want.g), got.b.abs_diff(want.b)];
        assert!(apart.iter().all(|&d| d <= 2), "entry {index}: {got}, published {hex}");
    }
    // Neighbors may swap by rounding to 8 bits, entries four apart may not.
    let luminance = viridis_table().map(Rgb::luminance);
    assert!((4..256).all(|i| luminance[i] > luminance[i - 4]));
}

#[test]
fn values_outside_are_clamped_and_nan_is_missing() {
    let table = blue_orange_table();
    assert_eq!([-1.0, 0.0, 1.0].map(blue_orange), [table[0], table[127], table[254]]);
    assert_eq!(viridis(f64::INFINITY), viridis(1.0));
    assert_eq!(viridis(-3.0), viridis(0.0));
    assert_eq!(blue_orange(f64::NEG_INFINITY), blue_orange(-1.0));
    assert_eq!(viridis(f64::NAN), Rgb::MISSING);
    assert_eq!(blue_orange(f64::NAN), Rgb::MISSING);
    assert!(!viridis_table().contains(&Rgb::MISSING) && !blue_orange_table().contains(&Rgb::MISSING));
}

#[test]
fn ink_reads_on_every_entry() {
    assert!((Rgb::BLACK.contrast(Rgb::WHITE) - 21.0).abs() < 1e-9);
    for color in viridis_table().into_iter().chain(blue_orange_table()).chain([Rgb::MISSING]) {
        let ratio = color.contrast(color.ink());
        assert!(ratio >= 4.5, "{color} with {}: {ratio}", color.ink());
    }
}
