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

/// Every text with its colour.
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
        <rect x="85" y="140" width="87" height="87" fill="#440154"/>
        <rect x="85" y="52" width="87" height="87" fill="#5cc863"><title>&lt;cat&gt; predicted as &lt;cat&gt;: 3 (75.00 %)</title></rect>
        <text x="128.5" y="100.18" font-size="13" fill="#000000" text-anchor="middle" pointer-events="none">3</text>
        <rect x="173" y="52" width="87" height="87" fill="#3b528b"><title>&lt;cat&gt; predicted as 猫 &amp; dog: 1 (25.00 %)</title></rect>
        <text x="216.5" y="100.18" font-size="13" fill="#ffffff" text-anchor="middle" pointer-events="none">1</text>
        <rect x="173" y="140" width="87" height="87" fill="#fde725"><title>猫 &amp; dog predicted as 猫 &amp; dog: 4 (100.00 %)</title></rect>
        <text x="216.5" y="188.18" font-size="13" fill="#000000" text-anchor="middle" pointer-events="none">4</text>
        <text x="79" y="99.96" font-size="11" fill="#1a1a1a" text-anchor="end" pointer-events="none">&lt;cat&gt;</text>
        <text x="129" y="243" font-size="11" fill="#1a1a1a" text-anchor="middle" pointer-events="none">&lt;cat&gt;</text>
        <text x="79" y="187.96" font-size="11" fill="#1a1a1a" text-anchor="end" pointer-events="none">猫 &amp; dog</text>
        <text x="217" y="243" font-size="11" fill="#1a1a1a" text-anchor="middle" pointer-events="none">猫 &amp; dog</text>
        <text x="173" y="265" font-size="12" fill="#555555" text-anchor="middle" pointer-events="none">predicted class</text>
        <text x="28" y="140" font-size="12" fill="#555555" text-anchor="middle" transform="rotate(-90 28 140)" pointer-events="none">true class</text>
        <rect x="279" y="52" width="12" height="4.02" fill="#fde725"/>
        <rect x="279" y="55.52" width="12" height="4.02" fill="#f1e51d"/>
        <rect x="279" y="59.04" width="12" height="4.02" fill="#e5e419"/>
        <rect x="279" y="62.56" width="12" height="4.02" fill="#d5e21a"/>
        <rect x="279" y="66.08" width="12" height="4.02" fill="#c8e020"/>
        <rect x="279" y="69.6" width="12" height="4.02" fill="#bade28"/>
        <rect x="279" y="73.12" width="12" height="4.02" fill="#addc30"/>
        <rect x="279" y="76.64" width="12" height="4.02" fill="#a0da39"/>
        <rect x="279" y="80.16" width="12" height="4.02" fill="#90d743"/>
        <rect x="279" y="83.68" width="12" height="4.02" fill="#84d44b"/>
        <rect x="279" y="87.2" width="12" height="4.02" fill="#77d153"/>
        <rect x="279" y="90.72" width="12" height="4.02" fill="#6ccd5a"/>
        <rect x="279" y="94.24" width="12" height="4.02" fill="#60ca60"/>
        <rect x="279" y="97.76" width="12" height="4.02" fill="#54c568"/>
        <rect x="279" y="101.28" width="12" height="4.02" fill="#4ac16d"/>
        <rect x="279" y="104.8" width="12" height="4.02" fill="#40bd72"/>
        <rect x="279" y="108.32" width="12" height="4.02" fill="#38b977"/>
        <rect x="279" y="111.84" width="12" height="4.02" fill="#31b57b"/>
        <rect x="279" y="115.36" width="12" height="4.02" fill="#29af7f"/>
        <rect x="279" y="118.88" width="12" height="4.02" fill="#25ab82"/>
        <rect x="279" y="122.4" width="12" height="4.02" fill="#21a685"/>
        <rect x="279" y="125.92" width="12" height="4.02" fill="#1fa187"/>
        <rect x="279" y="129.44" width="12" height="4.02" fill="#1e9d89"/>
        <rect x="279" y="132.96" width="12" height="4.02" fill="#1f978b"/>
        <rect x="279" y="136.48" width="12" height="4.02" fill="#20928c"/>
        <rect x="279" y="140" width="12" height="4.02" fill="#218e8d"/>
        <rect x="279" y="143.52" width="12" height="4.02" fill="#23898e"/>
        <rect x="279" y="147.04" width="12" height="4.02" fill="#25838e"/>
        <rect x="279" y="150.56" width="12" height="4.02" fill="#277f8e"/>
        <rect x="279" y="154.08" width="12" height="4.02" fill="#297a8e"/>
        <rect x="279" y="157.6" width="12" height="4.02" fill="#2b758e"/>
        <rect x="279" y="161.12" width="12" height="4.02" fill="#2d718e"/>
        <rect x="279" y="164.64" width="12" height="4.02" fill="#2f6b8e"/>
        <rect x="279" y="168.16" width="12" height="4.02" fill="#31668e"/>
        <rect x="279" y="171.68" width="12" height="4.02" fill="#34618d"/>
        <rect x="279" y="175.2" width="12" height="4.02" fill="#365c8d"/>
        <rect x="279" y="178.72" width="12" height="4.02" fill="#39568c"/>
        <rect x="279" y="182.24" width="12" height="4.02" fill="#3c508b"/>
        <rect x="279" y="185.76" width="12" height="4.02" fill="#3e4a89"/>
        <rect x="279" y="189.28" width="12" height="4.02" fill="#404588"/>
        <rect x="279" y="192.8" width="12" height="4.02" fill="#423f85"/>
        <rect x="279" y="196.32" width="12" height="4.02" fill="#443983"/>
        <rect x="279" y="199.84" width="12" height="4.02" fill="#46327e"/>
        <rect x="279" y="203.36" width="12" height="4.02" fill="#472c7a"/>
        <rect x="279" y="206.88" width="12" height="4.02" fill="#482576"/>
        <rect x="279" y="210.4" width="12" height="4.02" fill="#481f70"/>
        <rect x="279" y="213.92" width="12" height="4.02" fill="#48186a"/>
        <rect x="279" y="217.44" width="12" height="4.02" fill="#471063"/>
        <rect x="279" y="220.96" width="12" height="4.02" fill="#46085c"/>
        <rect x="279" y="224.48" width="12" height="3.52" fill="#440154"/>
        <text x="296" y="227.96" font-size="11" fill="#555555" pointer-events="none">0 %</text>
        <text x="296" y="143.96" font-size="11" fill="#555555" pointer-events="none">50 %</text>
        <text x="296" y="59.96" font-size="11" fill="#555555" pointer-events="none">100 %</text>
        <text x="279" y="247" font-size="11" fill="#555555" pointer-events="none">of the</text>
        <text x="279" y="261.3" font-size="11" fill="#555555" pointer-events="none">true class</text>
        </svg>
    "##]].assert_eq(&scene.to_svg());
}

