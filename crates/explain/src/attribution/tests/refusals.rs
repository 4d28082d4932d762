//! What cannot be asked, and what is said instead of an image of nothing.

use super::*;

#[test]
fn what_cannot_be_asked_is_refused() {
    let (graph, x) = (affine(), image(0.0));
    let mut session_of = session(&graph);
    let message = |result: Result<Attribution, ExplainError>| result.unwrap_err().to_string();
    let wide = Array3::zeros((2, 6, 7));
    let refused = Attributor::new(&mut session_of, wide.view(), 0).err().unwrap().to_string();
    expect![
        "attribution: the network takes an image [2, 6, 6], got [2, 6, 7]; preprocess the image and the baseline in the same way"
    ]
    .assert_eq(&refused);
    let refused = Attributor::new(&mut session_of, x.view(), 3).err().unwrap().to_string();
    expect!["attribution: expected a class from 0 to 2, got 3"].assert_eq(&refused);
    let mut attributor = Attributor::new(&mut session_of, x.view(), 0).unwrap();
    expect!["class activation map: this network has no convolution, so no layer has feature maps; try integrated gradients or occlusion"]
        .assert_eq(&message(attributor.grad_cam(None)));
    assert!(attributor.integrated_gradients(&wide.view(), Path::default()).is_err());
    let mut session_of = session(&averaging());
    let mut attributor = Attributor::new(&mut session_of, x.view(), 0).unwrap();
    expect!["class activation map: expected a layer with feature maps [C, H, W], but `fc` outputs [3]; name a convolution"]
        .assert_eq(&message(attributor.layer_cam(Some("fc"))));
    expect!["this network has no layer `rely`; similar names: relu, input, conv, avgpool, flatten"]
        .assert_eq(&message(attributor.grad_cam(Some("rely"))));
    let graph = chain(&[
        ("flatten", flatten(), &[72]),
        ("fc", linear(72), &[3]),
        ("softmax", json!({ "op": "softmax" }), &[3]),
    ]);
    let mut session_of = session(&graph);
    let refused = Attributor::new(&mut session_of, x.view(), 0).err().unwrap().to_string();
    expect!["attribution: expected a network that outputs one logit per class, got one that ends in softmax; a probability also depends on the other classes, so end the network before its softmax"]
        .assert_eq(&refused);
}

/// Message of the error that every method in turn is expected to give.
fn refused(attributor: &mut Attributor<'_>, method: Method) -> String {
    let baseline = Array3::zeros(attributor.shape());
    attributor.ask(method, &baseline.view()).unwrap_err().to_string()
}

#[test]
fn a_network_without_maps_has_no_class_activation_map() {
    let (graph, x) = (affine(), image(0.0));
    let mut session = session(&graph);
    let mut attributor = Attributor::new(&mut session, x.view(), 0).unwrap();
    for method in Method::all() {
        if method.uses_layer() {
            let message = refused(&mut attributor, *method);
            assert!(message.contains("this network has no convolution"), "{method:?}: {message}");
        } else {
            let baseline = Array3::zeros((2, 6, 6));
            assert!(attributor.ask(*method, &baseline.view()).is_ok(), "{method:?}");
        }
    }
}

#[test]
fn a_layer_is_for_the_methods_that_look_at_one() {
    let (graph, x) = (averaging(), image(0.0));
    let mut session = session(&graph);
    let mut attributor = Attributor::new(&mut session, x.view(), 0).unwrap();
    let baseline = Array3::zeros((2, 6, 6));
    for method in Method::all() {
        let found = attributor.ask_of(*method, Some("conv"), &baseline.view());
        match found {
            Ok(found) => assert_eq!((method.uses_layer(), found.layer.as_deref()), (true, Some("conv"))),
            Err(_) => assert!(!method.uses_layer(), "{method:?}"),
        }
    }
    let message =
        attributor.ask_of(Method::Occlusion, Some("conv"), &baseline.view()).unwrap_err().to_string();
    expect!["attribution: occlusion does not use a layer; a layer can be named for Grad-CAM, Grad-CAM++, LayerCAM, EigenCAM, Score-CAM"].assert_eq(&message);
}

