//! The golden files, which are made by scripts and never by hand, and how each is made again.

use crate::cargo::root;
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// A file, or a set of files, that a script makes.
struct Golden {
    what: &'static str,
    script: &'static str,
    /// The Python modules that the script needs, and how to get them; `None` if it needs a file that the user must provide.
    needs: Option<(&'static str, &'static str)>,
    /// The command that a person would type.
    by_hand: &'static str,
    /// Whether the script accepts `--check`.
    checks: bool,
}

const VENV: &str = "bench/peers/.venv/bin/python";

const ALL: &[Golden] = &[
    Golden {
        what: "crates/testkit/golden/*.json: networks, gradients and optimizers in PyTorch",
        script: "tools/golden/make.py",
        needs: Some(("torch", "bench/peers/setup.sh torch")),
        by_hand: "bench/peers/.venv/bin/python tools/golden/make.py",
        checks: true,
    },
    Golden {
        what: "crates/testkit/golden/zoo/*.json: torchvision's networks",
        script: "tools/golden/zoo.py",
        needs: Some(("torchvision", "bench/peers/setup.sh torchvision")),
        by_hand: "bench/peers/.venv/bin/python tools/golden/zoo.py",
        checks: true,
    },
    Golden {
        what: "crates/testkit/golden/attribution/*.json: attributions by captum and pytorch-grad-cam",
        script: "tools/golden/attribution.py",
        needs: Some(("captum, pytorch_grad_cam", "bench/peers/setup.sh attribution")),
        by_hand: "bench/peers/.venv/bin/python tools/golden/attribution.py",
        checks: true,
    },
    Golden {
        what: "crates/image/tests/golden/pillow.txt: resizing, colors and files in Pillow",
        script: "crates/image/tests/golden/pillow.py",
        needs: Some(("PIL", "python3 -m pip install 'pillow<13'")),
        by_hand: "python3 crates/image/tests/golden/pillow.py",
        checks: false,
    },
    Golden {
        what: "crates/formats/tests/golden/*.pth: weights as torch saves them, in three containers",
        script: "crates/formats/tests/golden/pth.py",
        needs: Some(("torch", "bench/peers/setup.sh torch")),
        by_hand: "bench/peers/.venv/bin/python crates/formats/tests/golden/pth.py",
        checks: false,
    },
    Golden {
        what: "crates/data/assets/digits.gz: the embedded digits",
        script: "tools/digits/pack.py",
        needs: None,
        by_hand: "python3 tools/digits/pack.py MNIST_FOLDER",
        checks: false,
    },
    Golden {
        what: "crates/report/assets/DejaVuSans-subset.ttf: the font of the charts",
        script: "tools/font/subset.py",
        needs: None,
        by_hand: "python3 tools/font/subset.py DEJAVU_SANS_TTF (needs fonttools)",
        checks: false,
    },
];

/// Remakes the files that can be made on this machine, and prints how to make the rest. With `check`, compares instead.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut left = Vec::new();
    for golden in ALL.iter().filter(|g| g.checks || !check) {
        println!("── {}", golden.what);
        let Some((module, install)) = golden.needs else {
            println!("   made from a file that you must provide: {}", golden.by_hand);
            continue;
        };
        let Some(python) = python_with(module) else {
            println!("   no Python with `{module}` found; to install it: {install}");
            println!("   then: {}", golden.by_hand);
            left.push(golden.script);
            continue;
        };
        let mut command = Command::new(python);
        command.current_dir(root()).arg(golden.script).args(check.then_some("--check"));
        match command.status() {
            Ok(status) if status.success() => println!("   done"),
            Ok(status) => bail!("{}: {status}", golden.script),
            Err(error) => bail!("{}: {python}: {error}", golden.script),
        }
    }
    if !left.is_empty() {
        bail!("not run: {}", left.join(", "));
    }
    println!("to see what changed: git diff --stat");
    Ok(())
}

/// The pinned environment of bench/peers first, then the system's Python.
fn python_with(module: &str) -> Option<&'static str> {
    let has = |python: &&str| {
        let mut command = Command::new(python);
        command.current_dir(root()).args(["-c", &format!("import {module}")]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    [VENV, "python3"].into_iter().find(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_there() {
        for golden in ALL {
            assert!(root().join(golden.script).is_file(), "{}", golden.script);
            assert!(golden.by_hand.contains(golden.script));
        }
    }
}
