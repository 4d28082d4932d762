#!/usr/bin/env python3
"""Makes crates/report/assets/DejaVuSans-subset.ttf, the one font of every image Striate draws.

Source: DejaVu Sans 2.37, Debian package fonts-dejavu-core 2.37-6 (license beside the result).
Needs:  fontTools 4.68.0 (pip install fonttools==4.68.0).
Run:    python3 tools/font/subset.py [path of DejaVuSans.ttf]

Kept: printable ASCII, Latin-1 letters (class names are often German, French or Spanish) and the few signs
below. Dropped: hinting, kerning and every other layout table, because the charts only need outlines and
advance widths. The same source and the same fontTools give the same bytes; the script prints their SHA-256.
"""

import hashlib
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

DEBIAN_PATH = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SOURCE_SHA256 = "abdc775b21b1bc470d50c97e790d276f2054b7504e56e5bd3e64f48d68582322"
RESULT = Path(__file__).resolve().parents[2] / "crates/report/assets/DejaVuSans-subset.ttf"

ASCII = range(0x20, 0x7F)
LATIN_1 = range(0xA0, 0x100)  # includes · × ° µ ±
SIGNS = "–—…−≤≥≈→Δσ\u03bc\ufffd"  # U+03BC: the Greek mu, which some keyboards type for µ


def main() -> None:
    source = Path(sys.argv[1] if len(sys.argv) > 1 else DEBIAN_PATH)
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        sys.exit(f"{source}: expected DejaVu Sans 2.37 with SHA-256 {SOURCE_SHA256}, got {found}")

    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True  # a missing glyph must show as a box, not vanish
    options.glyph_names = False
    options.legacy_kern = False
    options.drop_tables += ["GDEF", "GPOS", "GSUB", "kern", "gasp", "FFTM", "MATH"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6]
    options.recalc_timestamp = False

    font = TTFont(source, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[*ASCII, *LATIN_1, *map(ord, SIGNS)])
    subsetter.subset(font)
    font.save(RESULT)

    data = RESULT.read_bytes()
    print(f"{RESULT.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
