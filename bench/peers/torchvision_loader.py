"""torchvision's DataLoader on a folder of images: the peer of `striate bench data FOLDER`.

ImageFolder, RandomResizedCrop(224), RandomHorizontalFlip, ToTensor and Normalize, batches of 64 from 2 worker processes
that persist through all epochs. Reading, decoding and augmenting are timed, starting the workers is not: the first epoch is a
warm-up. Prints one JSON line: {"peer": "torchvision", "photos": ..., "workers": 2, "images_per_s": ..., ...}.

    bench/peers/setup.sh torchvision; .venv/bin/python torchvision_loader.py FOLDER [--workers 2] [--epochs 3]

FOLDER is laid out as FOLDER/CLASS/... or FOLDER/train/CLASS/...; in the former all images are read, while Striate trains on four fifths of them.
"""

import argparse
import json
import os
import time
from pathlib import Path

import torch
import torchvision
from torchvision import transforms


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--imgsz", type=int, default=224)
    args = parser.parse_args()
    # One worker per core: without this each worker would start threads of its own.
    torch.set_num_threads(1)
    root = args.folder / "train" if (args.folder / "train").is_dir() else args.folder
    transform = transforms.Compose([
        transforms.RandomResizedCrop(args.imgsz),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    photos = torchvision.datasets.ImageFolder(root, transform)
    loader = torch.utils.data.DataLoader(
        photos, batch_size=args.batch, shuffle=True, num_workers=args.workers, persistent_workers=args.workers > 0
    )
    fastest = float("inf")
    for epoch in range(args.epochs + 1):
        start = time.perf_counter()
        seen = sum(len(labels) for _, labels in loader)
        if epoch > 0:
            fastest = min(fastest, time.perf_counter() - start)
    print(json.dumps({
        "peer": "torchvision",
        "version": torchvision.__version__,
        "photos": seen,
        "workers": args.workers,
        "imgsz": args.imgsz,
        "batch": args.batch,
        "images_per_s": seen / fastest,
        "load_average": os.getloadavg()[0],
    }))


if __name__ == "__main__":
    main()
