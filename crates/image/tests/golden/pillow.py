#!/usr/bin/env python3
"""Writes pillow.txt: what Pillow makes of images computed by a formula, for the tests of this crate.

    python3 crates/image/tests/golden/pillow.py      (needs Pillow, before 13)

Value of a source pixel: ((x*x*3 + y*y*5 + x*y*7 + c*41 + WIDTH) >> 2) & 255, which has slopes and edges. Lines:

    resize FILTER CHANNELS WIDTH HEIGHT TO_WIDTH TO_HEIGHT HEX
    crop FILTER CHANNELS WIDTH HEIGHT SHORTER SIZE HEX      torchvision's Resize(SHORTER) and CenterCrop(SIZE)
    gray HEX_OF_RGB HEX_OF_L
    op NAME ARGUMENTS HEX                                   of the formula's 23 x 17 RGB image, by torchvision's definition
    file NAME CHANNELS WIDTH HEIGHT HEX_OF_FILE HEX         a file, and its pixels: upright, on white, 8 bits
"""

import io
import math
import random
from pathlib import Path

import PIL
from PIL import Image, ImageEnhance, ImageOps

SIDES = [1, 2, 3, 5, 7, 16, 28, 31, 64, 100, 255]
TARGETS = [1, 2, 3, 8, 13, 16]
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def formula_image(channels, width, height):
    pixels = bytes(
        ((x * x * 3 + y * y * 5 + x * y * 7 + c * 41 + width) >> 2) & 255
        for y in range(height)
        for x in range(width)
        for c in range(channels)
    )
    return Image.frombytes("L" if channels == 1 else "RGB", (width, height), pixels)


def resizes():
    draw = random.Random(1)
    cases = [(1, 1, 1, 5, 3), (3, 1, 1, 2, 2), (1, 1, 64, 8, 8), (1, 64, 1, 8, 8), (1, 2, 2, 16, 16), (1, 28, 28, 16, 16)]
    while len(cases) < 50:
        cases.append((draw.choice([1, 3]), draw.choice(SIDES), draw.choice(SIDES), draw.choice(TARGETS), draw.choice(TARGETS)))
    for name, filter in FILTERS.items():
        for channels, width, height, to_width, to_height in cases:
            resized = formula_image(channels, width, height).resize((to_width, to_height), filter)
            yield f"resize {name} {channels} {width} {height} {to_width} {to_height} {resized.tobytes().hex()}"


def crops():
    """torchvision.transforms.functional: resize with one number, then center_crop."""
    for name, filter in FILTERS.items():
        for channels, width, height, shorter, size in [(3, 40, 30, 16, 14), (3, 30, 41, 17, 14), (1, 9, 64, 12, 11), (3, 100, 7, 20, 13)]:
            source = formula_image(channels, width, height)
            if width <= height:
                to = (shorter, int(shorter * height / width))
            else:
                to = (int(shorter * width / height), shorter)
            left, top = int(round((to[0] - size) / 2.0)), int(round((to[1] - size) / 2.0))
            cropped = source.resize(to, filter).crop((left, top, left + size, top + size))
            yield f"crop {name} {channels} {width} {height} {shorter} {size} {cropped.tobytes().hex()}"


