use proptest::prelude::*;

use super::*;
use crate::Comparison;
use crate::answer::{Answer, worst};
use crate::chart::Curves;
use crate::{Calibration, Confusion, Thumbnail};

const HOSTILE: [&str; 6] = [
    "<img src=x onerror=alert(1)>",
    "</title></svg></style><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "&lt;b&gt; & 'quotes'",
    "\u{202e}gnp.exe\u{0}\x1b[31m",
    "שלום 猫 Straße",
];

fn names(classes: usize) -> Vec<String> {
    (0..classes).map(|i| format!("{} {i}", HOSTILE[i % HOSTILE.len()])).collect()
}

/// Every part of a page, filled from `images` answers that are wrong every third time.
fn full(classes: &[String], images: usize) -> String {
    let n = classes.len();
    let (mut confusion, mut calibration, mut answers) =
        (Confusion::new(n), Calibration::default(), Vec::new());
    for i in 0..images {
        let (label, predicted) = (i % n, if i % 3 == 0 { (i * 7 + 1) % n } else { i % n });
        let mut probabilities = vec![0.3 / n as f32; n];
        probabilities[predicted] += 0.7;
        confusion.add(label, predicted).unwrap();
        calibration.add(&probabilities, label).unwrap();
        answers.push(Answer::new(&probabilities, label));
    }
    let image = Thumbnail::new(2, 2, 3, &[90; 12], 96).unwrap();
    let mistake = |i: usize| Mistake {
        image: image.clone(),
        name: format!("{}/{i}.png", HOSTILE[i % HOSTILE.len()]),
        label: answers[i].label as usize,
        predicted: answers[i].predicted as usize,
        probability: answers[i].probability.into(),
        label_probability: answers[i].label_probability.into(),
    };
    let series = [0.9, 0.4, 0.2];
    let mut page = Page::new(HOSTILE[1], classes, &confusion);
    page.subtitle = HOSTILE[0].into();
    page.top5_hits = Some(images as u64);
    page.calibration = Some(&calibration);
    page.curves = Some(Curves {
        title: HOSTILE[0],
        train_loss: &series,
        val_loss: &series,
        train_accuracy: &series,
        val_accuracy: &series,
        kept: Some(2),
    });
    page.comparisons = vec![Comparison { name: HOSTILE[0].into(), hits: 1, images: images as u64 }];
    page.mistakes = worst(&answers).into_iter().take(12).map(mistake).collect();
    page.mistakes.iter_mut().for_each(|mistake| mistake.label_probability = 2e-7);
    page.notes = HOSTILE.map(String::from).to_vec();
    page.facts = vec![("data", HOSTILE[2].into()), ("empty", String::new())];
    page.commands = vec![HOSTILE[1].into(), HOSTILE[0].into()];
    page.beside = Some((HOSTILE[2].into(), "The report of the run"));
    page.to_html().unwrap()
}

/// The page as a browser would cut it: no element that was not ours, every attribute closed.
fn check(html: &str) {
    for bad in ["<script", "<img src=x", "<b>", "<0", "onmouseover=\"", "\u{202e}", "\0", "\x1b"] {
        assert!(!html.contains(bad), "{bad:?} survived");
    }
    // Nothing is loaded: the only addresses are the name of SVG, which is none, and images inside the page.
    let html = &html.replace("http://www.w3.org/2000/svg", "");
    assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("=\"//"), "an address");
    for (at, _) in html.match_indices("src=") {
        assert!(html[at..].starts_with("src=\"data:image/png;base64,") || html[..at].ends_with("&lt;img "));
    }
    assert!(!html.contains("url(") && !html.contains("@import"));
    for tag in ["figure", "table", "tbody", "svg", "ul", "li", "dl", "main", "bdi", "details", "div", "p"] {
        let opened = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "<{tag}> is not balanced");
    }
}

#[test]
fn hostile_names_stay_text_whatever_the_number_of_classes() {
    for classes in [1, 2, 6, 31, 100] {
        let html = full(&names(classes), 300);
        check(&html);
        assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"), "{classes} classes");
        // Of one class there are no mistakes.
        assert!(classes == 1 || html.contains("&lt;0.01 %"), "{classes} classes");
        assert!(html.contains("Content-Security-Policy") && html.contains("default-src 'none'"));
    }
}

