//! Forward hooks: what they hear, what they cost, what they cannot break.

use super::*;

#[test]
fn nothing_looked_at_costs_nothing() {
    let case = Case::convnet();
    let kernels = |session: &mut Session| {
        let profile = session.profile(&case.images, case.n).unwrap();
        let names: Vec<&str> = profile.into_iter().map(|(name, _)| name).collect();
        (names, session.memory_bytes(), slice(&session.run(&case.view()).unwrap()).to_vec())
    };
    let mut session = case.session();
    let bare = kernels(&mut session);
    assert_eq!(
        bare.0,
        ["import", "conv+relu+max-pool", "conv+relu+max-pool", "linear", "linear"],
        "the plan of a network that nobody looks into"
    );
    let hook = session.register_forward_hook("conv1", |_| ()).unwrap();
    let (names, bytes, _) = kernels(&mut session);
    assert!(
        names == bare.0 && bytes > bare.1,
        "the joined kernel leaves the value beside: memory and no work"
    );
    assert!(session.remove_hook(hook) && !session.remove_hook(hook));
    assert_eq!(kernels(&mut session), bare, "without the hook");
    let tap = session.tap("relu_1").unwrap();
    let (names, bytes, _) = kernels(&mut session);
    assert!(names.len() > bare.0.len() && bytes > bare.1);
    assert!(session.untap(tap) && !session.untap(tap));
    assert_eq!(kernels(&mut session), bare, "without the tap");
    let gradient = session.tap_grad("fc1").unwrap();
    assert_eq!(kernels(&mut session), bare, "a gradient is no part of a run forward");
    let kept = session.get(gradient);
    assert_eq!(kept.shape(), [0, 128], "nor does it hold any");

    let case = Case::all(Mode::Train).swap_remove(0);
    let train = |step: &mut TrainStep| -> (Vec<&'static str>, usize) {
        let profile = step.profile(&case.images, &case.labels(), 0.1);
        (profile.into_iter().map(|(name, _)| name).collect(), step.memory_bytes())
    };
    let bare = train(&mut case.step(TrainOptions::new(case.n, 5)));
    let mut step = case.step(TrainOptions::new(case.n, 5));
    let hook = step.register_forward_hook("conv1", |_| ()).unwrap();
    let tap = step.tap_grad("relu").unwrap();
    assert!(train(&mut step).1 > bare.1);
    assert!(step.remove_hook(hook).unwrap() && !step.remove_hook(hook).unwrap());
    assert!(step.untap(tap).unwrap() && !step.untap(tap).unwrap());
    assert_eq!(train(&mut step), bare);
}

#[test]
fn all_values_of_the_convnet_are_kept_without_undoing_what_is_joined() {
    let case = Case::convnet();
    let mut session = case.session();
    session.tap_all("*").unwrap();
    let names: Vec<&str> =
        session.profile(&case.images, case.n).unwrap().into_iter().map(|(name, _)| name).collect();
    let want = ["import", "conv+relu+max-pool", "conv+relu+max-pool", "linear", "activation", "linear"];
    assert_eq!(names, want, "both sides of a ReLU, and of the flatten, are one memory");
}

#[test]
fn what_was_seen_stays_until_the_next_run_whatever_is_looked_at_in_between() {
    for case in Case::all(Mode::Eval) {
        let first = &case.graph.nodes[1].name;
        let mut session = case.session();
        let tap = session.tap(first).unwrap();
        let grad = session.tap_grad("input").unwrap();
        session.run_backward(&case.view(), &case.grad_output().view()).unwrap();
        let (value, gradient) = (session.get(tap), session.get(grad));
        let trace = session.captured();
        assert_eq!((trace.value(first), trace.gradient("input")), (Some(&value), Some(&gradient)));
        let other = session.tap("input").unwrap();
        assert_eq!((session.get(tap), session.get(grad)), (value.clone(), gradient.clone()), "a new tap");
        assert_eq!(session.get(other).shape()[0], 0, "which saw nothing");
        let hook = session.register_forward_hook("*", |_| ()).unwrap();
        assert_eq!(session.get(tap), value, "a new hook");
        session.run(&case.view()).unwrap();
        assert_close(slice(&session.get(tap)), &widen(slice(&value)), REORDERED, 1e-7, "a run with a hook");
        assert_eq!(session.get(grad).shape()[0], 0, "a run forward has no gradients");
        assert!(session.remove_hook(hook) && session.untap(other));
        assert_eq!(session.get(other).shape()[0], 0, "a value is forgotten with its tap");
        // Fewer images than before, and more than ever.
        for n in [1, case.n] {
            let images = case.view().slice_axis(Axis(0), (0..n as isize).into()).to_owned();
            session.run(&images.view()).unwrap();
            let part = value.slice_axis(Axis(0), (0..n as isize).into()).to_owned();
            assert_close(
                slice(&session.get(tap)),
                &widen(slice(&part)),
                REORDERED,
                1e-7,
                &format!("{n} images"),
            );
        }
        let twice = case.params.get(&format!("{first}.weight")).map(|w| w.mapv(|v| 2.0 * v));
        if let Some(twice) = twice {
            let edit = [Edit::weight(format!("{first}.weight"), twice)];
            session.run_with(&case.view(), &edit).unwrap();
            assert!(session.get(tap) != value, "a plan of its own for a changed weight leaves what it saw");
            assert_eq!(session.get(tap).shape()[0], case.n);
        }
    }
}

