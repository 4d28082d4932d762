use expect_test::expect;
use tiny_skia::Pixmap;

use super::*;

/// Whether the color lies within a pixel of the point.
fn is_near(pixmap: &Pixmap, (x, y): (f64, f64), color: Rgb) -> bool {
    let near = |c: f64| (c.round() as u32).saturating_sub(1)..=c.round() as u32 + 1;
    near(x).any(|x| {
        near(y).any(|y| {
            let pixel = pixmap.pixel(x, y).expect("inside the image").demultiply();
            (pixel.red(), pixel.green(), pixel.blue()) == (color.r, color.g, color.b)
        })
    })
}

fn texts(scene: &Scene) -> Vec<&str> {
    let texts = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn lines_of(scene: &Scene, style: Style) -> usize {
    let is_curve = |shape: &&Shape| matches!(shape, Shape::Polyline { stroke, .. } if *stroke == style.color);
    scene.shapes.iter().filter(is_curve).count()
}

fn dots_of(scene: &Scene, style: Style) -> usize {
    let is_dot = |shape: &&Shape| matches!(shape, Shape::Dot { fill, .. } if *fill == style.color);
    scene.shapes.iter().filter(is_dot).count()
}

#[test]
fn two_epochs() {
    let scene = curves(&Curves {
        title: "net <a> & b",
        train_loss: &[1.0, 0.25],
        val_loss: &[0.8, 0.3],
        train_accuracy: &[0.5, 0.9],
        val_accuracy: &[0.6, 0.875],
        kept: None,
    });
    expect![[r##"
        <svg xmlns="http://www.w3.org/2000/svg" width="960" height="372" viewBox="0 0 960 372" role="img" font-family="DejaVu Sans, Verdana, sans-serif">
        <title>net &lt;a&gt; &amp; b: loss and accuracy over 2 epochs</title>
        <rect width="960" height="372" fill="#ffffff"/>
        <text x="62" y="30" font-size="16" fill="#1a1a1a" pointer-events="none">net &lt;a&gt; &amp; b</text>
        <text x="62" y="68" font-size="13" fill="#1a1a1a" pointer-events="none">loss</text>
        <polyline points="62,316.5 412,316.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="54" y="320.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">0.0</text>
        <polyline points="62,269.5 412,269.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="54" y="273.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">0.2</text>
        <polyline points="62,222.5 412,222.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="54" y="226.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">0.4</text>
        <polyline points="62,175.5 412,175.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="54" y="179.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">0.6</text>
        <polyline points="62,128.5 412,128.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="54" y="132.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">0.8</text>
        <polyline points="62,82.5 412,82.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="54" y="86.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">1.0</text>
        <polyline points="62.5,316.5 62.5,320.5" fill="none" stroke="#555555" stroke-width="1" stroke-linejoin="round"/>
        <text x="62.5" y="335.5" font-size="11" fill="#555555" text-anchor="middle" pointer-events="none">1</text>
        <polyline points="412.5,316.5 412.5,320.5" fill="none" stroke="#555555" stroke-width="1" stroke-linejoin="round"/>
        <text x="412.5" y="335.5" font-size="11" fill="#555555" text-anchor="middle" pointer-events="none">2</text>
        <polyline points="62,316.5 412,316.5" fill="none" stroke="#555555" stroke-width="1" stroke-linejoin="round"/>
        <text x="237" y="356" font-size="12" fill="#555555" text-anchor="middle" pointer-events="none">epoch</text>
        <text x="412" y="68" font-size="12" fill="#1a1a1a" text-anchor="end" pointer-events="none">validation</text>
        <polyline points="322.92,64 346.92,64" fill="none" stroke="#c65102" stroke-width="2" stroke-linejoin="round"/>
        <text x="306.92" y="68" font-size="12" fill="#1a1a1a" text-anchor="end" pointer-events="none">train</text>
        <polyline points="248.99,64 272.99,64" fill="none" stroke="#1f77b4" stroke-width="1.5" stroke-dasharray="5 3" stroke-linejoin="round"/>
        <circle cx="62" cy="82" r="2.5" fill="#1f77b4"/>
        <circle cx="412" cy="257.5" r="2.5" fill="#1f77b4"/>
        <polyline points="62,82 412,257.5" fill="none" stroke="#1f77b4" stroke-width="1.5" stroke-dasharray="5 3" stroke-linejoin="round"/>
        <circle cx="62" cy="128.8" r="2.5" fill="#c65102"/>
        <circle cx="412" cy="245.8" r="2.5" fill="#c65102"/>
        <polyline points="62,128.8 412,245.8" fill="none" stroke="#c65102" stroke-width="2" stroke-linejoin="round"/>
        <text x="420" y="249.11" font-size="11" fill="#c65102" pointer-events="none">0.3000</text>
        <text x="420" y="262.11" font-size="11" fill="#1f77b4" pointer-events="none">0.2500</text>
        <text x="542" y="68" font-size="13" fill="#1a1a1a" pointer-events="none">accuracy (%)</text>
        <polyline points="542,316.5 892,316.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="534" y="320.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">50</text>
        <polyline points="542,257.5 892,257.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="534" y="261.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">60</text>
        <polyline points="542,199.5 892,199.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="534" y="203.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">70</text>
        <polyline points="542,140.5 892,140.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="534" y="144.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">80</text>
        <polyline points="542,82.5 892,82.5" fill="none" stroke="#e4e4e4" stroke-width="1" stroke-linejoin="round"/>
        <text x="534" y="86.46" font-size="11" fill="#555555" text-anchor="end" pointer-events="none">90</text>
        <polyline points="542.5,316.5 542.5,320.5" fill="none" stroke="#555555" stroke-width="1" stroke-linejoin="round"/>
        <text x="542.5" y="335.5" font-size="11" fill="#555555" text-anchor="middle" pointer-events="none">1</text>
        <polyline points="892.5,316.5 892.5,320.5" fill="none" stroke="#555555" stroke-width="1" stroke-linejoin="round"/>
        <text x="892.5" y="335.5" font-size="11" fill="#555555" text-anchor="middle" pointer-events="none">2</text>
        <polyline points="542,316.5 892,316.5" fill="none" stroke="#555555" stroke-width="1" stroke-linejoin="round"/>
        <text x="717" y="356" font-size="12" fill="#555555" text-anchor="middle" pointer-events="none">epoch</text>
        <text x="892" y="68" font-size="12" fill="#1a1a1a" text-anchor="end" pointer-events="none">validation</text>
        <polyline points="802.92,64 826.92,64" fill="none" stroke="#c65102" stroke-width="2" stroke-linejoin="round"/>
        <text x="786.92" y="68" font-size="12" fill="#1a1a1a" text-anchor="end" pointer-events="none">train</text>
        <polyline points="728.99,64 752.99,64" fill="none" stroke="#1f77b4" stroke-width="1.5" stroke-dasharray="5 3" stroke-linejoin="round"/>
        <circle cx="542" cy="316" r="2.5" fill="#1f77b4"/>
        <circle cx="892" cy="82" r="2.5" fill="#1f77b4"/>
        <polyline points="542,316 892,82" fill="none" stroke="#1f77b4" stroke-width="1.5" stroke-dasharray="5 3" stroke-linejoin="round"/>
        <circle cx="542" cy="257.5" r="2.5" fill="#c65102"/>
        <circle cx="892" cy="96.63" r="2.5" fill="#c65102"/>
        <polyline points="542,257.5 892,96.63" fill="none" stroke="#c65102" stroke-width="2" stroke-linejoin="round"/>
        <text x="900" y="85.96" font-size="11" fill="#1f77b4" pointer-events="none">90.00 %</text>
        <text x="900" y="100.59" font-size="11" fill="#c65102" pointer-events="none">87.50 %</text>
        </svg>
    "##]].assert_eq(&scene.to_svg());
}

#[test]
fn png_has_the_curve_where_the_numbers_say() {
    // Axes 0 to 1 and 0 to 100: the lines run from corner to corner.
    let scene = curves(&Curves { val_loss: &[1.0, 0.0], val_accuracy: &[0.0, 1.0], ..Curves::default() });
    for scale in [1.0, 2.0] {
        let pixmap = scene.render(scale).unwrap();
        assert_eq!((pixmap.width(), pixmap.height()), ((960.0 * scale) as u32, (372.0 * scale) as u32));
        let middle = (PLOT_TOP + PLOT_BOTTOM) / 2.0;
        for (x, loss_y, accuracy_y) in
            [(0.0, PLOT_TOP, PLOT_BOTTOM), (0.5, middle, middle), (1.0, PLOT_BOTTOM, PLOT_TOP)]
        {
            for (left, y) in [(LEFT_PLOT_X, loss_y), (RIGHT_PLOT_X, accuracy_y)] {
                let point = ((left + x * PLOT_WIDTH) * scale, y * scale);
                assert!(is_near(&pixmap, point, VALIDATION.color), "nothing at {point:?}, scale {scale}");
            }
        }
        let off_the_curve = ((LEFT_PLOT_X + 0.25 * PLOT_WIDTH) * scale, (PLOT_BOTTOM - 20.0) * scale);
        assert!(!is_near(&pixmap, off_the_curve, VALIDATION.color));
    }
    assert!(scene.to_png(1.0).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
}

#[test]
fn one_epoch_is_a_labeled_dot() {
    let scene = curves(&Curves { train_loss: &[0.25], ..Curves::default() });
    assert_eq!(dots_of(&scene, TRAIN), 1);
    assert_eq!(lines_of(&scene, TRAIN), 1, "only the legend");
    assert!(texts(&scene).contains(&"0.2500"));
    let x = LEFT_PLOT_X + PLOT_WIDTH / 2.0;
    let centered = |shape: &Shape| matches!(shape, Shape::Dot { center, .. } if center.0 == x);
    assert!(scene.shapes.iter().any(centered));
}

#[test]
fn gaps_break_the_line_and_the_last_finite_value_is_labeled() {
    let nan = f64::NAN;
    let train_loss = [3.0, 2.0, nan, 1.5, f64::INFINITY, 1.25, 1.0, nan];
    let scene = curves(&Curves { train_loss: &train_loss, ..Curves::default() });
    assert_eq!(dots_of(&scene, TRAIN), 5);
    assert_eq!(lines_of(&scene, TRAIN), 1 + 2, "the legend and two stretches");
    assert!(texts(&scene).contains(&"1.000"));
    assert!(!scene.to_svg().contains("NaN") && !scene.to_svg().contains("inf"));
    let drawn = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Dot { center, .. } => Some(1.0 + 7.0 * (center.0 - LEFT_PLOT_X) / PLOT_WIDTH),
        _ => None,
    });
    let epochs: Vec<f64> = drawn.map(|epoch| (epoch * 1e6).round() / 1e6).collect();
    assert_eq!(epochs, [1.0, 2.0, 4.0, 6.0, 7.0], "each point stands at its own epoch");
}

#[test]
fn nothing_finite_is_said_so() {
    for series in [&[][..], &[f64::NAN, f64::INFINITY], &[1e300]] {
        let scene = curves(&Curves { train_loss: series, val_loss: series, ..Curves::default() });
        assert_eq!(texts(&scene).iter().filter(|t| **t == "no finite values").count(), 2, "{series:?}");
        scene.render(1.0).unwrap();
    }
}

#[test]
fn a_thousand_epochs_are_a_line_without_dots() {
    let loss: Vec<f64> = (0..1000).map(|i| 1.0 / (1.0 + f64::from(i))).collect();
    let scene = curves(&Curves { val_loss: &loss, ..Curves::default() });
    assert_eq!((dots_of(&scene, VALIDATION), lines_of(&scene, VALIDATION)), (0, 2));
    let points = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Polyline { points, .. } => Some(points.len()),
        _ => None,
    });
    assert_eq!(points.max(), Some(1000));
}