#[test]
fn two_classes_are_needed_to_compare() {
    let (graph, x) = (averaging(), image(0.0));
    let mut session = session(&graph);
    let mut of =
        |other| Attributor::new(&mut session, x.view(), 1).unwrap().versus(other).err().unwrap().to_string();
    expect!["attribution: class 1 cannot be compared with itself; name two different classes"]
        .assert_eq(&of(1));
    expect!["attribution: expected a class from 0 to 2, got 3"].assert_eq(&of(3));
    let mut attributor = Attributor::new(&mut session, x.view(), 1).unwrap().versus(2).unwrap();
    expect!["attribution: EigenCAM is the same for every class, so it cannot compare classes; try Grad-CAM or integrated gradients"].assert_eq(&refused(&mut attributor, Method::EigenCam));
}

#[test]
fn curved_networks_have_no_exact_sum() {
    let graph = chain(&[
        ("conv", conv(1, 1), &[4, 6, 6]),
        ("flatten", flatten(), &[144]),
        ("squash", json!({ "op": "softmax" }), &[144]),
        ("fc", linear(144), &[3]),
    ]);
    let (mut session, x) = (session(&graph), image(0.0));
    let mut attributor = Attributor::new(&mut session, x.view(), 1).unwrap();
    expect!["exact sum: `squash` (softmax) is not piecewise linear, so the logit is not an exact sum; try integrated gradients, which reports its completeness gap"].assert_eq(&refused(&mut attributor, Method::ExactSum));
}

#[test]
fn what_is_not_a_number_is_an_error_and_not_an_image() {
    let graph = averaging();
    let mut broken = params(&graph);
    broken.get_mut("conv.weight").unwrap()[[1, 0, 2, 2]] = f32::NAN;
    broken.get_mut("conv.weight").unwrap()[[0, 0, 0, 0]] = f32::INFINITY;
    let mut broken = Session::new(graph.clone(), broken).unwrap();
    let x = image(0.0);
    let message = |asked: Result<Attributor<'_>, ExplainError>| asked.err().unwrap().to_string();
    expect!["attribution: 2 of 72 values of `conv.weight` are not finite; the training of the network diverged; train it again with a lower learning rate"].assert_eq(&message(Attributor::new(&mut broken, x.view(), 0)));

    let mut fine = session(&graph);
    let mut hole = image(0.0);
    hole[[1, 2, 3]] = f32::NAN;
    expect!["attribution: 1 of 72 values of the image are not finite; check its preprocessing"]
        .assert_eq(&message(Attributor::new(&mut fine, hole.view(), 0)));
    let mut attributor = Attributor::new(&mut fine, x.view(), 0).unwrap();
    assert!(attributor.occlusion(&hole.view(), ONE).is_err());
    assert!(attributor.integrated_gradients(&hole.view(), Path::default()).is_err());

    let mut huge = params(&graph);
    for name in ["conv.weight", "fc.weight"] {
        huge.get_mut(name).unwrap().mapv_inplace(|v| v * 1e30);
    }
    let mut huge = Session::new(graph, huge).unwrap();
    let mut attributor = Attributor::new(&mut huge, x.view(), 0).unwrap();
    for method in Method::all() {
        let message = refused(&mut attributor, *method);
        assert!(message.contains("logits are not finite"), "{method:?}: {message}");
    }
    expect!["attribution: 3 of 3 logits are not finite; the weights and the image are finite, so the network overflows; train it again with a lower learning rate"].assert_eq(&refused(&mut attributor, Method::Gradient));
}

#[test]
fn classes_are_found_by_name_and_near_ones_told() {
    let classes = ["cat", "Tabby cat", "dog"].map(str::to_owned);
    assert_eq!(find_class(&classes, "tabby CAT"), Ok(1));
    assert_eq!(find_class(&classes, "cat"), Ok(0));
    expect!["this network has no class `tabi cat` among its 3 classes; similar names: Tabby cat, cat, dog"]
        .assert_eq(&find_class(&classes, "tabi cat").unwrap_err().to_string());
}
