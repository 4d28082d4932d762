//! Tars, legacy files and safetensors headers that lie.

use super::{Case, case};
use crate::torch::{Asm, floats, one_tensor, pth_legacy, tar_members, tar_of};

/// A file with one thing wrong.
pub(crate) fn others() -> Vec<Case> {
    let tar_pickle = Asm::new().raw(b"}").text("fc.weight").int(8).raw(b"Qs").stop();
    let tar = tar_members(&tar_pickle, 6, &[6]);
    let member = |i: usize, change: &dyn Fn(&mut Vec<u8>)| {
        let mut members = tar.clone();
        change(&mut members[i].1);
        tar_of(&members)
    };
    let extra = |name: &'static str| tar_of(&[&tar[..], &[(name, b"x".to_vec())]].concat());
    let mut sum = tar_of(&tar);
    sum[0] = b'S';
    let mut link = tar_of(&tar);
    (link[156], link[153]) = (b'2', link[153]); // a symlink, with the wrong sum
    let legacy = pth_legacy(&one_tensor("a", &[6]), &[("0", 4, floats(6))]);
    let at = legacy.len() - 24 - 8;
    let count = |value: i64| [&legacy[..at], &value.to_le_bytes()[..], &legacy[at + 8..]].concat();
    let twice = pth_legacy(&one_tensor("a", &[6]), &[("0", 4, floats(6)), ("0", 4, floats(6))]);
    let safetensors = |header: &str, data: usize| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
    };
    let bloat: String = (0..80_000)
        .map(|i| format!("\"{i}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}},"))
        .collect();
    vec![
        case(
            "a tar that climbs",
            extra("../../etc/passwd"),
            "expected the files sys_info, pickle, storages, tensors, got `../../etc/passwd`",
        ),
        case("a tar of two pickles", extra("pickle"), "expected `pickle` once, got twice"),
        case("a tar with another sum", sum, "a header with its checksum"),
        case("a link in a tar", link, "a header with its checksum"),
        case(
            "a tar of 10^6 storages",
            member(2, &|m| m.splice(..8, Asm::new().int(1_000_000).stop()).for_each(drop)),
            "a count of at most 10000",
        ),
        case(
            "a tar's storage below 0",
            member(2, &|m| {
                let at = m.len() - 24 - 4 - 8;
                m[at..at + 8].copy_from_slice(&(-1_i64).to_le_bytes())
            }),
            "a number of values, got -1",
        ),
        case(
            "a tar's storage of 2^61",
            member(2, &|m| {
                let at = m.len() - 24 - 4 - 8;
                m[at..at + 8].copy_from_slice(&(1_i64 << 61).to_le_bytes())
            }),
            "bytes are needed",
        ),
        case(
            "a tar's tensor of 2^31 sizes",
            member(3, &|m| {
                let at = m.len() - 32;
                m[at..at + 4].copy_from_slice(&i32::MAX.to_le_bytes())
            }),
            "at most 8 sizes, got 2147483647",
        ),
        case(
            "a tar's tensor past its storage",
            member(3, &|m| {
                let at = m.len() - 24;
                m[at] = 7
            }),
            "reach past the 6 values",
        ),
        case(
            "a tar's tensor below 0",
            member(3, &|m| {
                let at = m.len() - 24;
                m[at..at + 8].fill(0xff)
            }),
            "from 0, got -1",
        ),
        case("a tar without tensors", tar_of(&tar[..3]), "expected a member `tensors`, got none"),
        case("a legacy count below 0", count(-1), "expected 6 values, got -1"),
        case("a legacy count of 2^62", count(1 << 62), "expected 6 values"),
        case("a legacy storage twice", twice, "one of the object's, once"),
        case("more behind a legacy file", [&legacy[..], b"more"].concat(), "nothing more, got 4 bytes"),
        case(
            "another legacy version",
            pth_legacy(b"", &[])[..15].iter().copied().chain(Asm::new().int(1002).stop()).collect(),
            "the version: expected 1001, got 1002",
        ),
        case(
            "a safetensors header of 2^63",
            [&(1_u64 << 63).to_le_bytes()[..], b"{}"].concat(),
            "the header says that it is 9223372036854775808 bytes",
        ),
        case(
            "a safetensors array past the end",
            safetensors(r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, 8),
            "the header describes 16 bytes of arrays, but the file holds 8",
        ),
        case(
            "a safetensors shape that overflows",
            safetensors(r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0),
            "the array a",
        ),
        case(
            "safetensors arrays that overlap",
            safetensors(
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                12,
            ),
            "the header is damaged",
        ),
        case(
            "safetensors nothing of huge size",
            safetensors(
                r#"{"a":{"dtype":"F32","shape":[0,9223372036854775807,9223372036854775807],"data_offsets":[0,0]}}"#,
                0,
            ),
            "the array a",
        ),
        case(
            "80 000 safetensors arrays",
            safetensors(&format!("{{{}}}", bloat.trim_end_matches(',')), 0),
            "entries in the header: at most 10002",
        ),
        case(
            "safetensors brackets",
            safetensors(&"[".repeat(1000), 0)
                .into_iter()
                .enumerate()
                .map(|(i, b)| if i == 8 { b'{' } else { b })
                .collect(),
            "nested brackets",
        ),
    ]
}
