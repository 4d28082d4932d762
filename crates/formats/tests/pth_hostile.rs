//! Files that mean harm: pickles that call, bomb and lie, in each of the three containers, zips that say two things, tars
//! and headers that lie. Each must be refused with an error that names the cause, without a panic on a small stack, and
//! without memory that its size does not justify. Alone in its program, since the memory is measured.

mod hostile;
#[path = "common/torch.rs"]
mod torch;

use hostile::{bombs, calls, containers, others, structures, tensors, zips};
use std::io::Write;
use striate_formats::{Weights, read_weights};
use striate_testkit::{Memory, memory, peak_bytes};
use torch::one_tensor;

#[global_allocator]
static MEMORY: Memory = memory();

/// Reads a file and checks what is said, and that memory stays below twice the file and 16 MiB.
fn refuse(name: &str, bytes: &[u8], said: &str, failures: &mut Vec<String>) {
    let (result, peak) = peak_bytes(|| Weights::from_bytes(bytes));
    match result {
        Ok(weights) => failures.push(format!("{name}: read as {:?}", weights.tensors.keys())),
        Err(error) if !error.to_string().contains(said) => {
            failures.push(format!("{name}: expected {said:?}, got: {error}"));
        }
        Err(_) => {}
    }
    if peak > 2 * bytes.len() + (16 << 20) {
        failures.push(format!("{name}: a peak of {peak} bytes for a file of {}", bytes.len()));
    }
}

fn suite() {
    let mut failures = Vec::new();
    let mut count = 0;
    let pickles = [calls(), structures(), bombs()].concat();
    for (name, pickle, said) in &pickles {
        for (container, bytes) in containers(pickle) {
            refuse(&format!("{name} in a {container}"), &bytes, said, &mut failures);
            count += 1;
        }
    }
    for (name, pickle, said) in tensors() {
        for (container, bytes) in &containers(&pickle)[..2] {
            refuse(&format!("{name} in a {container}"), bytes, &said, &mut failures);
            count += 1;
        }
    }
    for (name, bytes, said) in [zips(), others()].concat() {
        refuse(&name, &bytes, &said, &mut failures);
        count += 1;
    }
    let _ = writeln!(std::io::stderr(), "{} pickles, {count} files", pickles.len() + tensors().len());
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    // The same tools make files that are read: it is the harm that is refused.
    for (_, bytes) in &containers(&one_tensor("fc.weight", &[2, 3]))[..2] {
        assert_eq!(Weights::from_bytes(bytes).unwrap().tensors["fc.weight"].shape(), [2, 3]);
    }
    // And the error names the file.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evil.pth");
    std::fs::write(&path, &containers(&pickles[0].1)[0].1).unwrap();
    let error = read_weights(&path).unwrap_err().to_string();
    assert!(error.starts_with(&path.display().to_string()) && error.contains("`os.system`"), "{error}");
}

/// On a stack of 256 KiB: nothing may recurse by what a file says.
#[test]
fn files_that_mean_harm() {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(suite).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}
