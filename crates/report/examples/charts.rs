//! Draws one chart of each kind from made-up numbers, to judge their looks:
//! `cargo run -p striate-report --example charts -- FOLDER`.

use std::{error::Error, fs, path::Path};

use striate_report::{
    Confusion,
    chart::{Curves, Scene, confusion, curves},
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: charts FOLDER")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    for epochs in [1, 5, 12, 100, 1000] {
        save(folder, &format!("curves-{epochs}"), &made_up_curves(epochs))?;
    }
    save(folder, "curves-gaps", &with_gaps())?;
    let digits: Vec<String> = (0..10).map(|d| d.to_string()).collect();
    save(folder, "confusion-digits", &made_up_confusion(&digits, 200)?)?;
    let pets = ["cat", "dog"].map(str::to_owned);
    save(folder, "confusion-2", &made_up_confusion(&pets, 1200)?)?;
    let garments = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ];
    save(folder, "confusion-fashion", &made_up_confusion(&garments.map(str::to_owned), 1000)?)?;
    let birds: Vec<String> = (0..30).map(|i| format!("Blaukehlchen Unterart {i} <größte>")).collect();
    save(folder, "confusion-30", &made_up_confusion(&birds, 60)?)?;
    for classes in [100, 1000] {
        let names: Vec<String> = (0..classes).map(|i| format!("class {i}")).collect();
        save(folder, &format!("confusion-{classes}"), &made_up_confusion(&names, 20)?)?;
    }
    Ok(())
}

fn save(folder: &Path, name: &str, scene: &Scene) -> Result<(), Box<dyn Error>> {
    fs::write(folder.join(format!("{name}.svg")), scene.to_svg())?;
    fs::write(folder.join(format!("{name}.png")), scene.to_png(2.0)?)?;
    Ok(())
}

/// A number in 0 .. 1 that looks random and is the same every time.
fn noise(i: usize) -> f64 {
    let hash = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1u64 << 53) as f64
}

fn made_up_curves(epochs: usize) -> Scene {
    let series = |from: f64, to: f64, wobble: f64, salt: usize| -> Vec<f64> {
        let decay = |i: usize| (-4.0 * i as f64 / epochs as f64).exp();
        (0..epochs).map(|i| to + (from - to) * decay(i) + wobble * (noise(i + salt) - 0.5)).collect()
    };
    curves(&Curves {
        title: &format!("made-up numbers, {epochs} epochs"),
        train_loss: &series(0.42, 0.012, 0.004, 0),
        val_loss: &series(0.21, 0.041, 0.01, 7_000),
        train_accuracy: &series(0.88, 0.9971, 0.001, 14_000),
        val_accuracy: &series(0.94, 0.9893, 0.002, 21_000),
        kept: Some(epochs),
    })
}

fn with_gaps() -> Scene {
    let every_third = |from: f64, to: f64| -> Vec<f64> {
        let value = |i: usize| from + (to - from) * i as f64 / 11.0;
        (0..12).map(|i| if i % 3 == 2 { value(i) } else { f64::NAN }).collect()
    };
    curves(&Curves {
        title: "made-up numbers: validation every third epoch, two epochs lost",
        train_loss: &[2.3, 1.9, 1.6, 1.3, f64::NAN, f64::NAN, 0.9, 0.8, 0.72, 0.66, 0.63, 0.61],
        val_loss: &every_third(2.2, 0.7),
        train_accuracy: &[],
        val_accuracy: &every_third(0.12, 0.81),
        kept: Some(12),
    })
}

/// Mostly right, the rest one or two classes off; the last class of large sets has no images.
fn made_up_confusion(names: &[String], images: usize) -> Result<Scene, Box<dyn Error>> {
    let classes = names.len();
    let mut matrix = Confusion::new(classes);
    for label in 0..if classes > 20 { classes - 1 } else { classes } {
        for image in 0..images {
            let draw = noise(label * images + image);
            let hit = 0.99 - 0.5 * noise(label + 500_000).powi(3);
            let miss = (label + 1 + (draw * 1e4) as usize % 3 * (1 + label % 4)) % classes;
            matrix.add(label, if draw < hit { label } else { miss })?;
        }
    }
    Ok(confusion("made-up numbers", &matrix, names)?)
}
