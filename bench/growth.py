#!/usr/bin/env python3
"""Measures how the time and the memory of inference grow with the size of the images, and with their number.

    cargo build --release
    bench/growth.py                                         # resnet18, a minute
    bench/growth.py --model mobilenet_v2 --threads 2

Each row is a separate process: the best of its runs, and its peak memory. Growth is linear if every row has the same time per million
pixels; small images take longer because the weights are read for few pixels, and a batch shares them. Needs only Python's standard library.
"""

import argparse
import json
import subprocess

from run import ROOT, print_table

SIDES = [32, 64, 128, 224, 256, 512]
BATCHES = [1, 4, 16, 64, 256]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet18", help="a network's name, or a model file")
    parser.add_argument("--side", type=int, default=64, help="side of the images in pixels for the rows in which the batch grows")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--binary", default=ROOT / "target" / "release" / "striate")
    args = parser.parse_args()
    table = []
    for side, batch in [(side, 1) for side in SIDES] + [(args.side, batch) for batch in BATCHES]:
        command = [args.binary, "bench", "--model", args.model, "--imgsz", side, "--batch", batch, "--threads", args.threads, "--json"]
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench/growth.py: {' '.join(map(str, command))}: exit code {done.returncode}")
        run = json.loads(done.stdout)
        ms, megapixels = 1e3 * run["best_s"], batch * side * side / 1e6
        memory = run["peak_memory_bytes"] / 1e6
        table.append([str(side), str(batch), f"{ms:.2f}", f"{ms / megapixels:.0f}", f"{ms / batch:.3f}", f"{memory:.0f}"])
    print(f"{args.model}, {args.threads} thread{'s' if args.threads > 1 else ''}")
    print_table([["side", "batch", "ms", "ms per million pixels", "ms per image", "peak memory, MB"], *table])


if __name__ == "__main__":
    main()
