"""Numbers made by a formula of (name, flat index), so that Rust can repeat them without a file; see README.md."""

import math

import numpy as np

MASK = (1 << 64) - 1
# Batch norms at the end of a residual branch: halved, so that fifty sums do not add up to 2^50 times the variance.
RESIDUAL_ENDS = (".bn2.weight", ".bn3.weight", ".block.1.1.weight", ".block.3.1.weight")


def fnv1a64(name):
    """FNV-1a, 64 bits, of the UTF-8 bytes of `name`."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def splitmix64(state):
    """The output of SplitMix64 for `state`: add the constant, then mix."""
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def integers(name, count):
    """`count` integers in 0 .. 2^24, the u(name, i) of the README."""
    h = fnv1a64(name)
    return [splitmix64((h + i) & MASK) >> 40 for i in range(count)]


def values(name, shape):
    """The flat list of values of a parameter, a running statistic, `input` or `class_weights`, to be rounded to f32."""
    u = integers(name, math.prod(shape))
    if name == "input":
        return [k / 2**23 - 1 for k in u]
    if name.endswith("running_var") or name == "class_weights":
        return [1 + 0.5 * (k / 2**24) for k in u]
    if len(shape) > 1:
        scale = 1 / math.sqrt(math.prod(shape[1:]))
        return [(k / 2**23 - 1) * scale for k in u]
    if name.endswith(".weight"):
        return [1 + 0.1 * (k / 2**23 - 1) for k in u]
    return [0.1 * (k / 2**23 - 1) for k in u]  # a bias or a running mean


def labels(count, classes):
    """`count` class indices: u("labels", i) mod classes."""
    return [k % classes for k in integers("labels", count)]


def deep_values(name, shape):
    """As `values`, for networks of many layers: He's scale, so that activations neither vanish nor explode. A float32 array.

    In pieces: a layer of 100 million weights must not need gigabytes.
    """
    count = math.prod(shape)
    h, out = np.uint64(fnv1a64(name)), np.empty(count, np.float32)
    for first in range(0, count, 1 << 20):
        z = np.arange(first, min(first + (1 << 20), count), dtype=np.uint64) + h + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        u = ((z ^ (z >> np.uint64(31))) >> np.uint64(40)).astype(np.float64)
        v = u / 2**23 - 1
        if name == "input":
            value = v
        elif name.endswith("running_var"):
            value = 1 + 0.5 * (u / 2**24)
        elif name.endswith(("bias", "running_mean")):
            value = 0.1 * v
        elif len(shape) > 1:
            value = v * math.sqrt(6 / math.prod(shape[1:]))
        elif name.endswith(RESIDUAL_ENDS):
            value = 0.5 * (1 + 0.1 * v)
        else:
            value = 1 + 0.1 * v
        out[first : first + len(value)] = value
    return out.reshape(shape)
