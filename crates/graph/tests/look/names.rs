//! Names of values: what they mean, and what is said when they mean nothing.

use super::*;

#[test]
fn what_is_not_there_is_said() {
    let case = Case::convnet();
    let mut session = case.session();
    let expect = |error: String, want: expect_test::Expect| want.assert_eq(&error);
    expect(
        session.tap("conv3").unwrap_err().to_string(),
        expect_test::expect![
            "no value `conv3` in this network; similar names: conv1, conv2, input, relu, max_pool2d, relu_1, max_pool2d_1, flatten"
        ],
    );
    let hook = session.register_forward_hook("layer3.*", |_| ());
    expect(
        hook.unwrap_err().to_string(),
        expect_test::expect![
            "no value `layer3.*` in this network; similar names: flatten, input, conv1, relu, max_pool2d, conv2, relu_1, max_pool2d_1"
        ],
    );
    let shape = |shape: &[usize]| ArrayD::<f32>::zeros(IxDyn(shape));
    for (edit, want) in [
        (
            Edit::zero_channel("conv2", 32),
            expect_test::expect!["cannot edit channel 32 of `conv2`, which has 32 channels, counted from 0"],
        ),
        (
            Edit::zero_channel("conv9", 0),
            expect_test::expect![
                "no value `conv9` in this network; similar names: conv1, conv2, input, relu, max_pool2d, relu_1, max_pool2d_1, flatten"
            ],
        ),
        (
            Edit::replace("conv1", shape(&[16, 28, 27])),
            expect_test::expect![
                "cannot replace `conv1`, whose shape is [16, 28, 28], by an array of shape [16, 28, 27]"
            ],
        ),
        (
            Edit::weight("conv1.weights", shape(&[1])),
            expect_test::expect![
                "no value `conv1.weights` in this network; similar names: conv1.weight, conv2.weight, fc1.weight, fc2.weight, conv1.bias, conv2.bias, fc1.bias, fc2.bias"
            ],
        ),
        (
            Edit::weight("conv1.bias", shape(&[1])),
            expect_test::expect![
                "cannot replace `conv1.bias`, whose shape is [16], by an array of shape [1]"
            ],
        ),
    ] {
        expect(session.run_with(&case.view(), &[edit]).unwrap_err().to_string(), want);
    }
    let three = ArrayViewD::from_shape(IxDyn(&[1, 3]), &[0.0; 3]).unwrap();
    let error = session.run_backward(&case.view(), &three).unwrap_err();
    assert!(matches!(error, RunError::GradOutput { .. }));
    expect(
        error.to_string(),
        expect_test::expect![
            "the gradient of the output has shape [1, 3]; expected the shape of the output, [3, 10]"
        ],
    );

    let case = Case::all(Mode::Train).swap_remove(0);
    let mut step = case.step(TrainOptions { micro_batch: Some(2), ..TrainOptions::new(case.n, 5) });
    let error = step.register_forward_hook("conv1", |_| ()).unwrap_err();
    assert!(matches!(error, PlanError::Option { .. }));
    expect(
        error.to_string(),
        expect_test::expect![
            "micro_batch: expected none, or the whole batch, while there are hooks or taps, got 2"
        ],
    );
    assert!(step.tap("conv1").is_err() && step.tap_grad("nothing").is_err());

    for (case, want) in
        Case::all(Mode::Train).into_iter().skip(1).zip([expect_test::expect!["`bn1` is in training mode, where an image's values depend on chance or on the other images of the batch; trace the network with Mode::Eval"], expect_test::expect!["`dropout` is in training mode, where an image's values depend on chance or on the other images of the batch; trace the network with Mode::Eval"]])
    {
        let mut session = case.session();
        let error = session.run_backward(&case.view(), &case.grad_output().view()).unwrap_err();
        assert_eq!(session.run_with(&case.view(), &[Edit::zero_channel("input", 0)]).unwrap_err(), error);
        expect(error.to_string(), want);
    }
}

#[test]
fn names_lead_to_values() {
    let case = Case::all(Mode::Eval).swap_remove(1);
    let names = |pattern: &str| -> Vec<String> {
        let ids = case.graph.select(pattern).unwrap();
        ids.into_iter().map(|id| case.graph.nodes[id].name.clone()).collect()
    };
    assert_eq!(names("bn?"), ["bn1", "bn2"]);
    assert_eq!(names("stem"), ["stem"]);
    let behind = |name: &str| {
        let id = case.graph.find(name).unwrap();
        case.graph.activated(id).map(|id| case.graph.nodes[id].name.as_str())
    };
    assert_eq!(behind("stem"), Some("relu"), "through batch norm");
    assert_eq!(behind("down"), Some("relu6"));
    assert_eq!((behind("bn2"), behind("fc")), (None, None), "a sum comes first, and the end");
}
