//! Every file of `fuzz/corpus/`, given to its parser: what must hold for any bytes does, and memory stays within four times the
//! file and 64 MiB. Alone in its program, since the memory is measured.

#[path = "../../../fuzz/src/parse.rs"]
#[expect(unreachable_pub, reason = "public in the crate of the targets")]
mod parse;

use std::path::Path;
use striate_testkit::{Memory, memory, peak_bytes};

#[global_allocator]
static MEMORY: Memory = memory();

#[test]
fn the_corpus_does_no_harm() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (target, parse) in parse::TARGETS {
        let mut files = 0;
        for entry in std::fs::read_dir(corpus.join(target)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let ((), peak) = peak_bytes(|| parse(&bytes));
            assert!(peak <= 4 * bytes.len() + (64 << 20), "{}: {} MiB", path.display(), peak >> 20);
            files += 1;
        }
        assert!(files >= 3, "{target} has {files} files");
    }
}
