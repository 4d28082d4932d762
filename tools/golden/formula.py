"""Numbers made by a formula of (name, flat index), so that Rust can repeat them without a file; see README.md."""

import math

MASK = (1 << 64) - 1


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
