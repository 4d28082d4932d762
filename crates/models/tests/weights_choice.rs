//! Which arrays of a file are taken for a network: by what fits, never by position, and it is said.

mod tiny;
#[path = "../../formats/tests/common/torch.rs"]
mod torch;

use std::path::Path;

use expect_test::{Expect, expect};
use ndarray::ArrayD;
use striate_models::registry;
use striate_models::weights::{LoadOptions, Loaded, Places, WeightsError, load_from, load_network_from};
use striate_nn::Mode;
use striate_nn::graph::{Graph, Params, trace};
use tiny::{TINY, graph, params};
use torch::{Asm, pth_zip};

type Arrays = Vec<(String, ArrayD<f32>)>;

/// A `.pth` under construction: dicts of arrays by key, whatever a script puts beside them, and the storages.
struct Checkpoint {
    asm: Asm,
    storages: Vec<(String, Vec<u8>)>,
}

impl Checkpoint {
    fn new() -> Self {
        Self { asm: Asm::new().raw(b"}"), storages: Vec::new() }
    }

    fn array(&mut self, name: &str, array: &ArrayD<f32>) {
        let key = self.storages.len().to_string();
        let sizes: Vec<i64> = array.shape().iter().map(|&size| size as i64).collect();
        let strides: Vec<i64> = (0..sizes.len()).map(|i| sizes[i + 1..].iter().product()).collect();
        let asm = std::mem::replace(&mut self.asm, Asm(Vec::new())).text(name);
        let values = array.len() as i64;
        self.asm = asm.tensor(|a| a.storage("FloatStorage", &key, values), 0, &sizes, &strides).raw(b"s");
        self.storages.push((key, array.iter().flat_map(|v| v.to_le_bytes()).collect()));
    }

    fn raw(mut self, text: &str, value: &[u8]) -> Self {
        self.asm = self.asm.text(text).raw(value).raw(b"s");
        self
    }

    fn tensor(mut self, name: &str) -> Self {
        self.array(name, &ArrayD::zeros(vec![]));
        self
    }

    fn dict(mut self, key: &str, arrays: &Arrays) -> Self {
        self.asm = self.asm.text(key).raw(b"}");
        arrays.iter().for_each(|(name, array)| self.array(name, array));
        self.asm = self.asm.raw(b"s");
        self
    }

    fn write(self, folder: &Path) -> String {
        let storages: Vec<(&str, Vec<u8>)> =
            self.storages.iter().map(|(key, data)| (&key[..], data.clone())).collect();
        let path = folder.join("tiny.pth");
        std::fs::write(&path, pth_zip(&self.asm.stop(), &storages)).unwrap();
        path.to_str().unwrap().to_string()
    }

    fn load(self, options: LoadOptions<'_>) -> Result<Loaded, WeightsError> {
        let folder = tempfile::tempdir().unwrap();
        load_from(&Places::default(), &TINY, &self.write(folder.path()), &graph(5, 3), options)
    }

    fn network(self, options: LoadOptions<'_>) -> Result<(Graph, Loaded), WeightsError> {
        let folder = tempfile::tempdir().unwrap();
        load_network_from(&Places::default(), &TINY, &self.write(folder.path()), options)
    }
}

fn by_key(key: &str) -> LoadOptions<'_> {
    LoadOptions { key: Some(key), ..LoadOptions::default() }
}

fn by_prefix(prefix: &str) -> LoadOptions<'_> {
    LoadOptions { prefix: Some(prefix), ..LoadOptions::default() }
}

/// All values one more.
fn other() -> Arrays {
    params().into_iter().map(|(name, array)| (name, array + 1.0)).collect()
}

fn prefixed(prefix: &str) -> Arrays {
    params().into_iter().map(|(name, array)| (format!("{prefix}{name}"), array)).collect()
}

fn expected() -> Params {
    params().into_iter().collect()
}

fn check<T>(result: Result<T, WeightsError>, expected: &Expect) {
    let text = result.map(drop).unwrap_err().to_string();
    expected.assert_eq(text.split_once("tiny.").unwrap().1);
}

