use expect_test::expect;

use super::*;

fn matrix(classes: usize, pairs: &[(usize, usize, usize)]) -> Confusion {
    let mut confusion = Confusion::new(classes);
    for &(label, predicted, count) in pairs {
        for _ in 0..count {
            confusion.add(label, predicted).unwrap();
        }
    }
    confusion
}

/// Every text with its color.
fn texts(scene: &Scene) -> Vec<(&str, Rgb)> {
    let texts = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { text, fill, .. } => Some((text.as_str(), *fill)),
        _ => None,
    });
    texts.collect()
}

#[test]
fn two_classes() {
    let scene =
        confusion("net", &matrix(2, &[(0, 0, 3), (0, 1, 1), (1, 1, 4)]), &["<cat>", "猫 & dog"]).unwrap();
    expect![[r##"
        <svg xmlns="http://www.w3.org/2000/svg" width="361" height="287" viewBox="0 0 361 287" role="img" font-family="DejaVu Sans, Verdana, sans-serif">
        <title>confusion matrix, net · accuracy 87.50 % (7 of 8)</title>
        <rect width="361" height="287" fill="#ffffff"/>
        <text x="16" y="30" font-size="16" fill="#1a1a1a" pointer-events="none">net · accuracy 87.50 % (7 of 8)</text>
        <rect x="85" y="140" width="87" height="87" fill="#f7f7f7"/>
        <rect x="85" y="52" width="87" height="87" fill="#dcdfe4"><title>&lt;cat&gt; predicted as &lt;cat&gt;: 3 (75.00 %)</title></rect>
        <text x="128.5" y="100.18" font-size="13" fill="#000000" text-anchor="middle" pointer-events="none">3</text>
        <rect x="173" y="52" width="87" height="87" fill="#a24e10"><title>&lt;cat&gt; predicted as 猫 &amp; dog: 1 (25.00 %)</title></rect>
        <text x="216.5" y="100.18" font-size="13" fill="#ffffff" text-anchor="middle" pointer-events="none">1</text>
        <rect x="173" y="140" width="87" height="87" fill="#dcdfe4"><title>猫 &amp; dog predicted as 猫 &amp; dog: 4 (100.00 %)</title></rect>
        <text x="216.5" y="188.18" font-size="13" fill="#000000" text-anchor="middle" pointer-events="none">4</text>
        <text x="79" y="99.96" font-size="11" fill="#1a1a1a" text-anchor="end" pointer-events="none">&lt;cat&gt;</text>
        <text x="129" y="243" font-size="11" fill="#1a1a1a" text-anchor="middle" pointer-events="none">&lt;cat&gt;</text>
        <text x="79" y="187.96" font-size="11" fill="#1a1a1a" text-anchor="end" pointer-events="none">猫 &amp; dog</text>
        <text x="217" y="243" font-size="11" fill="#1a1a1a" text-anchor="middle" pointer-events="none">猫 &amp; dog</text>
        <text x="173" y="265" font-size="12" fill="#555555" text-anchor="middle" pointer-events="none">predicted class</text>
        <text x="28" y="140" font-size="12" fill="#555555" text-anchor="middle" transform="rotate(-90 28 140)" pointer-events="none">true class</text>
        <rect x="279" y="53" width="12" height="12" fill="#dcdfe4"/>
        <text x="296" y="63" font-size="11" fill="#555555" pointer-events="none">right</text>
        <text x="279" y="78.4" font-size="11" fill="#555555" pointer-events="none"></text>
        <text x="279" y="93.8" font-size="11" fill="#555555" pointer-events="none">mistakes,</text>
        <text x="279" y="109.2" font-size="11" fill="#555555" pointer-events="none">of the</text>
        <text x="279" y="124.6" font-size="11" fill="#555555" pointer-events="none">true class:</text>
        <text x="279" y="140" font-size="11" fill="#555555" pointer-events="none"></text>
        <rect x="279" y="134.5" width="12" height="2.36" fill="#a24e10"/>
        <rect x="279" y="136.36" width="12" height="2.36" fill="#a45012"/>
        <rect x="279" y="138.22" width="12" height="2.36" fill="#a65214"/>
        <rect x="279" y="140.08" width="12" height="2.36" fill="#a85416"/>
        <rect x="279" y="141.94" width="12" height="2.36" fill="#aa5618"/>
        <rect x="279" y="143.8" width="12" height="2.36" fill="#ac581a"/>
        <rect x="279" y="145.66" width="12" height="2.36" fill="#ae5b1b"/>
        <rect x="279" y="147.52" width="12" height="2.36" fill="#b15e1e"/>
        <rect x="279" y="149.38" width="12" height="2.36" fill="#b3601f"/>
        <rect x="279" y="151.24" width="12" height="2.36" fill="#b56221"/>
        <rect x="279" y="153.1" width="12" height="2.36" fill="#b76423"/>
        <rect x="279" y="154.96" width="12" height="2.36" fill="#b96624"/>
        <rect x="279" y="156.82" width="12" height="2.36" fill="#bc6826"/>
        <rect x="279" y="158.68" width="12" height="2.36" fill="#be6b27"/>
        <rect x="279" y="160.54" width="12" height="2.36" fill="#c06d29"/>
        <rect x="279" y="162.4" width="12" height="2.36" fill="#c26f2b"/>
        <rect x="279" y="164.26" width="12" height="2.36" fill="#c4712c"/>
        <rect x="279" y="166.12" width="12" height="2.36" fill="#c6732e"/>
        <rect x="279" y="167.98" width="12" height="2.36" fill="#c8752f"/>
        <rect x="279" y="169.84" width="12" height="2.36" fill="#ca7831"/>
        <rect x="279" y="171.7" width="12" height="2.36" fill="#cc7a32"/>
        <rect x="279" y="173.56" width="12" height="2.36" fill="#cf7d35"/>
        <rect x="279" y="175.42" width="12" height="2.36" fill="#d17f36"/>
        <rect x="279" y="177.28" width="12" height="2.36" fill="#d38138"/>
        <rect x="279" y="179.14" width="12" height="2.36" fill="#d58439"/>
        <rect x="279" y="181" width="12" height="2.36" fill="#d7863b"/>
        <rect x="279" y="182.86" width="12" height="2.36" fill="#d9883c"/>
        <rect x="279" y="184.72" width="12" height="2.36" fill="#dc8a3e"/>
        <rect x="279" y="186.58" width="12" height="2.36" fill="#de8c3f"/>
        <rect x="279" y="188.44" width="12" height="2.36" fill="#e08f41"/>
        <rect x="279" y="190.3" width="12" height="2.36" fill="#e29142"/>
        <rect x="279" y="192.16" width="12" height="2.36" fill="#e49345"/>
        <rect x="279" y="194.02" width="12" height="2.36" fill="#e5974c"/>
        <rect x="279" y="195.88" width="12" height="2.36" fill="#e59a53"/>
        <rect x="279" y="197.74" width="12" height="2.36" fill="#e69d5a"/>
        <rect x="279" y="199.6" width="12" height="2.36" fill="#e8a263"/>
        <rect x="279" y="201.46" width="12" height="2.36" fill="#e8a569"/>
        <rect x="279" y="203.32" width="12" height="2.36" fill="#e9a96f"/>
        <rect x="279" y="205.18" width="12" height="2.36" fill="#eaac75"/>
        <rect x="279" y="207.04" width="12" height="2.36" fill="#ebaf7a"/>
        <rect x="279" y="208.9" width="12" height="2.36" fill="#ebb280"/>
        <rect x="279" y="210.76" width="12" height="2.36" fill="#ecb586"/>
        <rect x="279" y="212.62" width="12" height="2.36" fill="#edb98b"/>
        <rect x="279" y="214.48" width="12" height="2.36" fill="#eebc91"/>
        <rect x="279" y="216.34" width="12" height="2.36" fill="#eebf96"/>
        <rect x="279" y="218.2" width="12" height="2.36" fill="#efc29c"/>
        <rect x="279" y="220.06" width="12" height="2.36" fill="#f0c5a1"/>
        <rect x="279" y="221.92" width="12" height="2.36" fill="#f0c8a7"/>
        <rect x="279" y="223.78" width="12" height="2.36" fill="#f1cdaf"/>
        <rect x="279" y="225.64" width="12" height="1.86" fill="#f2d0b4"/>
        <text x="296" y="142.46" font-size="11" fill="#555555" pointer-events="none">25.00 %</text>
        <text x="296" y="227.46" font-size="11" fill="#555555" pointer-events="none">0 %</text>
        </svg>
    "##]].assert_eq(&scene.to_svg());
}

#[test]
fn png_colors_each_mistake_by_its_share_of_the_row() {
    // A quarter of a small row, half of a large one: colors must follow the row, not the count.
    let confusion_matrix = matrix(3, &[(0, 0, 3), (0, 1, 1), (1, 1, 20), (1, 2, 20)]);
    let scene = confusion("", &confusion_matrix, &["a", "b", "c"]).unwrap();
    let layout = Layout::new(&["a", "b", "c"]);
    let pixmap = scene.render(2.0).unwrap();
    assert_eq!(f64::from(pixmap.width()), 2.0 * scene.width_px);
    assert_eq!(f64::from(pixmap.height()), 2.0 * scene.height_px);
    for (label, predicted, want) in [
        (0, 0, RIGHT),
        (0, 1, mistake(0.25 / 0.5)),
        (0, 2, BLANK),
        (1, 1, RIGHT),
        (1, 0, BLANK),
        (1, 2, mistake(1.0)),
        (2, 0, Rgb::MISSING),
        (2, 2, Rgb::MISSING),
    ] {
        // Near the cell's corner, beside the count.
        let (x, y) = (2.0 * layout.x(predicted) + 6.0, 2.0 * layout.y(label) + 6.0);
        let pixel = pixmap.pixel(x as u32, y as u32).unwrap();
        let got = Rgb { r: pixel.red(), g: pixel.green(), b: pixel.blue() };
        assert_eq!(got, want, "cell {label}, {predicted}");
    }
}

#[test]
fn counts_are_written_in_ink_that_reads() {
    let scene = confusion("", &matrix(2, &[(0, 0, 90), (0, 1, 10), (1, 1, 5)]), &["a", "b"]).unwrap();
    let texts = texts(&scene);
    assert!(texts.contains(&("90", Rgb::BLACK)) && texts.contains(&("10", mistake(1.0).ink())), "{texts:?}");
    assert!(!texts.iter().any(|(text, _)| *text == "0"), "zeros are noise");
}

/// A model that is almost always right: what it mixed up is what one sees.
#[test]
fn one_mistake_in_a_thousand_stands_out() {
    let almost = matrix(2, &[(0, 0, 999), (0, 1, 1), (1, 1, 1000)]);
    let scene = confusion("", &almost, &["a", "b"]).unwrap();
    let cells: Vec<Rgb> = scene
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Rect { fill, width, .. } if *width > 80.0 => Some(*fill),
            _ => None,
        })
        .collect();
    // Right answers and blanks have no color, and the mistake as much as there is.
    let gray = |c: &Rgb| c.r.abs_diff(c.b) <= 8 && c.r.abs_diff(c.g) <= 8;
    assert_eq!(cells.iter().filter(|cell| gray(cell)).count(), 3, "{cells:?}");
    assert!(cells.contains(&blue_orange(1.0)));
    assert!(texts(&scene).iter().any(|(text, _)| *text == "0.10 %"), "the scale ends at the largest share");
    // Of a scale of one mistake, also the rarest of many classes is no blank.
    assert!(mistake(0.0).contrast(BLANK) > 1.15, "{}", mistake(0.0).contrast(BLANK));
    let perfect = confusion("", &matrix(2, &[(0, 0, 3), (1, 1, 3)]), &["a", "b"]).unwrap();
    assert!(!texts(&perfect).iter().any(|(text, _)| text.contains("mistakes")), "no scale of nothing");
}