#[test]
fn the_epoch_that_is_kept_is_ringed() {
    let (loss, accuracy) = ([1.0, 0.4, 0.5], [0.5, 0.9, 0.8]);
    let all = Curves { val_loss: &loss, val_accuracy: &accuracy, ..Curves::default() };
    let rings = |kept| -> Vec<(f64, f64)> {
        let scene = curves(&Curves { kept, ..all });
        let ring = |shape: &Shape| match shape {
            Shape::Dot { center, radius: 6.0, .. } => Some(*center),
            _ => None,
        };
        scene.shapes.iter().filter_map(ring).collect()
    };
    let [left, right] = rings(Some(2))[..] else { panic!("one in each plot") };
    assert_eq!((left.0, right.0), (LEFT_PLOT_X + PLOT_WIDTH / 2.0, RIGHT_PLOT_X + PLOT_WIDTH / 2.0));
    let [loss, accuracy] = panels(&all, &[vec![], accuracy.map(|a| 100.0 * a).to_vec()]).map(|panel| {
        y_of(
            &(panel.axis)(
                if panel.name == "loss" { 0.4 } else { 50.0 },
                if panel.name == "loss" { 1.0 } else { 90.0 },
            ),
            panel.series[1].1[1],
        )
    });
    assert_eq!((left.1, right.1), (loss, accuracy));
    assert!(texts(&curves(&Curves { kept: Some(2), ..all })).contains(&"epoch (epoch 2, ringed, was kept)"));
    assert!(rings(None).is_empty() && rings(Some(4)).is_empty(), "an epoch that was not drawn has no mark");
}

