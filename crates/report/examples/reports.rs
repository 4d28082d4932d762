//! Writes pages from made-up answers, to judge their looks: `cargo run -p striate-report --example reports -- FOLDER`.

use std::{error::Error, fs, path::Path};

use striate_report::Comparison;
use striate_report::chart::Curves;
use striate_report::page::{Mistake, Page};
use striate_report::{Answer, Calibration, Confusion, Thumbnail, worst};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: reports FOLDER")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let hostile = [
        "<img src=x onerror=alert(1)>",
        "</style><script>alert(1)</script>",
        "a name that is far too long for any table, any axis and any phone, and still goes on",
        "שלום",
        "猫 と 犬",
        "Größe \u{202e}gnp.exe",
    ];
    let pets = ["cat", "dog"].map(str::to_owned);
    let many: Vec<String> = (0..100).map(|i| format!("n0{}-class {i}", 2_000_000 + 37 * i)).collect();
    for (name, classes) in [("two", &pets[..]), ("hostile", &hostile.map(str::to_owned)), ("hundred", &many)]
    {
        fs::write(folder.join(format!("report-{name}.html")), page(name, classes)?)?;
    }
    Ok(())
}

/// Answers that are surer than right, with their mistakes.
fn page(title: &str, classes: &[String]) -> Result<String, Box<dyn Error>> {
    let n = classes.len();
    let (mut confusion, mut calibration, mut answers) =
        (Confusion::new(n), Calibration::default(), Vec::new());
    for i in 0..(40 * n).max(600) {
        let label = i % n;
        let logits: Vec<f32> =
            (0..n).map(|c| 4.0 * noise(i, c) + if c == label { 3.5 } else { 0.0 }).collect();
        let probabilities = striate_base::softmax(&logits);
        let answer = Answer::new(&probabilities, label);
        confusion.add(label, answer.predicted as usize)?;
        calibration.add(&probabilities, label)?;
        answers.push(answer);
    }
    let mistake = |i: usize| -> Result<Mistake, Box<dyn Error>> {
        let (width, height) = [(90, 60), (60, 90), (28, 28)][i % 3];
        let pixels: Vec<u8> = (0..width * height * 3)
            .map(|p| (p / 3 % width * 255 / width) as u8 ^ (i * 40 + p % 3 * 60) as u8)
            .collect();
        Ok(Mistake {
            image: Thumbnail::new(width, height, 3, &pixels, 160)?,
            name: format!("{}/IMG_{i:04}.jpg", classes[i % n]),
            label: answers[i].label as usize,
            predicted: answers[i].predicted as usize,
            probability: answers[i].probability.into(),
            label_probability: answers[i].label_probability.into(),
        })
    };
    let series = |from: f64, to: f64| -> Vec<f64> {
        (0..20).map(|e| to + (from - to) * f64::exp(-0.25 * f64::from(e))).collect()
    };
    let curves = [series(2.0, 0.2), series(1.9, 0.5), series(0.3, 0.98), series(0.35, 0.9)];
    let mut page = Page::new(title, classes, &confusion);
    page.subtitle = "Epoch 17 of 20, on images it did not learn from.".into();
    page.top5_hits = Some(confusion.hits() + 9);
    page.calibration = Some(&calibration);
    page.curves = Some(Curves {
        title,
        train_loss: &curves[0],
        val_loss: &curves[1],
        train_accuracy: &curves[2],
        val_accuracy: &curves[3],
        kept: Some(17),
    });
    page.comparisons = vec![Comparison {
        name: "raw pixels, the same method".into(),
        hits: confusion.hits() / 3,
        images: confusion.total(),
    }];
    page.mistakes = worst(&answers).into_iter().take(24).map(mistake).collect::<Result<_, _>>()?;
    page.notes = vec!["Numbers on this page are made up.".into()];
    page.facts = vec![("Network", "none".into()), ("Learned from", classes[0].clone())];
    page.commands = vec!["striate train pets --model resnet18 --epochs 20".into()];
    Ok(page.to_html()?)
}

/// −1 to 1, from a hash.
fn noise(i: usize, j: usize) -> f32 {
    let mut h = (i as u32).wrapping_mul(0x9e37_79b9) ^ (j as u32).wrapping_mul(0x85eb_ca6b);
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    h ^= h >> 16;
    (h >> 8) as f32 / 8_388_608.0 - 1.0
}