#[test]
fn the_title_says_the_accuracy() {
    let title = |confusion: &Confusion| headline("net on data", confusion);
    expect!["net on data · accuracy 99.00 % (1,980 of 2,000)"]
        .assert_eq(&title(&matrix(2, &[(0, 0, 1980), (1, 0, 20)])));
    expect!["net on data · accuracy – (0 of 0)"].assert_eq(&title(&Confusion::new(2)));
}

#[test]
fn wide_counts_shrink_to_their_cells() {
    let mut names = Vec::new();
    let mut pairs = Vec::new();
    for class in 0..30 {
        names.push(class.to_string());
        pairs.push((class, class, 12_345));
    }
    let confusion_matrix = matrix(30, &pairs);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let layout = Layout::new(&names);
    let size = count_size(&layout, &confusion_matrix);
    assert!(size >= 5.0 && font::width_px("12345", size) <= layout.cell - 4.0, "{size}");
    let scene = confusion("", &confusion_matrix, &names).unwrap();
    assert_eq!(texts(&scene).iter().filter(|(text, _)| *text == "12345").count(), 30);
}

#[test]
fn beyond_thirty_classes_there_are_no_counts_and_every_name_has_room() {
    for classes in [31, 100, 1000, 4000] {
        let names: Vec<String> = (0..classes).map(|class| format!("n{class}")).collect();
        let scene = confusion("", &matrix(classes, &[(1, 2, 77), (2, 2, 1)]), &names).unwrap();
        let texts = texts(&scene);
        assert!(!texts.iter().any(|(text, _)| *text == "77"), "{classes}");
        let shown = texts.iter().filter(|(text, _)| text.starts_with('n') && *text != "no images").count();
        assert!((20..=160).contains(&shown), "{shown} names at {classes} classes");
        assert!(scene.width_px < 1300.0 && scene.height_px < 1300.0, "{classes}");
        assert!(scene.shapes.len() < classes + 300, "{classes}: empty cells cost nothing");
    }
}

