//! Ten thousand damaged files: each gives a model or an error, and none makes the loader take memory that the file does not
//! justify. Alone in its program, since the memory is measured.

mod common;

use common::{join, model, signed, split};
use striate_formats::ModelFile;
use striate_testkit::{Memory, Sample, memory, peak_bytes};

#[global_allocator]
static MEMORY: Memory = memory();

#[test]
fn ten_thousand_mutants_do_no_harm() {
    let original = model().to_bytes().unwrap();
    let mut rng = Sample::new(7);
    // The whole file once: what an honest load takes.
    ModelFile::from_bytes(&original).unwrap();
    let (mut refused, mut loaded) = (0, 0);
    let load_all = || {
        for number in 0..10_000 {
            let mutant = mutate(&original, &mut rng);
            let resigned = if number % 2 == 0 { signed(&mutant) } else { None };
            match ModelFile::from_bytes(resigned.as_ref().unwrap_or(&mutant)) {
                // What is no part of the content may change: padding, spaces in JSON.
                Ok(model) => {
                    loaded += 1;
                    assert!(resigned.is_some() || model.params == common_params(), "mutant {number}");
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    };
    let ((), peak) = peak_bytes(load_all);
    assert_eq!(ModelFile::from_bytes(&signed(&original).unwrap()).unwrap(), model());
    assert!(refused > 9_000, "{refused} refused, {loaded} loaded");
    // The arena of the golden run and the parsed graph; the file has some 10 kB.
    assert!(peak < 8 << 20, "a peak of {peak} bytes for a file of {}", original.len());
}

fn common_params() -> striate_graph::Params {
    use std::sync::OnceLock;
    static PARAMS: OnceLock<striate_graph::Params> = OnceLock::new();
    PARAMS.get_or_init(|| model().params).clone()
}

/// One to four changes: bits, bytes, numbers in the header, cuts, doublings.
fn mutate(original: &[u8], rng: &mut Sample) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..rng.usize_in(1..=4) {
        let at = rng.usize_in(0..=bytes.len().saturating_sub(1));
        match rng.usize_in(0..=6) {
            _ if bytes.len() < 16 => return bytes,
            0 => bytes[at] ^= 1 << rng.usize_in(0..=7),
            1 => bytes[at] = rng.choose(b"0129{}[]\",:\\-e. \xff"),
            2 => bytes.truncate(at),
            3 => drop(bytes.splice(at..at, original[..rng.usize_in(0..=64)].iter().copied())),
            4 => drop(bytes.drain(at..(at + rng.usize_in(1..=64)).min(bytes.len()))),
            // The most telling ones: the header stays JSON, and a number in it changes.
            _ => bytes = with_another_number(&bytes, rng),
        }
    }
    bytes
}

/// The file with a number in its header replaced; its length is kept right.
fn with_another_number(bytes: &[u8], rng: &mut Sample) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    if length > bytes.len() as u64 - 8 || std::str::from_utf8(&bytes[8..8 + length as usize]).is_err() {
        return bytes.to_vec();
    }
    let (header, data) = split(bytes);
    let digits: Vec<usize> = header
        .char_indices()
        .filter(|&(i, c)| c.is_ascii_digit() && !header[..i].ends_with(|p: char| p.is_alphanumeric()))
        .map(|(i, _)| i)
        .collect();
    if digits.is_empty() {
        return bytes.to_vec();
    }
    let start = rng.choose(&digits);
    let end = header[start..].find(|c: char| !c.is_ascii_digit()).map_or(header.len(), |n| start + n);
    let number =
        ["0", "1", "2", "3", "7", "64", "65536", "4294967296", "18446744073709551615", "-1", "1e9", "null"];
    join(&format!("{}{}{}", &header[..start], rng.choose(&number), &header[end..]), &data)
}
