//! Tensors that lie about where they are.

use super::{Case, case};
use crate::torch::Asm;

/// Honest pickles of tensors that lie, over a storage "0" of six f32.
pub(crate) fn tensors() -> Vec<Case> {
    let of = |offset, shape: &[i64], strides: &[i64]| {
        let asm = Asm::new().raw(b"}").text("fc.weight");
        asm.tensor(|a| a.storage("FloatStorage", "0", 6), offset, shape, strides).raw(b"s").stop()
    };
    let storage = |make: fn(Asm) -> Asm| {
        Asm::new().raw(b"}").text("fc.weight").tensor(make, 0, &[6], &[1]).raw(b"s").stop()
    };
    let big = i64::MAX;
    vec![
        case(
            "past the end",
            of(1, &[6], &[1]),
            "fc.weight: shape [6], strides [1] and offset 1 reach past the 6 values",
        ),
        case("an offset past the end", of(6, &[1], &[1]), "reach past the 6 values"),
        case("a stride past the end", of(0, &[2, 3], &[6, 1]), "reach past the 6 values"),
        case(
            "sizes whose product overflows",
            of(0, &[big, big], &[0, 0]),
            "fc.weight: 18446744073709551615 values, but only 6",
        ),
        case("strides whose product overflows", of(0, &[3, 3], &[big, big]), "reach past the 6 values"),
        case("an offset that overflows", of(big, &[6], &[1]), "reach past the 6 values"),
        case(
            "one value a million times",
            of(0, &[1000, 1000], &[0, 0]),
            "1000000 values, but only 6 in the file",
        ),
        case("a size below 0", of(0, &[-6], &[1]), "expected a shape of integers"),
        case("a stride below 0", of(5, &[6], &[-1]), "expected strides of integers"),
        case("an offset below 0", of(-1, &[6], &[1]), "expected an offset, got an int"),
        case("nothing of huge size", of(0, &[0, big, big], &[1, 1, 1]), "reach past the 6 values"),
        case("a hundred sizes", of(0, &[1; 100], &[1; 100]), "at most 8 sizes"),
        case("more strides than sizes", of(0, &[6], &[6, 1]), "1 sizes and 2 strides"),
        case("a storage that is not there", storage(|a| a.storage("FloatStorage", "1", 6)), "expected"),
        case("a storage longer than its bytes", storage(|a| a.storage("FloatStorage", "0", 7)), "0"),
        case("a storage of 2^62 values", storage(|a| a.storage("DoubleStorage", "0", 1 << 62)), "0"),
        case("a storage of another type", storage(|a| a.storage("DoubleStorage", "0", 6)), "bytes"),
        case("a storage below 0", storage(|a| a.storage("FloatStorage", "0", -6)), "got another"),
        case(
            "a storage of two types",
            storage(|a| a.storage("FloatStorage", "0", 6).raw(b"0").storage("HalfStorage", "0", 6)),
            "storage 0",
        ),
        case(
            "a storage by a path",
            storage(|a| a.storage("FloatStorage", "../../../etc/passwd", 6)),
            "expected",
        ),
        case("no storage", storage(|a| a.int(0)), "expected a tensor of a storage, got an int"),
        case(
            "a module for a storage",
            storage(|a| a.raw(b"(").text("module").int(1).text("x").text("y").int(1).raw(b"tQ")),
            "something other than a storage",
        ),
        case("a storage as text", storage(|a| a.text("0").raw(b"Q")), "number of values), got a string"),
        case(
            "a tensor without arguments",
            Asm::new().raw(b"}").text("a").global("torch._utils", "_rebuild_tensor_v2").raw(b")Rs").stop(),
            "a: expected a tensor of storage, offset",
        ),
    ]
}