/// What hooks were told: path, shapes of the inputs, the output.
type Told = Arc<Mutex<Vec<(String, Vec<Vec<usize>>, ArrayD<f32>)>>>;

fn listener(told: &Told) -> impl FnMut(&striate_graph::Call<'_>) + Send + Sync + 'static {
    let told = Arc::clone(told);
    move |call| {
        let shapes = call.inputs.iter().map(|x| x.shape().to_vec()).collect();
        told.lock().unwrap().push((call.path.to_string(), shapes, call.output.to_owned()));
    }
}

#[test]
fn hooks_hear_every_call_in_order_in_use_and_in_training() {
    for mode in [Mode::Eval, Mode::Train] {
        for case in Case::all(mode) {
            let random = if mode == Mode::Train { (5, 1) } else { (0, 0) };
            let truth = Values::compute(&case.graph, &case.params, &widen(&case.images), case.n, random);
            let told = Told::default();
            match mode {
                Mode::Eval => {
                    let mut session = case.session();
                    let _ = session.register_forward_hook("*", listener(&told)).unwrap();
                    session.run(&case.view()).unwrap();
                }
                Mode::Train => {
                    let mut step = case.step(TrainOptions::new(case.n, 5));
                    let _ = step.register_forward_hook("*", listener(&told)).unwrap();
                    step.step(&case.images, &case.labels(), 0.1);
                }
            }
            let told = told.lock().unwrap();
            assert_eq!(told.len(), case.graph.nodes.len(), "{}", case.net.name);
            for (id, (node, (path, inputs, output))) in case.graph.nodes.iter().zip(&*told).enumerate() {
                let what = format!("{} {mode:?} {path}", case.net.name);
                assert_eq!(*path, node.name, "{what}");
                let with_batch = |shape: &[usize]| [&[case.n], shape].concat();
                let want: Vec<_> = case.graph.input_shapes(id).into_iter().map(with_batch).collect();
                assert_eq!(*inputs, want, "{what}");
                assert_close(slice(output), truth.get(id), 5e-5, 1e-6, &what);
            }
        }
    }
}

#[test]
fn a_batch_larger_than_a_tile_is_seen_whole_and_a_smaller_one_as_it_is() {
    let mut case = Case::all(Mode::Train).swap_remove(3);
    case.n = 150; // a tile of a step holds 64
    case.images = Sample::new(4).normal_vec(case.n * 35);
    let truth = Values::compute(&case.graph, &case.params, &widen(&case.images), case.n, (5, 1));
    let mut step = case.step(TrainOptions::new(case.n, 5));
    let (told, tap) = (Told::default(), step.tap("fc1").unwrap());
    let _ = step.register_forward_hook("relu", listener(&told)).unwrap();
    step.step(&case.images, &case.labels(), 0.0);
    let id = |name| case.graph.find(name).unwrap();
    assert_close(slice(&step.get(tap)), truth.get(id("fc1")), 5e-5, 1e-6, "fc1");
    assert_close(slice(&told.lock().unwrap()[0].2), truth.get(id("relu")), 5e-5, 1e-6, "relu");
    step.step(&case.images[..2 * 35], &case.labels()[..2], 0.0);
    assert_close(slice(&step.get(tap)), &truth.get(id("fc1"))[..2 * 33], 5e-5, 1e-6, "fc1 of two");
}

#[test]
fn training_goes_on_as_it_would_have_when_somebody_looks_for_a_while() {
    let case = Case::all(Mode::Train).swap_remove(0);
    let options = || TrainOptions { ema: Some(0.9), ..TrainOptions::new(case.n, 5) };
    // Values that are whole without and with a look at them: the same kernels but for a copy, so the same bits.
    let names = ["max_pool2d", "relu_2", "fc2", "input"];
    let (mut bare, mut seen) = (case.step(options()), case.step(options()));
    let mut hook = None;
    for round in 0..6 {
        if round == 2 {
            names.iter().for_each(|name| assert!(seen.tap(name).is_ok()));
            hook = Some(seen.register_forward_hook("fc2", |_| ()).unwrap());
        }
        if round == 4 {
            assert!(seen.remove_hook(hook.unwrap()).unwrap());
        }
        let reports = [&mut bare, &mut seen].map(|s| s.step(&case.images, &case.labels(), 0.05));
        assert_eq!(reports[0], reports[1], "round {round}");
        assert_eq!(bare.params(), seen.params(), "round {round}");
        assert_eq!(bare.ema_params(), seen.ema_params(), "round {round}");
    }
    assert_eq!(bare.updates(), seen.updates());
}

#[test]
fn a_hook_that_panics_leaves_session_and_training_usable() {
    let case = Case::convnet();
    let usual = case.session().run(&case.view()).unwrap();
    let mut session = case.session();
    let told = Told::default();
    let before = session.register_forward_hook("conv1", listener(&told)).unwrap();
    let bad = session.register_forward_hook("conv2", |call| panic!("at {}", call.path)).unwrap();
    for heard in 1..=2 {
        let panic = catch_unwind(AssertUnwindSafe(|| session.run(&case.view()))).unwrap_err();
        assert_eq!(*panic.downcast::<String>().unwrap(), "at conv2");
        assert_eq!(told.lock().unwrap().len(), heard, "the hook before it is called each time");
    }
    assert!(session.remove_hook(bad));
    let after = session.run(&case.view()).unwrap();
    assert_close(slice(&after), &widen(slice(&usual)), REORDERED, 1e-7, "with the other hook");
    assert!(session.remove_hook(before));
    assert_eq!(session.run(&case.view()).unwrap(), usual);
    assert_eq!(told.lock().unwrap().len(), 3);

    let case = Case::all(Mode::Train).swap_remove(0);
    let mut step = case.step(TrainOptions::new(case.n, 5));
    let bad = step.register_forward_hook("fc2", |_| panic!("no")).unwrap();
    let go = |step: &mut TrainStep| step.step(&case.images, &case.labels(), 0.05).loss;
    assert!(catch_unwind(AssertUnwindSafe(|| go(&mut step))).is_err());
    assert!(step.remove_hook(bad).unwrap());
    let mut bare = case.step(TrainOptions::new(case.n, 5));
    go(&mut bare);
    assert_eq!(go(&mut step), go(&mut bare), "the step was done when the hook panicked");
}

#[test]
fn a_pools_winners_are_where_the_maximum_is() {
    let case = Case::all(Mode::Eval).swap_remove(2); // 3x3, stride 2, padded
    let mut session = case.session();
    let calls = Arc::new(Mutex::new(0));
    let count = Arc::clone(&calls);
    let _ = session
        .register_forward_hook("*", move |call| {
            let Some(argmax) = call.argmax() else {
                return assert!(!matches!(call.op, Op::MaxPool2d(_)));
            };
            let [_, _, h, w] = call.inputs[0].shape() else { panic!("no image") };
            let [_, _, oh, ow] = *call.output.shape() else { panic!("no image") };
            let input = call.inputs[0].as_slice().unwrap();
            for (i, (&at, &y)) in argmax.iter().zip(&call.output).enumerate() {
                assert_eq!(input[i / (oh * ow) * h * w + at], y);
                let (row, oy) = (at / w, i % (oh * ow) / ow);
                assert!((2 * oy).saturating_sub(1) <= row && row <= 2 * oy + 1, "outside of its window");
            }
            *count.lock().unwrap() += 1;
        })
        .unwrap();
    session.run(&case.view()).unwrap();
    assert_eq!(*calls.lock().unwrap(), 1);
}
