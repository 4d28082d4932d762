"""Read MNIST-style idx files (raw or .gz) into numpy arrays; shared by the Python peers."""

import gzip
from pathlib import Path

import numpy as np

# The mean and standard deviation of the 60,000 MNIST training images scaled to 0..1.
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081


def read_idx(folder, name):
    """The array in `folder/name` or `folder/name.gz`: images [N, 28, 28] or labels [N], uint8."""
    raw, zipped = Path(folder) / name, Path(folder) / f"{name}.gz"
    if not raw.exists() and not zipped.exists():
        raise SystemExit(f"{folder}: neither {name} nor {name}.gz is here; give --data a folder with the four idx files")
    data = raw.read_bytes() if raw.exists() else gzip.decompress(zipped.read_bytes())
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load_split(folder, split):
    """(images [N, 1, 28, 28] float32 normalized, labels [N] int64) of split "train" or "t10k"."""
    images = read_idx(folder, f"{split}-images-idx3-ubyte")[:, None]
    labels = read_idx(folder, f"{split}-labels-idx1-ubyte").astype(np.int64)
    return (images.astype(np.float32) / 255 - MNIST_MEAN) / MNIST_STD, labels
