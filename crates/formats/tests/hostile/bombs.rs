//! Pickles that ask for more than they are.

use super::{Case, case};
use crate::torch::Asm;

/// Pickles that ask for more than they are.
pub(crate) fn bombs() -> Vec<Case> {
    let new = Asm::new;
    let many = |what: &[u8], count: usize| new().raw(&what.repeat(count));
    // Each step makes a pair of the step before: 2^n values if anybody copied them.
    let doubling = |count: usize| new().raw(b"N").raw(&b"2\x86".repeat(count)).stop();
    let memo = |count: usize| new().raw(b"]q\x00").raw(&b"]q\x01(h\x00h\x00eq\x00".repeat(count)).stop();
    vec![
        case("2^60 pairs", doubling(60), "no dictionary of tensors: a tuple"),
        case("2^5000 pairs", doubling(5000), "more than 64 containers in each other"),
        case("lists of lists by memo", memo(60), "no dictionary of tensors: a list"),
        case("lists of lists by memo, deep", memo(2000), "more than 64 containers in each other"),
        case(
            "a million tuples in each other",
            many(b")", 1).raw(&b"\x85".repeat(1_000_000)).stop(),
            "more than 64 containers",
        ),
        case("a million lists", many(b"]", 1_000_000).raw(&b"a".repeat(999_999)).stop(), "more than"),
        case("two million Nones", many(b"N", 2_000_000).stop(), "more than 1000000 operations"),
        case("a million marks", many(b"(", 1_000_000).stop(), "more than 64 open marks"),
        case(
            "a million memos",
            new().raw(b"N").raw(&b"r\x01\x00\x00\x00".repeat(1_000_000)).stop(),
            "more than",
        ),
        case("memos far apart", new().raw(b"Nr\xff\xff\xff\xff0").stop(), "STOP needs more values"),
        case("text of 4 GB", new().raw(b"X\xff\xff\xff\xff").stop(), "4294967295 bytes are needed"),
        case(
            "text of 16 EB",
            new().raw(&[0x8d]).raw(&[0xff; 8]).stop(),
            "18446744073709551615 bytes are needed",
        ),
        case("bytes of 4 GB", new().raw(b"B\xff\xff\xff\xff").stop(), "4294967295 bytes are needed"),
        case(
            "a number of 255 bytes",
            new().raw(&[0x8a, 255]).raw(&[1; 255]).stop(),
            "no dictionary of tensors: an int",
        ),
        case(
            "a number of 2 GB",
            new().raw(&[0x8b]).raw(&[0xff, 0xff, 0xff, 0x7f]).stop(),
            "2147483647 bytes are needed",
        ),
        // A key of 500 bytes that is used again and again: each path through the dicts would be a copy of it.
        case(
            "dicts in dicts under long keys",
            new()
                .raw(b"X\xf4\x01\0\0")
                .raw(&[b'k'; 500])
                .raw(b"q\x000}")
                .raw(&[&b"h\x00}"[..], &b"h\x00}h\x00Nss".repeat(9_000), b"s"].concat().repeat(12))
                .stop(),
            "at most 2097152 bytes",
        ),
        case(
            "20 000 entries",
            new().raw(b"}(").raw(&b"X\x01\0\0\0aN".repeat(20_000)).raw(b"u").stop(),
            "20000 entries, but at most 10000",
        ),
    ]
}
