//! Zips that say two things.

use super::{Case, case};
use crate::torch::{Entry, entries, floats, one_tensor, pth_zip, zip_of};

/// A zip with one thing wrong.
pub(crate) fn zips() -> Vec<Case> {
    let pickle = one_tensor("fc.weight", &[6]);
    let honest = entries(&pickle, &[("0", floats(6))]);
    let with = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = honest.clone();
        change(&mut entries);
        zip_of(&entries)
    };
    let renamed = |name: &str| with(&|e| e.push(Entry::new(name, b"x")));
    let whole = zip_of(&honest);
    let edit = |find: &[u8], nth: usize, offset: usize, new: &[u8]| {
        let mut bytes = whole.clone();
        let places: Vec<_> =
            (0..bytes.len() - find.len()).filter(|&i| bytes[i..].starts_with(find)).collect();
        bytes[places[nth] + offset..][..new.len()].copy_from_slice(new);
        bytes
    };
    let many: Vec<_> = (0..30_000).map(|i| Entry::new(&format!("archive/data/{i}"), b"")).collect();
    let cut = |at: usize| whole[..whole.len() - at].to_vec();
    let junk = |at: usize| [&whole[..at], b"junk", &whole[at..]].concat();
    vec![
        case("a name that climbs", renamed("archive/../../etc/passwd"), "not a plain path inside the zip"),
        case("a name from the root", renamed("/etc/passwd"), "not a plain path inside the zip"),
        case("a drive's name", renamed("C:/windows"), "a NUL, a backslash or a colon"),
        case("a name with backslashes", renamed("archive\\..\\x"), "a NUL, a backslash or a colon"),
        case("a name with a NUL", renamed("archive/data/0\0.txt"), "a NUL, a backslash or a colon"),
        case("an empty name", renamed(""), "not a plain path inside the zip"),
        case("a folder", renamed("archive/"), "not a plain path inside the zip"),
        case("a name of 2000 bytes", renamed(&"a".repeat(2000)), "longer than 512 bytes"),
        case("a name that is not UTF-8", with(&|e| e[2].name = b"archive/\xff".to_vec()), "not UTF-8"),
        case("two of one name", with(&|e| e.push(e[2].clone())), "\"archive/data/0\" occurs twice"),
        case(
            "another name before the data",
            with(&|e| e[2].local_name = Some(b"archive/data/7".to_vec())),
            "its name is archive/data/7 before the data and archive/data/0 in the directory",
        ),
        case(
            "another size before the data",
            with(&|e| e[2].local_bytes = 20),
            "its packed size is 20 before the data and 24",
        ),
        case(
            "a size that lies in both",
            with(&|e| (e[2].local_bytes, e[2].central_bytes) = (1 << 30, 1 << 30)),
            "1073741824 bytes are needed",
        ),
        case(
            "a size below the truth",
            with(&|e| (e[2].local_bytes, e[2].central_bytes) = (4, 4)),
            "entries overlap or hide something",
        ),
        case("a wrong CRC of the values", with(&|e| e[2].crc ^= 1), "storage 0: its CRC-32 is"),
        case("a wrong CRC of the pickle", with(&|e| e[0].crc ^= 1), "archive/data.pkl: its CRC-32 is"),
        case("compressed", with(&|e| e[2].method = 8), "compressed (method 8)"),
        case("encrypted", with(&|e| e[2].flags = 1), "encrypted"),
        case("encrypted strongly", with(&|e| e[2].flags = 1 << 6 | 1), "encrypted"),
        case(
            "sizes after the data that are not there",
            with(&|e| (e[2].flags, e[2].crc, e[2].local_bytes) = (8, 0, 0)),
            "no sizes after the data",
        ),
        case(
            "other flags before the data",
            edit(b"PK\x03\x04", 2, 6, &[0, 8]),
            "its flags is 0x0800 before the data",
        ),
        case("another method before the data", edit(b"PK\x03\x04", 2, 8, &[8, 0]), "its method is 8"),
        case("two entries at one place", edit(b"PK\x01\x02", 2, 42, &[0, 0, 0, 0]), "entries overlap"),
        case(
            "an entry far away",
            edit(b"PK\x01\x02", 2, 42, &[0xff, 0xff, 0xff, 0x7f]),
            "entries overlap or hide",
        ),
        case("an entry on another disk", edit(b"PK\x01\x02", 2, 34, &[1, 0]), "on disk 1"),
        case("a directory far away", edit(b"PK\x05\x06", 0, 16, &[0xff; 4]), "no directory that ends"),
        case("a directory of 4 GB", edit(b"PK\x05\x06", 0, 12, &[0xff; 4]), "no directory that ends"),
        case(
            "fewer entries than there are",
            edit(b"PK\x05\x06", 0, 8, &[2, 0, 2, 0]),
            "no end of the directory",
        ),
        case("more entries than there are", edit(b"PK\x05\x06", 0, 8, &[9, 0, 9, 0]), "bytes are needed"),
        case(
            "counts that differ",
            edit(b"PK\x05\x06", 0, 8, &[1, 0, 3, 0]),
            "no end record of a zip in one part",
        ),
        case("a comment", [&whole[..whole.len() - 2], &[4, 0][..], b"PK\x05\x06"].concat(), "no end record"),
        case("30 000 entries", zip_of(&many), "the zip has 30000 entries, but at most 20000"),
        case("something between entries", junk(30 + 16 + pickle.len()), "no "),
        case("something in front", junk(0), "something else"),
        case("something behind", [&whole[..], b"more"].concat(), "no end record"),
        case("no end", cut(1), "no end record"),
        case("no directory", cut(60), "no end record"),
        case("no pickle", with(&|e| drop(e.remove(0))), "expected one entry NAME/data.pkl"),
        case(
            "two pickles",
            with(&|e| e.push(Entry::new("other/data.pkl", b"."))),
            "expected one entry NAME/data.pkl",
        ),
        case(
            "a pickle with more behind it",
            pth_zip(&[&pickle[..], b"cos\nsystem\n."].concat(), &[("0", floats(6))]),
            "expected its end after STOP, got 12 bytes more",
        ),
        case(
            "big-endian",
            with(&|e| e[1] = Entry::new("archive/byteorder", b"big")),
            "byteorder: expected little, got big",
        ),
        case(
            "a byteorder of a kilobyte",
            with(&|e| e[1] = Entry::new("archive/byteorder", &[b'l'; 1000])),
            "at most 16 bytes",
        ),
        case(
            "a storage longer than its entry",
            pth_zip(&pickle, &[("0", floats(5))]),
            "expected 6 values of F32, got 20 bytes",
        ),
        case(
            "a storage shorter than its entry",
            pth_zip(&pickle, &[("0", floats(7))]),
            "expected 6 values of F32, got 28 bytes",
        ),
        case(
            "code",
            with(&|e| e.push(Entry::new("archive/constants.pkl", b"."))),
            "a TorchScript archive, which holds a program",
        ),
    ]
}
