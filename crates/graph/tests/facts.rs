//! What operations say of themselves to those who explain networks, against their own plain loops.

use serde_json::{Value, json};
use striate_graph::op::{Op, Reads, Reference, Shift, Sign, Terms};
use striate_kernels::ReluRule;
use striate_testkit::{Sample, widen};

/// Maps that an operation is tried on: two channels, and as many rows and columns.
const INPUT: [usize; 3] = [2, 7, 6];

fn operations() -> Vec<Value> {
    let window = |op: &str, extra: Value| {
        let mut pool = json!({"op": op, "kernel_size": [3, 2], "stride": [2, 3], "padding": [1, 1]});
        pool.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        pool
    };
    vec![
        window("max_pool2d", json!({"dilation": [1, 2]})),
        window("max_pool2d", json!({"dilation": [1, 1], "ceil_mode": true})),
        window("avg_pool2d", json!({"count_include_pad": true})),
        window("avg_pool2d", json!({"count_include_pad": false})),
        window("avg_pool2d", json!({"count_include_pad": true, "ceil_mode": true})),
        window("avg_pool2d", json!({"count_include_pad": false, "ceil_mode": true})),
        json!({"op": "adaptive_avg_pool2d", "output_size": [3, 4]}),
        json!({"op": "adaptive_max_pool2d", "output_size": [3, 4]}),
        json!({"op": "adaptive_max_pool2d", "output_size": [1, 9]}),
        json!({"op": "prelu", "num_parameters": 1}),
        json!({"op": "prelu", "num_parameters": 2}),
        json!({"op": "group_norm", "num_groups": 1, "num_channels": 2, "eps": 0.1, "affine": true}),
        json!({"op": "group_norm", "num_groups": 2, "num_channels": 2, "eps": 0.1, "affine": false}),
        json!({"op": "local_response_norm", "size": 2, "alpha": 0.5, "beta": 0.75, "k": 1.0}),
        json!({"op": "dropout2d", "p": 0.5}),
        json!({"op": "interpolate", "to": {"scale_factor": [2, 3]}, "mode": "nearest"}),
        json!({"op": "interpolate", "to": {"size": [5, 11]}, "mode": "nearest"}),
        json!({"op": "interpolate", "to": {"size": [5, 11]}, "mode": "bilinear"}),
    ]
}

/// An operation on one sample.
struct Tried {
    op: Op,
    shape: Vec<usize>,
    params: Vec<Vec<f64>>,
}

impl Tried {
    fn new(op: Value) -> Self {
        let op: Op = serde_json::from_value(op).unwrap();
        let shape = op.as_operation().shape(&[&INPUT]).unwrap();
        let mut sample = Sample::new(2);
        let mut values = |shape: &[usize]| widen(&sample.uniform_vec(shape.iter().product(), 0.2, 0.9));
        let params = op.as_operation().params().iter().map(|spec| values(&spec.shape)).collect();
        Self { op, shape, params }
    }
    fn with<T>(&self, x: &[f64], ask: impl FnOnce(&Reference<'_>) -> T) -> T {
        let (x, shapes) = ([x], [&INPUT[..]]);
        let (params, random, relu) = (&self.params, (3, 1), ReluRule::Gradient);
        ask(&Reference { n: 1, x: &x, shapes: &shapes, shape: &self.shape, params, random, relu, name: "x" })
    }
    fn value(&self, x: &[f64]) -> Vec<f64> {
        self.with(x, |at| self.op.as_operation().reference(at))
    }
    fn gradient(&self, x: &[f64], index: usize) -> Vec<f64> {
        let mut one = vec![0.0; self.shape.iter().product()];
        one[index] = 1.0;
        self.with(x, |at| self.op.as_operation().reference_vjp(at, &one).inputs.remove(0))
    }
}

fn cases(mut check: impl FnMut(&Tried, &[f64], &str)) {
    for (seed, json) in operations().into_iter().enumerate() {
        let x = widen(&Sample::new(seed as u64).normal_vec(INPUT.iter().product()));
        let what = json.to_string();
        check(&Tried::new(json), &x, &what);
    }
}

fn sees(reads: &Reads, [y, x]: [usize; 2], cell: [usize; 2]) -> bool {
    [(0, y), (1, x)].into_iter().all(|(a, i)| {
        let (span, cell) = (reads.spans[a], cell[a] as isize);
        let first = span.first(i as isize);
        (first..=span.last(i as isize)).contains(&cell)
            && ((cell - first) as usize).is_multiple_of(span.step())
    })
}

/// Places of the input: `[row, column]`.
fn pixels() -> impl Iterator<Item = [usize; 2]> {
    (0..INPUT[1]).flat_map(|y| (0..INPUT[2]).map(move |x| [y, x]))
}

#[test]
fn what_is_read_is_what_changes_a_value() {
    cases(|tried, x, what| {
        let reads = tried.op.as_operation().reads(0, &[&INPUT]);
        let [channels, height, width] = tried.shape[..] else { unreachable!("maps") };
        let before = tried.value(x);
        for cell in pixels() {
            let mut changed = x.to_vec();
            for c in 0..INPUT[0] {
                // Large, and no two alike: it wins any maximum.
                changed[(c * INPUT[1] + cell[0]) * INPUT[2] + cell[1]] += 20.0 + c as f64;
            }
            let after = tried.value(&changed);
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                let index = |c: usize| (c * height + y) * width + x;
                let is_changed = (0..channels).any(|c| before[index(c)] != after[index(c)]);
                let is_seen = sees(&reads, [y, x], cell);
                assert!(is_seen || !is_changed, "{what}: [{y}, {x}] reads {cell:?}");
                // Of a dropout another channel may be seen, or none.
                let must = reads.exact && !what.contains("dropout");
                assert!(!must || is_changed == is_seen, "{what}: [{y}, {x}] does not read {cell:?}");
            }
        }
    });
}