#[test]
fn it_says_the_numbers() {
    let classes = ["cat", "dog"].map(String::from);
    let mut confusion = Confusion::new(2);
    for (label, predicted) in [(0, 0), (0, 0), (0, 1), (1, 1)] {
        confusion.add(label, predicted).unwrap();
    }
    let mut page = Page::new("pets", &classes, &confusion);
    page.comparisons = vec![Comparison { name: "raw pixels".into(), hits: 1, images: 4 }];
    let html = page.to_html().unwrap();
    check(&html);
    for said in ["75.00 %", "95 % interval 30.1 to 95.4 %", "75.00 % (3 of 4)", "25.00 % (1 of 4)"] {
        assert!(html.contains(said), "{said}");
    }
    // What was not measured is not on the page.
    for absent in ["Training", "ECE", "Worst mistakes", "Provenance", "Top-5"] {
        assert!(!html.contains(absent), "{absent}");
    }
    assert!(
        html.contains("<bdi>cat</bdi></td><td class=\"name left\"><bdi>dog</bdi></td><td>1</td><td>33.33 %")
    );
}

#[test]
fn commands_stand_one_below_the_other_and_a_page_links_to_another() {
    let classes = ["a".to_string()];
    let confusion = Confusion::new(1);
    let mut page = Page::new("x", &classes, &confusion);
    page.commands = vec!["striate train pets".into(), "striate val runs/train others".into()];
    page.beside = Some(("my report?.html".into(), "The report of the run"));
    let html = page.to_html().unwrap();
    check(&html);
    assert!(
        html.contains("<pre>striate train pets</pre>\n<pre>striate val runs/train others</pre>"),
        "{html}"
    );
    assert!(html.contains("<a href=\"./my%20report%3F.html\">The report of the run</a>"), "{html}");
}

#[test]
fn many_classes_show_the_hardest_first_and_all_on_demand() {
    let classes: Vec<String> = (0..40).map(|i| format!("class-{i}")).collect();
    let mut confusion = Confusion::new(40);
    (0..40).for_each(|i| confusion.add(i, if i == 33 { 0 } else { i }).unwrap());
    let html = Page::new("many", &classes, &confusion).to_html().unwrap();
    check(&html);
    let (_, table) = html.split_once("15 classes with the lowest recall").unwrap();
    let first = table.split("<bdi>").nth(1).unwrap();
    assert!(first.starts_with("class-33<"), "{first}");
    assert!(table.contains("<details><summary>All 40 classes</summary>"));
}

#[test]
fn an_empty_evaluation_is_a_page_without_numbers() {
    let classes = ["a".to_string()];
    let html = Page::new("", &classes, &Confusion::new(1)).to_html().unwrap();
    check(&html);
    assert!(html.contains("–") && !html.contains("NaN"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let classes = ["a".to_string()];
    let confusion = Confusion::new(2);
    assert!(Page::new("x", &classes, &confusion).to_html().is_err());
    let confusion = Confusion::new(1);
    let mut page = Page::new("x", &classes, &confusion);
    page.mistakes = vec![Mistake {
        image: Thumbnail::new(1, 1, 1, &[0], 8).unwrap(),
        name: "p".into(),
        label: 0,
        predicted: 1,
        probability: 1.0,
        label_probability: 0.0,
    }];
    let message = page.to_html().unwrap_err().to_string();
    assert!(message.contains("prediction 1 is not one of its 1 classes"), "{message}");
}

/// A page about two classes of these names.
fn two(name: &str, other: &str) -> String {
    let classes = [name.to_owned(), other.to_owned()];
    let mut confusion = Confusion::new(2);
    confusion.add(0, 1).unwrap();
    let mut page = Page::new(name, &classes, &confusion);
    page.commands = vec![other.to_owned()];
    page.to_html().unwrap()
}

proptest! {
    // Short, so that no chart cuts them: a name that is cut gets an element of its own.
    #[test]
    fn no_name_makes_or_breaks_an_element(name in "[<>&\"'/=a;\u{202e}\u{0}é猫]{1,6}", other in "\\PC{1,6}") {
        let html = two(&name, &other);
        for sign in ['<', '>', '"'] {
            let of = |page: &str| page.matches(sign).count();
            prop_assert_eq!(of(&html), of(&two("a", "b")), "{:?} of {:?}, {:?}", sign, name, other);
        }
    }
}
