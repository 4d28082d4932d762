#!/usr/bin/env python3
"""Makes the .pth files that tests/pth.rs reads: the same tensors in the three containers of torch.

    bench/peers/.venv/bin/python crates/formats/tests/golden/pth.py

zip.pth and legacy.pth are written by torch.save, tar.pth by the code below (torch 0.1 wrote that layout and torch
still reads it). Each is loaded again by torch and compared before it is stored. Value i of tensor number k is
((7 i + 13 k) mod 31 - 15) / 8, exact in every float type.
"""
import io
import pickle
import struct
import tarfile
from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent


def values(k, shape, dtype=torch.float32):
    count = 1
    for size in shape:
        count *= size
    flat = [((7 * i + 13 * k) % 31 - 15) / 8 for i in range(count)]
    return torch.tensor(flat, dtype=torch.float64).to(dtype).reshape(shape)


def tensors():
    """Every float type, whole numbers, views with strides and offsets, a shared storage, odd shapes."""
    shared = values(7, (4, 6))
    state = OrderedDict()
    state["conv.weight"] = values(0, (4, 3, 3, 3))
    state["conv.bias"] = values(1, (4,), torch.float64)
    state["half"] = values(2, (5, 2), torch.float16)
    state["brain"] = values(3, (2, 5), torch.bfloat16)
    state["transposed"] = values(4, (3, 5)).t()
    state["permuted"] = values(5, (2, 3, 4)).permute(2, 0, 1)
    state["middle"] = values(6, (6, 4))[2:5]
    state["column"] = shared[:, 2:4]
    state["row"] = shared[1]
    state["scalar"] = values(8, ())
    state["empty"] = values(9, (0, 3))
    state["bn.num_batches_tracked"] = torch.tensor(17)
    state["table"] = torch.arange(6, dtype=torch.int32)
    state["mask"] = torch.tensor([True, False])
    state["parameter"] = torch.nn.Parameter(values(10, (3, 1)))
    state._metadata = OrderedDict([("", {"version": 1})])
    return state


def wrapped():
    """What a training script saves: prefixes, an optimizer, the script's arguments."""
    import argparse
    from collections import Counter

    state = OrderedDict(("module." + name, value) for name, value in tensors().items())
    optimizer = {"state": {0: {"momentum_buffer": values(11, (4, 3, 3, 3))}}, "param_groups": [{"lr": 0.1}]}
    schedule = {"milestones": Counter({30: 1, 60: 1}), "gamma": 0.1}
    return {
        "epoch": 3,
        "arch": "small",
        "state_dict": state,
        "optimizer": optimizer,
        "scheduler": schedule,
        "args": argparse.Namespace(lr=0.1, device=torch.device("cpu")),
        "best": 91.25,
    }


NAMES = {
    torch.float64: "Double", torch.float32: "Float", torch.float16: "Half",
    torch.int64: "Long", torch.int32: "Int", torch.uint8: "Byte",
}


def save_tar(state, path):
    """The layout of torch 0.1: keys are addresses, here small numbers."""

    class Name:
        """Pickles as the name of something in torch, as the classes of 0.1 did."""

        def __init__(self, name):
            self.name = name

    class Pickler(pickle._Pickler):
        def save(self, obj, *args, **kwargs):
            if isinstance(obj, Name):
                return self.write(b"ctorch\n" + obj.name.encode() + b"\n")
            return super().save(obj, *args, **kwargs)

        def persistent_id(self, obj):
            return keys[id(obj)] if isinstance(obj, torch.Tensor) else None

    def dump(obj, to):
        Pickler(to, protocol=2).dump(obj)

    state = OrderedDict((k, v.detach()) for k, v in state.items() if v.dtype in NAMES)
    keys = {id(tensor): str(100 + i) for i, tensor in enumerate(state.values())}
    roots = {}
    for tensor in state.values():
        roots.setdefault(tensor.untyped_storage().data_ptr(), (len(roots) + 1, tensor))
    storages, table, objects, system = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    dump(len(roots), storages)
    for key, tensor in roots.values():
        dump((key, "cpu", Name(NAMES[tensor.dtype] + "Storage")), storages)
        raw = bytes(tensor.untyped_storage())
        storages.write(struct.pack("<q", len(raw) // tensor.element_size()) + raw)
    dump([], storages)
    dump(len(state), table)
    for tensor in state.values():
        key = roots[tensor.untyped_storage().data_ptr()][0]
        dump((int(keys[id(tensor)]), key, Name(NAMES[tensor.dtype] + "Tensor")), table)
        table.write(struct.pack("<ii", tensor.dim(), 0))
        table.write(struct.pack(f"<{tensor.dim()}q", *tensor.shape))
        table.write(struct.pack(f"<{tensor.dim()}q", *tensor.stride()))
        table.write(struct.pack("<q", tensor.storage_offset()))
    dump(state, objects)
    dump({"protocol_version": 1000, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, system)
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as tar:
        for name, content in [("sys_info", system), ("pickle", objects), ("tensors", table), ("storages", storages)]:
            info = tarfile.TarInfo(name)
            info.size = content.tell()
            content.seek(0)
            tar.addfile(info, content)


def check(path, expected):
    loaded = torch.load(path, weights_only=False)
    loaded = loaded.get("state_dict", loaded)
    for name, tensor in expected.items():
        assert torch.equal(loaded[name], tensor) and loaded[name].stride() == tensor.stride(), (path, name)


def main():
    state = tensors()
    torch.save(state, HERE / "zip.pth")
    torch.save(state, HERE / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(state, HERE / "protocol4.pth", pickle_protocol=4)
    save_tar(state, HERE / "tar.pth")
    torch.save(wrapped(), HERE / "wrapped.pth")
    for name in ["zip.pth", "legacy.pth", "protocol4.pth"]:
        check(HERE / name, state)
    check(HERE / "wrapped.pth", wrapped()["state_dict"])
    check(HERE / "tar.pth", {name: tensor for name, tensor in state.items() if tensor.dtype in NAMES})
    for path in sorted(HERE.glob("*.pth")):
        print(f"{path.stat().st_size:6} {path.name}")


main()
