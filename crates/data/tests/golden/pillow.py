#!/usr/bin/env python3
"""Writes pillow.txt: what Pillow makes of formula-made pictures, for the tests of resize.rs and preprocess.rs.

    python3 crates/data/tests/golden/pillow.py      (needs Pillow)

Lines: `resize CHANNELS WIDTH HEIGHT TO_WIDTH TO_HEIGHT HEX`, and `grey HEX_OF_RGB HEX_OF_L`.
Value of a source pixel: ((x*x*3 + y*y*5 + x*y*7 + c*41 + WIDTH) >> 2) & 255, which has slopes and edges.
"""

import random
from pathlib import Path

import PIL
from PIL import Image

SIDES = [1, 2, 3, 5, 7, 16, 28, 31, 64, 100, 255]
TARGETS = [1, 2, 3, 8, 13, 16]


def picture(channels, width, height):
    pixels = bytes(
        ((x * x * 3 + y * y * 5 + x * y * 7 + c * 41 + width) >> 2) & 255
        for y in range(height)
        for x in range(width)
        for c in range(channels)
    )
    return Image.frombytes("L" if channels == 1 else "RGB", (width, height), pixels)


def main():
    draw = random.Random(1)
    lines = [f"# Pillow {PIL.__version__}, by pillow.py; do not edit"]
    cases = [(1, 1, 1, 5, 3), (3, 1, 1, 2, 2), (1, 1, 64, 8, 8), (1, 64, 1, 8, 8), (1, 2, 2, 16, 16), (1, 28, 28, 16, 16)]
    while len(cases) < 50:
        cases.append((draw.choice([1, 3]), draw.choice(SIDES), draw.choice(SIDES), draw.choice(TARGETS), draw.choice(TARGETS)))
    for channels, width, height, to_width, to_height in cases:
        resized = picture(channels, width, height).resize((to_width, to_height), Image.Resampling.BILINEAR)
        lines.append(f"resize {channels} {width} {height} {to_width} {to_height} {resized.tobytes().hex()}")
    colours = bytes([255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    while len(colours) < 3 * 260:
        # Colours just above or below a rounding edge: a factor that is off by one shows in them.
        r, g, b = (draw.randrange(256) for _ in range(3))
        if (19595 * r + 38470 * g + 7471 * b + 0x8000 + 40) % 0x10000 < 80:
            colours += bytes([r, g, b])
    grey = Image.frombytes("RGB", (len(colours) // 3, 1), colours).convert("L")
    lines.append(f"grey {colours.hex()} {grey.tobytes().hex()}")
    Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n")


main()