def grays():
    draw = random.Random(2)
    colors = bytes([255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    while len(colors) < 3 * 260:
        # Colors just above or below a rounding edge: a factor that is off by one shows in them.
        r, g, b = (draw.randrange(256) for _ in range(3))
        if (19595 * r + 38470 * g + 7471 * b + 0x8000 + 40) % 0x10000 < 80:
            colors += bytes([r, g, b])
    gray = Image.frombytes("RGB", (len(colors) // 3, 1), colors).convert("L")
    yield f"gray {colors.hex()} {gray.tobytes().hex()}"


def adjust_hue(source, factor):
    """torchvision.transforms._functional_pil.adjust_hue, which adds np.uint8(factor * 255)."""
    h, s, v = source.convert("HSV").split()
    turn = int(factor * 255) & 255
    h = Image.frombytes("L", h.size, bytes((value + turn) & 255 for value in h.tobytes()))
    return Image.merge("HSV", (h, s, v)).convert("RGB")


def affine(source, angle, translate, scale, shear, fill):
    """torchvision.transforms.functional.affine of a PIL image: _get_inverse_affine_matrix, then Image.transform."""
    rot, sx, sy = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    cx, cy = source.width * 0.5, source.height * 0.5
    tx, ty = translate
    a = math.cos(rot - sy) / math.cos(sy)
    b = -math.cos(rot - sy) * math.tan(sx) / math.cos(sy) - math.sin(rot)
    c = math.sin(rot - sy) / math.cos(sy)
    d = -math.sin(rot - sy) * math.tan(sx) / math.cos(sy) + math.cos(rot)
    matrix = [value / scale for value in [d, -b, 0.0, -c, a, 0.0]]
    matrix[2] += matrix[0] * (-cx - tx) + matrix[1] * (-cy - ty) + cx
    matrix[5] += matrix[3] * (-cx - tx) + matrix[4] * (-cy - ty) + cy
    return source.transform(source.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill)


def gaussian_blur(source, sigma, size=13):
    """torchvision.transforms.functional.gaussian_blur: reflected at the edges, rounded to even."""
    half = (size - 1) // 2
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(-half, half + 1)]
    weights = [weight / sum(weights) for weight in weights]

    def mirrored(at, length):
        return -at if at < 0 else min(at, 2 * (length - 1) - at)

    width, height = source.size
    pixels = source.tobytes()
    out = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(3):
                total = 0.0
                for j, down in enumerate(weights):
                    for i, across in enumerate(weights):
                        at = (mirrored(y + j - half, height) * width + mirrored(x + i - half, width)) * 3 + c
                        total += down * across * pixels[at]
                out.append(int(round(total)))
    return Image.frombytes("RGB", source.size, bytes(out))


def ops():
    source, fill = formula_image(3, 23, 17), (124, 116, 104)
    enhance = {
        "brightness": ImageEnhance.Brightness,
        "contrast": ImageEnhance.Contrast,
        "color": ImageEnhance.Color,
        "sharpness": ImageEnhance.Sharpness,
    }
    for name, kind in enhance.items():
        for factor in [0.0, 0.1, 0.7, 1.3, 1.99]:
            yield name, f"{factor}", kind(source).enhance(factor)
    for factor in [-0.5, -0.123, 0.05, 0.4]:
        yield "hue", f"{factor}", adjust_hue(source, factor)
    for bits in [2, 5, 8]:
        yield "posterize", f"{bits}", ImageOps.posterize(source, bits)
    for threshold in [0.0, 93.5, 255.0]:
        yield "solarize", f"{threshold}", ImageOps.solarize(source, threshold)
    # Squeezed into 60 to 187, so that there is something to stretch.
    squeezed = source.point(lambda value: 60 + value // 2)
    yield "autocontrast", "0", ImageOps.autocontrast(squeezed)
    yield "equalize", "0", ImageOps.equalize(source)
    for sigma in [0.1, 0.8, 2.0]:
        yield "blur", f"{sigma}", gaussian_blur(source, sigma)
    for angle, translate, scale, shear in [(30, (0, 0), 1.0, 0), (-100, (3, -2), 1.2, 0), (7, (-1, 4), 0.8, 25), (0, (0, 0), 1.0, -40)]:
        moved = affine(source, angle, translate, scale, (shear, 0), fill)
        yield "affine", f"{angle},{translate[0]},{translate[1]},{scale},{shear}", moved


def encoded(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def upright_on_white(image):
    image = ImageOps.exif_transpose(image)
    if image.mode in ("F", "I"):
        return image.convert("L")
    if image.mode.startswith("I"):
        wide = memoryview(image.convert("I").tobytes()).cast("i")
        return Image.frombytes("L", image.size, bytes(int(value / 257 + 0.5) for value in wide))
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        gray = image.mode == "LA" or (image.mode == "L")
        page = Image.new("RGBA", image.size, (255, 255, 255, 255))
        page.alpha_composite(image.convert("RGBA"))
        return page.convert("L" if gray else "RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def files():
    small, gray = formula_image(3, 9, 7), formula_image(1, 9, 7)
    alpha = Image.frombytes("L", (9, 7), bytes((x * 29 + y * 37) & 255 for y in range(7) for x in range(9)))
    rgba, la = small.copy(), gray.convert("LA")
    rgba.putalpha(alpha)
    la.putalpha(alpha)
    wide = Image.frombytes("I;16", (9, 7), b"".join((i * 1040 & 0xFFFF).to_bytes(2, "little") for i in range(63)))
    palette = small.quantize(16)
    # Blocks that JPEG's squares leave alone, so that decoders differ by little.
    blocks = Image.frombytes("RGB", (16, 24), bytes([40, 90, 200] * 64 + [220, 30, 60] * 64 + [10, 240, 120] * 256))
    kinds = [
        ("png_1", gray.convert("1"), "PNG", {}),
        ("png_l", gray, "PNG", {}),
        ("png_la", la, "PNG", {}),
        ("png_16", wide, "PNG", {}),
        ("png_p", palette, "PNG", {}),
        ("png_p_transparent", palette, "PNG", {"transparency": 3}),
        ("png_rgb", small, "PNG", {}),
        ("png_rgba", rgba, "PNG", {}),
        ("gif_p", palette, "GIF", {}),
        ("gif_animated", palette, "GIF", {"save_all": True, "append_images": [formula_image(3, 9, 7).rotate(180).quantize(16)]}),
        ("bmp_1", gray.convert("1"), "BMP", {}),
        ("bmp_l", gray, "BMP", {}),
        ("bmp_rgb", small, "BMP", {}),
        ("tiff_1", gray.convert("1"), "TIFF", {}),
        ("tiff_l", gray, "TIFF", {}),
        ("tiff_16", wide, "TIFF", {}),
        ("tiff_rgb_lzw", small, "TIFF", {"compression": "tiff_lzw"}),
        ("tiff_cmyk", small.convert("CMYK"), "TIFF", {}),
        ("tiff_rgba_deflate", rgba, "TIFF", {"compression": "tiff_adobe_deflate"}),
        ("pnm_l", gray, "PPM", {}),
        ("pnm_rgb", small, "PPM", {}),
        ("webp_rgb", small, "WEBP", {"lossless": True}),
        ("webp_rgba", rgba, "WEBP", {"lossless": True, "exact": True}),
        ("jpeg_l", blocks.convert("L"), "JPEG", {"quality": 95}),
        ("jpeg_444", blocks, "JPEG", {"quality": 95, "subsampling": 0}),
        ("jpeg_420", blocks, "JPEG", {"quality": 95, "subsampling": 2}),
        ("jpeg_progressive", blocks, "JPEG", {"quality": 95, "progressive": True}),
        ("jpeg_cmyk", blocks.convert("CMYK"), "JPEG", {"quality": 95}),
        ("jpeg_ycck", blocks.convert("CMYK"), "JPEG", {"quality": 95}),
        ("png_without_end", small, "PNG", {}),
        ("tiff_p", palette, "TIFF", {}),
        ("tiff_p_lzw", palette, "TIFF", {"compression": "tiff_lzw"}),
        ("tiff_la", la, "TIFF", {}),
        ("tiff_1_group4", gray.convert("1"), "TIFF", {"compression": "group4"}),
        ("tiff_f32", gray.convert("F").point(lambda value: value * 0.75 + 20), "TIFF", {}),
        ("tiff_i32", gray.convert("I"), "TIFF", {}),
        ("tiff_jpeg", blocks, "TIFF", {"compression": "jpeg"}),
    ]
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for format, image, options in [
            ("JPEG", blocks, {"quality": 95, "subsampling": 0, "exif": exif}),
            ("PNG", small, {"exif": exif}),
            ("TIFF", small, {"exif": exif}),
            ("WEBP", small, {"lossless": True, "exif": exif}),
        ]:
            kinds.append((f"{format.lower()}_orientation_{orientation}", image, format, options))
    for name, image, format, options in kinds:
        file = encoded(image, format, **options)
        if name == "jpeg_ycck":
            # The same values under another transform: the last byte of Adobe's segment.
            at = file.index(b"Adobe") + 11
            file = file[:at] + b"\2" + file[at + 1 :]
        if name == "png_without_end":
            file = file[: file.index(b"IEND") - 4]
        pixels = upright_on_white(Image.open(io.BytesIO(file)))
        yield f"file {name} {len(pixels.getbands())} {pixels.width} {pixels.height} {file.hex()} {pixels.tobytes().hex()}"


def main():
    if int(PIL.__version__.split(".")[0]) >= 13:
        # It resizes some tall images columns first, which rounds values differently by one.
        raise SystemExit(f"needs a Pillow before 13, this is {PIL.__version__}: python3 -m pip install 'pillow<13'")
    lines = [f"# Pillow {PIL.__version__}, by pillow.py; do not edit", *resizes(), *crops(), *grays()]
    lines += [f"op {name} {arguments} {image.tobytes().hex()}" for name, arguments, image in ops()]
    lines += files()
    Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n")


main()
