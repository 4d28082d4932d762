//! A program that only depends on Striate defines blocks of its own, trains them, and leaves a file that the binary explains.
//!
//! `examples/blocks` is a workspace of its own; here its program is built with the tests, so that nothing is built twice.

mod common;

#[path = "../../../examples/blocks/src/main.rs"]
#[allow(dead_code, unreachable_pub, clippy::print_stdout)] // its main
mod blocks;

use common::Place;

#[test]
fn a_network_of_ones_own_is_explained_like_any_other() {
    let place = Place::new();
    let right = blocks::learn(&place.path().join("blocks.safetensors")).unwrap();
    assert!(right > 0.9, "{right} of the digits");
    for line in [
        "maps blocks.safetensors digits:3 --layer dense.layers.1",
        "maps blocks.safetensors digits:3 --layer gate",
        "xray blocks.safetensors digits:3 --layer dense.layers.2 --map 2 --at 5,6",
        "why blocks.safetensors digits:3",
        "summary blocks.safetensors",
    ] {
        let ran = place.run(line);
        assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
    }
}