#[test]
fn terms_make_the_value() {
    let mut shown = 0;
    cases(|tried, x, what| {
        let [_, height, width] = tried.shape[..] else { unreachable!("maps") };
        for (index, &value) in tried.value(x).iter().enumerate() {
            let at = [index / width / height, index / width % height, index % width];
            let terms = tried.op.as_operation().terms(&[&INPUT], at);
            let (Some(Terms::Mean { cells, .. }) | Some(Terms::Largest(cells))) = &terms else { continue };
            let inside = |cells: &[isize], size: usize| {
                cells.iter().filter(move |&&i| (0..size as isize).contains(&i)).map(|&i| i as usize).collect()
            };
            let (rows, columns): (Vec<_>, Vec<_>) =
                (inside(&cells.rows, INPUT[1]), inside(&cells.columns, INPUT[2]));
            let values = rows.iter().flat_map(|&r| columns.iter().map(move |&q| (r, q)));
            let values: Vec<f64> = values.map(|(r, q)| x[(at[0] * INPUT[1] + r) * INPUT[2] + q]).collect();
            let made = match terms {
                Some(Terms::Mean { divisor, .. }) => {
                    values.iter().sum::<f64>() / divisor.unwrap_or(values.len()) as f64
                }
                _ => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            };
            assert!((made - value).abs() < 1e-12, "{what}: {value} at {at:?}, not {made}");
            shown += 1;
        }
    });
    assert!(shown > 150, "{shown} values");
}

#[test]
fn shifts_are_what_is_added_whatever_comes_in() {
    cases(|tried, x, what| {
        let shift = tried.op.as_operation().shift(&|_| unreachable!("none of these has one"));
        let Some(shift) = shift else { return };
        assert!(matches!(shift, Shift::Zero), "{what}");
        for (index, value) in tried.value(x).into_iter().enumerate() {
            let sum: f64 = tried.gradient(x, index).iter().zip(x).map(|(g, x)| g * x).sum();
            assert!((sum - value).abs() < 1e-12, "{what}: {value} and {sum}");
        }
    });
}

#[test]
fn signs_hold() {
    cases(|tried, x, what| {
        let above: Vec<f64> = x.iter().map(|v| v.abs()).collect();
        let least = |x: &[f64]| tried.value(x).into_iter().fold(f64::INFINITY, f64::min);
        match tried.op.as_operation().sign() {
            Sign::Any => {}
            Sign::NonNegative => assert!(least(x) >= 0.0, "{what}"),
            Sign::OfInputs => assert!(least(&above) >= 0.0, "{what}"),
        }
    });
}

#[test]
fn files_say_nothing_that_is_not_known() {
    for mut json in operations() {
        let op: Op = serde_json::from_value(json.clone()).unwrap();
        let again: Op = serde_json::from_value(serde_json::to_value(&op).unwrap()).unwrap();
        assert_eq!(again, op);
        json["color"] = "red".into();
        assert!(serde_json::from_value::<Op>(json.clone()).is_err(), "{json}");
    }
}