#[test]
fn close_last_values_do_not_overlap() {
    let scene = curves(&Curves { train_loss: &[1.0, 0.50], val_loss: &[1.0, 0.51], ..Curves::default() });
    let baseline = |wanted: &str| {
        let found = scene.shapes.iter().find_map(|shape| match shape {
            Shape::Text { text, at, .. } if text == wanted => Some(at.1),
            _ => None,
        });
        found.expect(wanted)
    };
    assert!(baseline("0.5000") - baseline("0.5100") >= TICK_SIZE);
}

#[test]
fn accuracy_stays_within_bounds_and_small_changes_look_small() {
    let perfect = accuracy_axis(100.0, 100.0);
    assert_eq!((perfect.high, perfect.low <= 99.0), (100.0, true));
    let hopeless = accuracy_axis(0.0, 0.0);
    assert_eq!(hopeless.low, 0.0);
    let close = accuracy_axis(98.70, 98.71);
    assert!(close.high - close.low >= 1.0 && close.low <= 98.70 && close.high >= 98.71, "{close:?}");
    // A value above 1 is a caller's mistake, but it must be seen, not hidden.
    assert!(accuracy_axis(50.0, 150.0).high >= 150.0);
}

#[test]
fn loss_labels_carry_about_four_digits() {
    for (value, want) in [
        (0.02371, "0.0237"),
        (2.3456, "2.346"),
        (123.45, "123"),
        (0.000012, "1.20e-5"),
        (0.0, "0.0000"),
        (3e7, "3.00e7"),
    ] {
        assert_eq!(loss_label(value), want);
    }
}

#[test]
fn panels_show_what_the_whole_image_shows() {
    let series = [0.5, 0.25, 0.125];
    let all = Curves {
        title: "net",
        train_loss: &series,
        val_loss: &series,
        train_accuracy: &series,
        val_accuracy: &[],
        kept: Some(3),
    };
    let whole = curves(&all);
    let parts = curve_panels(&all);
    let shapes: usize = parts.iter().map(|part| part.shapes.len()).sum();
    assert_eq!(shapes + 1, whole.shapes.len(), "all but the title");
    for part in &parts {
        let names = texts(part);
        assert!(names.contains(&"epoch (epoch 3, ringed, was kept)"), "{names:?}");
        for shape in &part.shapes {
            if let Shape::Text { at: (x, y), .. } = shape {
                assert!((0.0..part.width_px).contains(x) && (0.0..part.height_px).contains(y), "{shape:?}");
            }
        }
    }
    assert!(texts(&parts[0]).contains(&"loss") && texts(&parts[1]).contains(&"accuracy (%)"));
}
