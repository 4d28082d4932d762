//! The hostile files, by what is wrong with them.

mod bombs;
mod calls;
mod others;
mod structures;
mod tensors;
mod zips;

pub(crate) use bombs::bombs;
pub(crate) use calls::calls;
pub(crate) use others::others;
pub(crate) use structures::structures;
pub(crate) use tensors::tensors;
pub(crate) use zips::zips;

use crate::torch::{floats, pth_legacy, pth_zip, tar_members, tar_of};

/// A pickle and a part of what must be said of it.
pub(crate) type Case = (String, Vec<u8>, String);

pub(crate) fn case(name: impl Into<String>, pickle: Vec<u8>, said: impl Into<String>) -> Case {
    (name.into(), pickle, said.into())
}

/// A pickle as the object of each container. In a tar, tensors are no calls, so what is wrong inside one is not looked at.
pub(crate) fn containers(pickle: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let has_storage = pickle.windows(8).any(|bytes| bytes == b"Storage\n");
    [
        ("zip", pth_zip(pickle, &[("0", floats(6))])),
        ("legacy", pth_legacy(pickle, &[("0", 4, floats(6))][..usize::from(has_storage)])),
        ("tar", tar_of(&tar_members(pickle, 6, &[6]))),
    ]
}
