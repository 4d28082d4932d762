#!/usr/bin/env python3
"""Packs a sixth of the training digits and a fifth of the test digits of MNIST into one file.

    python3 tools/digits/pack.py MNIST_FOLDER [OUTPUT]

MNIST_FOLDER holds the four idx files, raw or .gz. Their contents are checked by SHA-256 before a byte is
used. OUTPUT defaults to crates/data/assets/digits.gz, which the library embeds.

The rule: a split is taken as pairs of neighbors, and of every K pairs the first is kept; so digit i of the
packed split is digit 2 K (i // 2) + i % 2 of the original. Training: K = 6, 10,000 of 60,000 (0, 1, 12, 13,
24, 25, ...). Test: K = 5, 2,000 of 10,000 (0, 1, 10, 11, 20, 21, ...). Evenly spaced, because the two halves
of the test file come from different groups of writers; and by pairs, because the training file alternates
between those groups: the digits of even index have a mean of 0.123, those of odd index 0.139, and taking
every sixth digit would keep one group alone.

The packed file is one gzip stream of four idx files, one behind the other: training images, training
labels, test images, test labels. The content decides, not the compressed bytes, which another zlib may
write differently; the last line printed is the SHA-256 of the content, which a test of the library
checks.

Python 3, standard library only.
"""

import gzip
import hashlib
import io
import struct
import sys
from pathlib import Path

# name -> (SHA-256 of the raw content, items in the split, items kept)
SOURCES = {
    "train-images-idx3-ubyte": ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 60000, 10000),
    "train-labels-idx1-ubyte": ("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60000, 10000),
    "t10k-images-idx3-ubyte": ("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 10000, 2000),
    "t10k-labels-idx1-ubyte": ("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10000, 2000),
}
REPOSITORY = Path(__file__).resolve().parents[2]


def read_source(folder: Path, name: str, expected_sha256: str) -> bytes:
    """The raw content of one idx file, checked."""
    for path in (folder / name, folder / (name + ".gz")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        found = hashlib.sha256(content).hexdigest()
        if found != expected_sha256:
            sys.exit(f"{path}: sha256 of the content is {found}, expected {expected_sha256}")
        return content
    sys.exit(f"{folder}: neither {name} nor {name}.gz is here")


def thin_out(content: bytes, count: int, kept: int) -> bytes:
    """The same idx file with only `kept` of its `count` items."""
    dimensions = content[3]
    header_bytes = 4 + 4 * dimensions
    shape = struct.unpack(f">{dimensions}I", content[4:header_bytes])
    assert shape[0] == count, shape
    item_bytes = 1
    for size in shape[1:]:
        item_bytes *= size
    out = io.BytesIO()
    out.write(content[:4] + struct.pack(f">{dimensions}I", kept, *shape[1:]))
    for i in range(kept):
        index = 2 * (count // kept) * (i // 2) + i % 2
        start = header_bytes + index * item_bytes
        out.write(content[start : start + item_bytes])
    return out.getvalue()


def main() -> None:
    if len(sys.argv) not in (2, 3) or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    output = Path(sys.argv[2]) if len(sys.argv) == 3 else REPOSITORY / "crates/data/assets/digits.gz"
    packed = b"".join(
        thin_out(read_source(folder, name, sha256), count, kept) for name, (sha256, count, kept) in SOURCES.items()
    )
    compressed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=compressed, mtime=0) as stream:
        stream.write(packed)
    output.write_bytes(compressed.getvalue())
    print(f"{output}: {len(compressed.getvalue()):,} bytes, {len(packed):,} unpacked")
    print(f"sha256 of the content: {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    main()
