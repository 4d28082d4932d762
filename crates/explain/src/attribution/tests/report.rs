//! The reports of attributions, as JSON.

use super::*;
use crate::Subject;

fn subject() -> Subject {
    Subject { model: "net".into(), image: "one.png".into(), class: "b".into(), probability: 0.75 }
}

fn found(method: Method, class: usize) -> Attribution {
    Attribution {
        method,
        class,
        versus: None,
        logit: 1.5,
        layer: None,
        shape: [1, 1, 2],
        values: vec![1.0, -0.5],
        completeness: Some(Completeness { rise: 1.5, sum: 0.5, gap: -1.0 }),
        refinement: None,
        parts: Vec::new(),
    }
}

#[test]
fn one_class_is_told_with_its_parts_and_without_its_values() {
    let parts =
        vec![LogitTerm { name: "input".into(), shape: vec![1, 1, 2], values: vec![1.0, -0.5], sum: 0.5 }];
    let found = Attribution { parts, versus: Some(7), ..found(Method::ExactSum, 0) };
    expect![[r#"
        why a rather than class 7: exact sum, logit difference 1.5000
          image 0.500 + biases of feature maps 0 + biases of vectors 0 = 0.500 (completeness gap −1.00)
    "#]]
    .assert_eq(&found.text(&["a".into()]));
    let report = found.report(&subject(), &["a".into(), "b".into()], vec!["why/exact-sum.png".into()]);
    expect![[r#"
        {
          "model": "net",
          "image": "one.png",
          "predicted": "b",
          "probability": 0.75,
          "method": "exact_sum",
          "warning": null,
          "layer": null,
          "shape": [
            1,
            1,
            2
          ],
          "smoothing_px": null,
          "files": [
            "why/exact-sum.png"
          ],
          "class": "a",
          "versus": "class 7",
          "logit": 1.5,
          "completeness": {
            "rise": 1.5,
            "sum": 0.5,
            "gap": -1.0
          },
          "refinement": null,
          "parts": [
            {
              "name": "input",
              "shape": [
                1,
                1,
                2
              ],
              "sum": 0.5
            }
          ],
          "scale": {
            "table": "blue_orange",
            "limit": 1.0,
            "largest": 1.0,
            "beyond": 0,
            "not_finite": 0
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn several_classes_are_told_in_the_given_order() {
    let found = [found(Method::EigenCam, 1), found(Method::EigenCam, 0)];
    let report = ClassesReport::new(&found, &subject(), &["a".into(), "b".into()], Vec::new());
    let names: Vec<&str> = report.classes.iter().map(|class| class.class.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(report.head.warning, Method::EigenCam.warning(), "a caveat is never left out");
}
