//! A folder of images and a network that has learned: `finetune`, and the pages it and `val` write.

mod common;

use std::fs;
use std::path::Path;

use common::Place;
use serde_json::Value;
use striate::data::load;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// `few` digits, a small network that learned them a little, and `images/NAME`: a folder of PNG for each of three digits.
fn prepared(each: usize) -> Place {
    let place = Place::new();
    place.few_digits(600);
    place.succeed("train few --epochs 2 --quiet --name base --threads 1");
    let digits = load("digits").unwrap();
    let names = ["zero <b>", "one", "zwölf & mehr"];
    for (label, name) in (0..).zip(names) {
        let folder = place.path().join("images").join(name);
        fs::create_dir_all(&folder).unwrap();
        // Not those that the network learned.
        let of_class = (0..digits.test.len()).filter(|&i| digits.test.label(i) == label);
        for i in of_class.take(each) {
            write_png(&folder.join(format!("{i}.png")), &digits.test.image(i).unwrap().pixels);
        }
    }
    place
}

fn write_png(path: &Path, pixels: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

const FINETUNE: &str =
    "finetune images --model convnet --weights runs/base/model.safetensors --quiet --threads 1";

#[test]
fn a_folder_becomes_a_classifier_with_a_page() {
    let place = prepared(12);
    let found = json(&place.succeed(&format!("{FINETUNE} --json")));
    let accuracy = found["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.8, "three digits by a network that knows ten: {accuracy}");
    assert_eq!((&found["images"], &found["folds"]), (&36.into(), &5.into()));
    assert_eq!(found["compared_with"].as_array().unwrap().len(), 2);
    assert!(found["unfreeze"].as_str().unwrap().contains("unlikely to be worth it"), "{found}");

    let run = place.path().join("runs/finetune");
    for name in
        ["model.safetensors", "report.html", "mistakes.png", "confusion_matrix.png", "confusion_matrix.svg"]
    {
        assert!(run.join(name).is_file(), "{name}");
    }
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    let percent = format!("{:.2} %", 100.0 * accuracy);
    for said in [
        &percent,
        "5-fold cross-validation of 36 images",
        "zero &lt;b&gt;",
        "nearest class mean",
        "raw pixels",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(page.contains("striate finetune images --model convnet --weights runs/base/model.safetensors"));
    assert!(!page.contains("<script") && !page.contains("<b>"));

    // The model is a model: it can be asked, and says the names of the folders.
    let asked = json(&place.succeed("predict runs/finetune images/one --json --topk 1"));
    let answers = asked["predictions"].as_array().unwrap();
    let right = answers.iter().filter(|answer| answer["top"][0]["class"] == "one").count();
    assert!(answers.len() == 12 && right >= 11, "{asked}");

    // A folder with fewer classes, in another order of its own, is matched by name; images it learned from are no proof.
    fs::create_dir_all(place.path().join("two/train")).unwrap();
    fs::create_dir_all(place.path().join("two/val")).unwrap();
    for (split, name) in
        [("train", "one"), ("val", "one"), ("train", "zwölf & mehr"), ("val", "zwölf & mehr")]
    {
        let to = place.path().join("two").join(split).join(name);
        fs::create_dir(&to).unwrap();
        for file in fs::read_dir(place.path().join("images").join(name)).unwrap().flatten() {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    let two = json(&place.succeed("val runs/finetune two --json"));
    assert!(two["images"] == 24 && two["accuracy_top1"].as_f64().unwrap() > 0.9, "{two}");
    assert!(place.succeed("val runs/finetune images").contains("The model was trained on"));

    // Again, and with other threads: features come from the cache, and everything is the same to the bit.
    let kept: Vec<_> = fs::read_dir(place.path().join("cache/features")).unwrap().collect();
    assert_eq!(kept.len(), 1);
    place.succeed(&FINETUNE.replace("--threads 1", "--threads 2"));
    place.succeed(FINETUNE);
    let bytes = |run: &str| fs::read(place.path().join(run).join("model.safetensors")).unwrap();
    assert!(
        bytes("runs/finetune") == bytes("runs/finetune2")
            && bytes("runs/finetune") == bytes("runs/finetune3")
    );
}

#[test]
fn what_the_folder_keeps_apart_is_measured_apart_and_all_of_it_can_be_trained() {
    let place = prepared(14);
    for name in ["zero <b>", "one", "zwölf & mehr"] {
        for (split, range) in [("train", 0..10), ("val", 10..14)] {
            let to = place.path().join("photos/split").join(split).join(name);
            fs::create_dir_all(&to).unwrap();
            let mut files: Vec<_> = fs::read_dir(place.path().join("images").join(name))
                .unwrap()
                .map(|f| f.unwrap().path())
                .collect();
            files.sort();
            for file in &files[range] {
                fs::copy(file, to.join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    let said =
        place.succeed(&format!("{} --unfreeze --epochs 1", FINETUNE.replace("images", "photos/split")));
    assert!(said.contains("5-fold cross-validation of 30 images"), "{said}");
    assert!(said.contains("this classifier on the held-out images"), "{said}");
    assert!(said.contains("All layers, trained for 1 epoch in"), "{said}");
    assert!(said.contains("on the 12 held-out images; the fitted last layer alone:"), "{said}");
    assert!(place.path().join("runs/finetune/unfrozen/model.safetensors").is_file());
    let page = fs::read_to_string(place.path().join("runs/finetune/unfrozen/report.html")).unwrap();
    assert!(page.contains("Training</h2>"), "it has curves");
    assert!(page.contains("held out of the training set. The figures are for the 12 test images"), "{page}");

    // Each model finds the images that it was trained on, which are not below this folder by their name alone.
    for model in ["runs/finetune", "runs/finetune/unfrozen"] {
        let found = json(&place.succeed(&format!("val {model} --json")));
        assert_eq!((&found["images"], &found["data"]), (&12.into(), &"split".into()), "{found}");
    }

    // A second run into the same folder replaces both runs in it.
    let model = || fs::read(place.path().join("runs/finetune/unfrozen/model.safetensors")).unwrap();
    let (first, line) =
        (model(), format!("{} --unfreeze --exist-ok", FINETUNE.replace("images", "photos/split")));
    place.succeed(&format!("{line} --epochs 2"));
    assert_ne!(model(), first);
    assert!(!place.path().join("runs/finetune/unfrozen2").exists());
}

#[test]
fn a_wrong_label_is_named() {
    let place = prepared(12);
    let one = fs::read_dir(place.path().join("images/one")).unwrap().flatten().next().unwrap();
    fs::rename(one.path(), place.path().join("images/zero <b>/planted.png")).unwrap();
    let found = json(&place.succeed(&format!("{FINETUNE} --json")));
    let first = &found["suspicious_labels"][0];
    assert_eq!(first["image"], "zero <b>/planted.png", "{found}");
    assert_eq!([&first["class"], &first["looks_like"]], ["zero <b>", "one"]);
    assert!(
        first["class_probability"].as_f64().unwrap() <= 0.1 && first["probability"].as_f64().unwrap() > 0.5
    );
    let page = fs::read_to_string(place.path().join("runs/finetune/report.html")).unwrap();
    assert!(page.contains("zero &lt;b&gt;/planted.png (labeled zero &lt;b&gt;, looks like one)"), "{page}");
    let said = place.succeed(FINETUNE);
    assert!(said.contains("suspicious label") && said.contains("zero <b>/planted.png"), "{said}");

    // The same list by the check of a folder, which trains nothing.
    let check = "data check images --model convnet --weights runs/base/model.safetensors";
    let checked = json(&place.succeed(&format!("{check} --json")));
    assert_eq!(checked["suspicious_labels"], found["suspicious_labels"]);
    assert!(place.succeed(check).contains("zero <b>/planted.png"));
    let plain = json(&place.succeed("data check images --json"));
    assert_eq!(plain.get("suspicious_labels"), None, "nobody asked");
}

#[test]
fn what_it_is_doing_is_said_where_there_is_no_terminal() {
    let place = prepared(6);
    let ran = place.run(&FINETUNE.replace("--quiet ", ""));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // No bar, nothing of nothing, and no estimate before anything is done.
    let is_wrong = |line: &str| {
        line.contains('━') || line.contains(" 0 of 0") || line.contains(": 0 of") && line.contains("left")
    };
    assert!(!ran.stderr.lines().any(is_wrong), "{}", ran.stderr);
    assert_eq!(place.run(FINETUNE).stderr, "", "and nothing when it is quiet");
}

#[test]
fn what_cannot_be_learned_is_refused_before_anything_is_made() {
    let place = prepared(3);
    fs::write(place.path().join("images/one/broken.png"), "no image").unwrap();
    let ran = place.run(FINETUNE);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("one/broken.png"), "{}", ran.stderr);
    assert!(!place.path().join("runs/finetune").exists());
    let skipped = place.run(&format!("{FINETUNE} --skip-bad --json"));
    assert_eq!(skipped.code, 0, "{}", skipped.stderr);
    assert_eq!(json(&skipped.stdout)["images"], 9);

    fs::create_dir(place.path().join("images/lonely")).unwrap();
    let one = fs::read_dir(place.path().join("images/zero <b>")).unwrap().flatten().next().unwrap();
    fs::copy(one.path(), place.path().join("images/lonely/a.png")).unwrap();
    let ran = place.run(&format!("{FINETUNE} --skip-bad"));
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("lonely"), "{}", ran.stderr);

    let ran = place.run("finetune images --model no_such_net");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let ran = place.run("finetune images --model convnet --weights absent.safetensors");
    assert!(ran.code != 0 && ran.stderr.contains("absent.safetensors"), "{}", ran.stderr);
}

#[test]
fn val_writes_its_page_beside_the_model_or_where_it_is_told() {
    let place = Place::new();
    place.few_digits(300);
    place.succeed("train few --epochs 2 --quiet");
    let page = |name: &str| fs::read_to_string(place.path().join("runs/train").join(name)).unwrap();
    let own = page("report.html");
    let said = place.succeed("val runs/train few");
    assert!(said.contains("report: runs/train/report-val-few-test.html"), "{said}");
    let html = page("report-val-few-test.html");
    assert!(html.contains("<a href=\"./report.html\">"), "it leads back to the page of the run");
    assert!(
        html.contains("<pre>striate train few --epochs 2</pre>\n<pre>striate val runs/train few</pre>"),
        "{html}"
    );
    assert!(html.contains("<dt>Epoch kept</dt><dd>") && html.contains(" of 2</dd>"), "{html}");
    for part in [
        "Training</h2>",
        "Worst mistakes",
        "Class by class",
        "Calibration</h2>",
        "striate train few --epochs 2",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // No measurement takes the place of another, and one that is made again does.
    place.succeed("val runs/train digits");
    place.succeed("val runs/train/last.safetensors few");
    place.succeed("val runs/train few");
    let mut pages: Vec<_> = fs::read_dir(place.path().join("runs/train"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".html"))
        .collect();
    pages.sort();
    let is_last = own.contains("<dd>2 of 2</dd>");
    let of_last = if is_last { vec![] } else { vec!["report-val-few-test-2.html"] };
    let expected =
        [&["report-val-digits-test.html"][..], &of_last, &["report-val-few-test.html", "report.html"]]
            .concat();
    assert_eq!(pages, expected);
    assert!(page("report.html") == own && page("report-val-few-test.html") == html, "they are as they were");
    fs::copy(place.path().join("runs/train/model.safetensors"), place.path().join("alone.safetensors"))
        .unwrap();
    assert!(!place.succeed("val alone.safetensors few").contains("report:"));
    place.succeed("val alone.safetensors few --report it.html --json");
    let alone = fs::read_to_string(place.path().join("it.html")).unwrap();
    assert!(!alone.contains("Training</h2>"), "a model alone has no curves");
}

#[test]
fn predict_averages_an_image_and_its_mirror_image() {
    let place = prepared(2);
    let ask =
        |flags: &str| json(&place.succeed(&format!("predict runs/base images/one --json --topk 10 {flags}")));
    let (once, both) = (ask(""), ask("--tta"));
    assert_eq!((&once["tta"], &both["tta"]), (&false.into(), &true.into()));
    let sum: f64 = both["predictions"][0]["top"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["probability"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    assert_ne!(once["predictions"], both["predictions"]);
    let ran = place.run("predict runs/base");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("expected MODEL and IMAGES"), "{}", ran.stderr);
    let ran = place.run("predict --weights x.pth runs/base images/one");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

/// What cannot be printed between fitting and training ends nothing.
#[test]
#[cfg(unix)]
fn a_reader_that_left_does_not_end_the_training() {
    let place = prepared(12);
    let line = format!("{FINETUNE} --unfreeze --epochs 1");
    let mut command = place.command(&line.split_whitespace().collect::<Vec<_>>());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = command.stdout(writer).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    assert!(place.path().join("runs/finetune/unfrozen/model.safetensors").is_file());
}