#[test]
fn the_dictionary_that_fits_is_taken() {
    // As PyTorch's ImageNet example saves it, whatever stands first.
    for order in [true, false] {
        let file = Checkpoint::new().raw("epoch", b"K\x03");
        let file = if order { file.tensor("best_acc1") } else { file };
        let file = file.dict("state_dict", &params());
        let file = if order { file } else { file.tensor("best_acc1") };
        let loaded = file.load(LoadOptions::default()).unwrap();
        assert_eq!(loaded.params, expected());
        assert_eq!(loaded.report.notes, ["the weights were taken from `state_dict`"]);
    }
    // One that has other names, whatever it is called and however large.
    let many: Arrays = (0..20).map(|i| (format!("d.{i}"), ArrayD::zeros(vec![2]))).collect();
    let file = Checkpoint::new().dict("model", &many).dict("generator", &params());
    assert_eq!(file.load(LoadOptions::default()).unwrap().params, expected());
}

#[test]
fn an_average_is_taken_only_by_its_key() {
    for averaged in ["model_ema", "ema", "swa_state_dict"] {
        for first in [true, false] {
            let file = || match first {
                true => Checkpoint::new().dict(averaged, &other()).dict("model", &params()),
                false => Checkpoint::new().dict("model", &params()).dict(averaged, &other()),
            };
            let loaded = file().load(LoadOptions::default()).unwrap();
            assert_eq!(loaded.params, expected());
            let said = format!("`{averaged}` fits as well: the key {averaged} selects it");
            assert_eq!(loaded.report.notes, ["the weights were taken from `model`", &said]);
            let loaded = file().load(by_key(averaged)).unwrap();
            assert_eq!(loaded.params, other().into_iter().collect());
            assert_eq!(loaded.report.notes, [format!("the weights were taken from `{averaged}`")]);
        }
    }
    // Alone, it is what there is.
    let loaded = Checkpoint::new().dict("ema_state_dict", &params()).load(LoadOptions::default()).unwrap();
    assert_eq!(loaded.params, expected());
}

#[test]
fn what_nothing_tells_apart_is_asked() {
    let file = || Checkpoint::new().dict("left", &params()).dict("right", &other());
    check(
        file().load(LoadOptions::default()),
        &expect![
            "pth: several dictionaries of arrays fit tiny equally well: left (8 arrays), right (8 arrays); choose one with `LoadOptions::key`"
        ],
    );
    assert_eq!(file().load(by_key("right")).unwrap().params, other().into_iter().collect());
    check(
        file().load(by_key("middle")),
        &expect![
            "pth: there are no arrays under the key `middle`, but there are some under left (8 arrays), right (8 arrays)"
        ],
    );
    // Two networks that differ in their classes alone are told apart only where the classes are given.
    let mut three = other();
    three.retain(|(name, _)| !name.starts_with("classifier.6"));
    three.push(("classifier.6.weight".into(), ArrayD::zeros(vec![3, 8])));
    three.push(("classifier.6.bias".into(), ArrayD::zeros(vec![3])));
    let file = || Checkpoint::new().dict("student", &three).dict("teacher", &params());
    assert_eq!(file().load(LoadOptions::default()).unwrap().params, expected());
    check(
        file().network(LoadOptions::default()),
        &expect![
            "pth: several dictionaries of arrays fit tiny equally well: student (8 arrays), teacher (8 arrays); choose one with `LoadOptions::key`"
        ],
    );
}

#[test]
fn a_prefix_of_all_names_is_taken_off() {
    for prefix in ["model.", "net.", "backbone.", "module.", "_orig_mod.module.", "a.b.c."] {
        let loaded =
            Checkpoint::new().dict("state_dict", &prefixed(prefix)).load(LoadOptions::default()).unwrap();
        assert_eq!(loaded.params, expected());
        let said = format!("the prefix `{prefix}` was removed");
        assert_eq!(loaded.report.notes, ["the weights were taken from `state_dict`", &said]);
    }
}