#[test]
fn png_colours_each_cell_by_its_share_of_the_row() {
    // 75 % and 25 % in a small row, 100 % in a large one: colours must follow the row, not the count.
    let confusion_matrix = matrix(3, &[(0, 0, 3), (0, 1, 1), (1, 1, 40)]);
    let scene = confusion("", &confusion_matrix, &["a", "b", "c"]).unwrap();
    let layout = Layout::new(&["a", "b", "c"]);
    let pixmap = scene.render(2.0).unwrap();
    assert_eq!(f64::from(pixmap.width()), 2.0 * scene.width_px);
    assert_eq!(f64::from(pixmap.height()), 2.0 * scene.height_px);
    for (label, predicted, want) in [
        (0, 0, viridis(0.75)),
        (0, 1, viridis(0.25)),
        (0, 2, viridis(0.0)),
        (1, 1, viridis(1.0)),
        (1, 0, viridis(0.0)),
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
    assert!(texts.contains(&("90", Rgb::BLACK)) && texts.contains(&("10", Rgb::WHITE)), "{texts:?}");
    assert!(!texts.iter().any(|(text, _)| *text == "0"), "zeros are noise");
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
fn long_names_are_cut_and_kept_whole_in_the_tooltip() {
    let long = "West Highland white terrier, a small breed from Scotland";
    let scene = confusion("", &matrix(1, &[(0, 0, 1)]), &[long]).unwrap();
    let svg = scene.to_svg();
    assert!(svg.contains('…') && svg.contains(&format!("<title>{long}</title>")));
    assert!(scene.width_px < 500.0);
    let long_title = long.repeat(20);
    assert!(confusion(&long_title, &matrix(1, &[]), &["a"]).unwrap().width_px <= 720.0);
}

#[test]
fn no_classes_and_no_images_are_pictures_too() {
    confusion::<&str>("", &Confusion::new(0), &[]).unwrap().to_png(1.0).unwrap();
    confusion("", &Confusion::new(1), &[""]).unwrap().to_png(1.0).unwrap();
    let message = confusion("", &Confusion::new(10), &["a"]).unwrap_err().to_string();
    expect!["class names: expected 10, one a class, got 1; check the model's list of classes"]
        .assert_eq(&message);
}
