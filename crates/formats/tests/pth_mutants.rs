//! Damaged weights of every container, by chance: each gives arrays or an error, and none takes memory that its size does not
//! justify. Alone in its program, since the memory is measured.

use std::path::Path;
use striate_formats::Weights;
use striate_testkit::{Memory, Sample, memory, peak_bytes};

#[global_allocator]
static MEMORY: Memory = memory();

#[test]
fn ten_thousand_mutants_do_no_harm() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = ["zip.pth", "legacy.pth", "tar.pth", "wrapped.pth", "protocol4.pth"];
    let files = files.map(|name| std::fs::read(golden.join(name)).unwrap());
    let mut rng = Sample::new(11);
    let (mut refused, mut read) = (0, 0);
    let read_all = || {
        for number in 0..10_000 {
            let mutant = mutate(&files[number % files.len()], &mut rng);
            match Weights::from_bytes(&mutant) {
                Ok(weights) => read += usize::from(weights.tensors.len() < 1000),
                Err(error) => refused += usize::from(!error.to_string().is_empty()),
            }
        }
    };
    let ((), peak) = peak_bytes(read_all);
    assert_eq!(refused + read, 10_000);
    // A legacy file and a tar have no checksums of their values: a changed value is a value.
    assert!(refused > 5_000 && read > 100, "{refused} refused, {read} read");
    assert!(peak < 4 << 20, "a peak of {peak} bytes for files of at most 10 kB");
}

/// One to four changes: bits, bytes that mean something to a pickle, numbers, cuts, doublings.
fn mutate(original: &[u8], rng: &mut Sample) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..rng.usize_in(1..=4) {
        let at = rng.usize_in(0..=bytes.len().saturating_sub(1));
        match rng.usize_in(0..=6) {
            _ if bytes.len() < 32 => return bytes,
            0 => bytes[at] ^= 1 << rng.usize_in(0..=7),
            1 => bytes[at] = rng.choose(b"().]}NKMJXqhtRQbsuae\x80\x81\x85\x8a\x93\x94\x00\xff"),
            2 if rng.usize_in(0..=3) == 0 => bytes.truncate(at),
            3 => drop(bytes.splice(at..at, original[..rng.usize_in(0..=64)].iter().copied())),
            4 => drop(bytes.drain(at..(at + rng.usize_in(1..=64)).min(bytes.len()))),
            _ => {
                let number = rng.choose(&[0, 1, 0x7f, 0xffff, 0x7fff_ffff, 0xffff_ffff_u32]).to_le_bytes();
                let at = at.min(bytes.len() - 4);
                bytes[at..at + 4].copy_from_slice(&number);
            }
        }
    }
    bytes
}
