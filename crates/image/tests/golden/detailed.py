#!/usr/bin/env python3
"""Writes detailed.txt: a baseline and a progressive JPEG of 64 x 64 pixels with detail everywhere, in hex, a line each.

    python3 crates/image/tests/golden/detailed.py      (needs Pillow)
"""

import io
from pathlib import Path

from PIL import Image


def main():
    pixels = bytes(
        ((x * x * 3 + y * y * 5 + x * y * 7 + c * 41) >> 2) & 255 for y in range(64) for x in range(64) for c in range(3)
    )
    image = Image.frombytes("RGB", (64, 64), pixels)
    lines = []
    for progressive in [False, True]:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=60, progressive=progressive)
        lines.append(file.getvalue().hex())
    Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n")


main()
