#!/usr/bin/env python3
"""Makes thousands of photos from the few that stamps.sh and fetch.py get, to see how time and memory grow with their number.

    tools/photos/many.py STAMPS PHOTOS FOLDER [NUMBER] [SIDE]
    striate finetune FOLDER --model efficientnet_lite0 --weights PHOTOS/efficientnet-lite0-57934424.pth

STAMPS is the folder of stamps.sh, PHOTOS that of fetch.py. FOLDER gets NUMBER photos (2000 unless told) of SIDE x SIDE pixels
(300), one folder a class: a stamp, turned, scaled and cut, on a piece of one of the twenty photos, in other light, with
noise, as JPEG. No two are alike, but all of a class come from the same few stamps: good for measuring time, and no measure of how good
a network is. The same arguments give the same photos. Needs Python 3.8 and Pillow (pip install pillow).
"""
import random
import sys
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter


def photo(stamp, background, side, draw):
    background = background.convert("RGB")
    piece = draw.randint(min(background.size) // 3, min(background.size))
    left, top = (draw.randint(0, length - piece) for length in background.size)
    image = background.crop((left, top, left + piece, top + piece)).resize((side, side), Image.BILINEAR)
    stamp = stamp.convert("RGBA")
    scale = side * draw.uniform(0.25, 0.8) / max(stamp.size)
    stamp = stamp.resize([max(1, round(length * scale)) for length in stamp.size], Image.BILINEAR)
    stamp = stamp.rotate(draw.uniform(-30, 30), Image.BILINEAR, expand=True)
    # A part of it may lie outside.
    place = [draw.randint(-length // 4, side - 3 * length // 4) for length in stamp.size]
    image.paste(stamp, tuple(place), stamp)
    for what, least in [(ImageEnhance.Brightness, 0.6), (ImageEnhance.Contrast, 0.5), (ImageEnhance.Color, 0.0)]:
        image = what(image).enhance(draw.uniform(least, 1.4))
    image = image.filter(ImageFilter.GaussianBlur(draw.uniform(0, 2)))
    noise = Image.frombytes("RGB", (side, side), draw.getrandbits(24 * side * side).to_bytes(3 * side * side, "little"))
    return Image.blend(image, noise, draw.uniform(0, 0.15))


def main():
    if not 4 <= len(sys.argv) <= 6:
        print(__doc__.strip())
        sys.exit(2)
    stamps, photos, out = (Path(name) for name in sys.argv[1:4])
    number, side = (int(text) for text in (sys.argv[4:] + ["2000", "300"][len(sys.argv) - 4 :]))
    classes = {folder.name: sorted(folder.glob("*.png")) for folder in sorted(stamps.iterdir()) if folder.is_dir()}
    backgrounds = [Image.open(path) for path in sorted((photos / "imagenet").glob("*.jpg"))]
    if not backgrounds or not classes or not all(classes.values()):
        sys.exit(f"expected the folders of stamps.sh and fetch.py, got {stamps} and {photos}")
    for i in range(number):
        draw = random.Random(f"{side} {i}")
        name = list(classes)[i % len(classes)]
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(draw.choice(classes[name])) as stamp:
            made = photo(stamp, draw.choice(backgrounds), side, draw)
        made.save(folder / f"{i:06}.jpg", quality=90)
    print(f"{out}: {number} photos of {side}x{side} pixels in {len(classes)} classes")


main()