#[test]
fn long_names_are_whole_and_endless_ones_whole_in_the_tooltip() {
    let long = "West Highland white terrier, a small breed from Scotland";
    let scene = confusion("", &matrix(1, &[(0, 0, 1)]), &[long]).unwrap();
    assert!(texts(&scene).iter().filter(|(text, _)| *text == long).count() == 2, "below and beside");
    let endless = format!("{long}; {long}");
    let scene = confusion("", &matrix(1, &[(0, 0, 1)]), &[&endless]).unwrap();
    let svg = scene.to_svg();
    assert!(svg.contains('…') && svg.contains(&format!("<title>{endless}</title>")));
    assert!(scene.width_px < 700.0);
    let long_title = long.repeat(20);
    assert!(confusion(&long_title, &matrix(1, &[]), &["a"]).unwrap().width_px <= 720.0);
}

#[test]
fn no_classes_and_no_images_are_images_too() {
    confusion::<&str>("", &Confusion::new(0), &[]).unwrap().to_png(1.0).unwrap();
    confusion("", &Confusion::new(1), &[""]).unwrap().to_png(1.0).unwrap();
    let message = confusion("", &Confusion::new(10), &["a"]).unwrap_err().to_string();
    expect!["class names: expected 10, one per class, got 1; check the model's list of classes"]
        .assert_eq(&message);
}