#[test]
fn a_prefix_of_some_names_is_taken_when_asked_for() {
    let mut arrays = prefixed("backbone.");
    arrays.push(("loss.weight".into(), ArrayD::zeros(vec![3])));
    let file = || Checkpoint::new().dict("state_dict", &arrays);
    check(
        file().load(LoadOptions::default()),
        &expect![[r#"
            pth: the weights under `state_dict` do not fit tiny
              missing (8): classifier.0.bias, classifier.0.weight, classifier.3.bias, classifier.3.weight, classifier.6.bias, classifier.6.weight, features.0.bias, features.0.weight
              unexpected (9): backbone.classifier.0.bias, backbone.classifier.0.weight, backbone.classifier.3.bias, backbone.classifier.3.weight, backbone.classifier.6.bias, backbone.classifier.6.weight, backbone.features.0.bias, backbone.features.0.weight, loss.weight
              8 parameters are found under `backbone.`: `LoadOptions::prefix` reads only those names"#]],
    );
    for prefix in ["backbone.", "backbone"] {
        let loaded = file().load(by_prefix(prefix)).unwrap();
        assert_eq!(loaded.params, expected());
        assert_eq!(
            loaded.report.notes[1..],
            ["the prefix `backbone.` was removed", "left out, because they have another prefix: 1 arrays"]
        );
    }
    check(
        file().load(by_prefix("encoder")),
        &expect!["pth: no array name begins with `encoder`; the first parts are backbone., loss."],
    );
}

/// A classifier of somebody's own: three classes, gray images.
#[test]
fn a_network_is_as_its_weights_were_saved() {
    let own: Arrays =
        Params::init(&graph(3, 1), 4).iter().map(|(name, array)| (name.to_string(), array.clone())).collect();
    let (network, loaded) = Checkpoint::new().dict("net", &own).network(LoadOptions::default()).unwrap();
    assert_eq!((network.input_shape(), network.output_shape()), ([1, 4, 4], &[3][..]));
    assert_eq!(loaded.params, own.into_iter().collect());
    assert_eq!(loaded.classes, None);
    // Without its last layer there is nothing to take the classes from.
    let mut headless = params();
    headless.retain(|(name, _)| !name.starts_with("classifier.6"));
    check(
        Checkpoint::new().dict("net", &headless).network(LoadOptions::default()),
        &expect![[r#"
            pth: the weights under `net` do not fit tiny
              missing (2): classifier.6.bias, classifier.6.weight
              everything else fits: ask for a new head to initialize `classifier.6` anew"#]],
    );
    let new = LoadOptions { new_head: true, ..LoadOptions::default() };
    let (network, loaded) = Checkpoint::new().dict("net", &headless).network(new).unwrap();
    assert_eq!((network.output_shape(), loaded.report.new_head), (&[5][..], true));
}

/// What is in the file, but in a form that is not read, is said to be that rather than missing alone.
#[test]
fn what_is_not_read_is_told() {
    let mut file = Checkpoint::new();
    for (name, array) in params() {
        if name == "features.0.bias" {
            let asm = std::mem::replace(&mut file.asm, Asm(Vec::new())).text(&name);
            file.asm = asm.global("numpy", "ndarray").raw(b"K\x02\x85Rs");
        } else {
            file.array(&name, &array);
        }
    }
    check(
        file.load(LoadOptions::default()),
        &expect![[r#"
            pth: the weights do not fit tiny
              in the file, but not as arrays of f64, f32, f16 or bf16 (1): features.0.bias (an object of `numpy.ndarray`)"#]],
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.safetensors");
    let names: Vec<String> = params().into_iter().map(|(name, _)| name).collect();
    let sizes: Vec<(Vec<usize>, Vec<u8>)> =
        params().iter().map(|(_, a)| (a.shape().to_vec(), vec![0x38; a.len()])).collect();
    let views = names.iter().zip(&sizes).map(|(name, (shape, data))| {
        let dtype = safetensors::tensor::Dtype::F8_E4M3;
        (name, safetensors::tensor::TensorView::new(dtype, shape.clone(), data).unwrap())
    });
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    let source = path.to_str().unwrap();
    check(
        load_from(&Places::default(), &TINY, source, &graph(5, 3), LoadOptions::default()),
        &expect![[r#"
            safetensors: the weights do not fit tiny
              in the file, but not as arrays of f64, f32, f16 or bf16 (8): classifier.0.bias (F8_E4M3), classifier.0.weight (F8_E4M3), classifier.3.bias (F8_E4M3), classifier.3.weight (F8_E4M3), classifier.6.bias (F8_E4M3), classifier.6.weight (F8_E4M3), features.0.bias (F8_E4M3), features.0.weight (F8_E4M3)
              8-bit floats have to be converted first, in Python: {name: array.float() for name, array in state_dict.items()}"#]],
    );
}

/// A layer that was quantized keeps its weights in an object.
#[test]
fn quantized_networks_are_told() {
    let mut arrays = params();
    arrays.retain(|(name, _)| !name.starts_with("classifier.6"));
    let mut file = Checkpoint::new();
    arrays.iter().for_each(|(name, array)| file.array(name, array));
    let packed = Asm::new().global("torch.jit._pickle", "restore_type_tag").raw(b")R").0[2..].to_vec();
    let file = file.raw("classifier.6._packed_params._packed_params", &packed);
    let text = file.load(LoadOptions::default()).map(drop).unwrap_err().to_string();
    assert!(text.contains("\n  these are the weights of a quantized network"), "{text}");
}

#[test]
fn a_variance_below_zero_is_refused() {
    let model = registry::find("resnet20").unwrap();
    let graph = trace((model.build)(10, 3).as_ref(), Mode::Eval, model.input).unwrap();
    let mut arrays: Arrays =
        Params::init(&graph, 0).iter().map(|(name, array)| (name.to_string(), array.clone())).collect();
    let variance = arrays.iter_mut().find(|(name, _)| name == "bn1.running_var").unwrap();
    variance.1[[3]] = -0.5;
    let folder = tempfile::tempdir().unwrap();
    let path = tiny::write(folder.path(), &arrays);
    check(
        load_from(&Places::default(), model, &path, &graph, LoadOptions::default()),
        &expect![
            "safetensors: bn1.running_var: value 3 is -0.5, and a variance cannot be below 0; the file is damaged, or was changed after training"
        ],
    );
}

/// timm's names in the order of its modules, which is that of the paper and of every other program.
fn names_of_timm(blocks_of_stages: [usize; 7]) -> Vec<String> {
    let norm = |name: &str| {
        ["weight", "bias", "running_mean", "running_var"].map(|end| format!("{name}.{end}")).to_vec()
    };
    let mut names = vec!["conv_stem.weight".to_string()];
    names.extend(norm("bn1"));
    for (stage, blocks) in blocks_of_stages.into_iter().enumerate() {
        for block in 0..blocks {
            let layers: &[&str] =
                if stage == 0 { &["conv_dw", "conv_pw"] } else { &["conv_pw", "conv_dw", "conv_pwl"] };
            for (i, layer) in layers.iter().enumerate() {
                names.push(format!("blocks.{stage}.{block}.{layer}.weight"));
                names.extend(norm(&format!("blocks.{stage}.{block}.bn{}", i + 1)));
            }
        }
    }
    names.push("conv_head.weight".into());
    names.extend(norm("bn2"));
    names.extend(["classifier.weight".into(), "classifier.bias".into()]);
    names
}

#[test]
fn networks_that_timm_calls_otherwise() {
    for (timm, ours, stages) in [
        ("mobilenetv2_100", "mobilenet_v2", [1, 2, 3, 4, 3, 3, 1]),
        ("tf_efficientnet_lite0", "efficientnet_lite0", [1, 2, 2, 3, 3, 4, 1]),
    ] {
        let model = registry::find(timm).unwrap();
        assert_eq!(model.name, ours);
        let graph = trace((model.build)(7, 3).as_ref(), Mode::Eval, model.input).unwrap();
        let params = Params::init(&graph, 5);
        let names = names_of_timm(stages);
        assert_eq!(names.len(), params.iter().count());
        let arrays: Arrays = names
            .into_iter()
            .zip(graph.params())
            .map(|(timm, (ours, _))| (timm, params.get(&ours).unwrap().clone()))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = tiny::write(folder.path(), &arrays);
        let (found, loaded) =
            load_network_from(&Places::default(), model, &path, LoadOptions::default()).unwrap();
        assert_eq!(found.output_shape(), [7]);
        // Their repositories on the hub are looked for, rather than refused as another network's.
        let hub = load_network_from(
            &Places::default(),
            model,
            &format!("timm/{timm}.in1k"),
            LoadOptions::default(),
        );
        assert!(matches!(hub, Err(WeightsError::NotHere { .. })));
        assert!(loaded.params == params, "{timm}");
        assert!(loaded.report.notes.contains(&"the names are timm's".to_string()));
        let doubt = loaded.report.notes.iter().any(|note| note.contains("would give wrong answers"));
        assert_eq!(doubt, ours == "efficientnet_lite0", "{:?}", loaded.report.notes);
    }
}

/// Networks that look like ours and compute something else.
#[test]
fn networks_that_are_others() {
    expect!["no model `resnet50d`; a ResNet-D begins with three 3x3 convolutions where a ResNet has one of 7x7, and averages in its shortcuts: it is another network, whose weights mean nothing in this one"]
        .assert_eq(&registry::find("resnet50d").unwrap_err().to_string());
    let model = registry::find("resnet18").unwrap();
    let graph = trace((model.build)(1000, 3).as_ref(), Mode::Eval, model.input).unwrap();
    let load = |source: &str| load_from(&Places::default(), model, source, &graph, LoadOptions::default());
    let text = load("timm/resnet18d.ra2_in1k").unwrap_err().to_string();
    expect!["the weights timm/resnet18d.ra2_in1k are for resnet18d, not for resnet18; a ResNet-D begins with three 3x3 convolutions where a ResNet has one of 7x7, and averages in its shortcuts: it is another network, whose weights mean nothing in this one"]
        .assert_eq(&text);
    // A file of such weights is known by its names.
    let deep = ["conv1.0.weight", "conv1.3.weight", "conv1.6.weight", "layer1.0.conv1.weight"];
    let arrays: Arrays = deep.map(|name| (name.to_string(), ArrayD::zeros(vec![1]))).to_vec();
    let folder = tempfile::tempdir().unwrap();
    let path = tiny::write(folder.path(), &arrays);
    let text = load(&path).unwrap_err().to_string();
    assert!(text.contains("\n  a ResNet-D begins with three 3x3 convolutions"), "{text}");
    // The config.json beside weights says what their names do not.
    let model = registry::find("efficientnet_lite0").unwrap();
    let config = r#"{"architecture": "efficientnet_lite0", "pretrained_cfg": {"input_size": [3, 224, 224],
        "interpolation": "bicubic", "crop_pct": 0.875, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}"#;
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let text =
        load_network_from(&Places::default(), model, &path, LoadOptions::default()).unwrap_err().to_string();
    assert!(text.contains("timm's efficientnet_lite0 pads evenly"), "{text}");
}

/// What timm's `config.json` asks for is done, or said not to be.
#[test]
fn the_size_and_the_crop_of_a_config() {
    let model = registry::find("resnet20").unwrap();
    let graph = trace((model.build)(10, 3).as_ref(), Mode::Eval, model.input).unwrap();
    let arrays: Arrays =
        Params::init(&graph, 0).iter().map(|(name, array)| (name.to_string(), array.clone())).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = tiny::write(folder.path(), &arrays);
    let config = |mode: &str| {
        let text = format!(
            r#"{{"architecture": "resnet20", "pretrained_cfg": {{"input_size": [3, 40, 40], "interpolation": "bilinear",
            "crop_pct": 0.8, "crop_mode": "{mode}", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}}}"#
        );
        std::fs::write(folder.path().join("config.json"), text).unwrap();
    };
    config("center");
    let network = || load_network_from(&Places::default(), model, &path, LoadOptions::default()).unwrap();
    let (found, loaded) = network();
    let preprocess = loaded.preprocess.unwrap();
    assert_eq!(
        (found.input_shape(), preprocess.shape(), preprocess.resize_shorter),
        ([3, 40, 40], [3, 40, 40], Some(50))
    );
    assert_eq!(loaded.report.notes, [""; 0]);
    config("squash");
    assert_eq!(
        network().1.report.notes,
        [
            "config.json asks for crop_mode squash, which striate does not have: the middle of each image is cut out, so answers differ a little from timm's"
        ]
    );
    // A network of another size keeps the part of the image, and it is said.
    config("center");
    let loaded = load_from(&Places::default(), model, &path, &graph, LoadOptions::default()).unwrap();
    assert_eq!(loaded.report.notes, ["the weights are for images of 40 px, but the network takes 32 x 32"]);
    assert_eq!(loaded.preprocess.unwrap().resize_shorter, Some(40));
}
