#!/usr/bin/env python3
"""Times whole training runs, from process start to a target accuracy: Striate and PyTorch, in turn, with the same recipe.

    cargo build --release
    bench/peers/setup.sh
    bench/headline.py --mnist FOLDER --fashion FOLDER      # both jobs; give one folder to run only its job

The jobs: `convnet` to 99.0 % on MNIST's test images, with two recipes, and `resnet20` to 93 % on Fashion-MNIST's. Each run is a whole
process: it reads the files, trains, validates after every epoch, and evaluates the test images once. Both programs use the same seeds,
epochs and batches. A row says how many of the runs reached the goal; the time is that of the median run. Needs only Python's standard library.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench" / "peers"
# Network, the flag of its data, goal, epochs, images per update, highest learning rate, images held out. One epoch of small batches is
# Striate's fastest way to 99 %; with larger batches PyTorch loses less time between its kernels, so two epochs of those are measured as well.
JOBS = [
    ("convnet", "mnist", 0.99, 1, 16, 0.004, 0),
    ("convnet", "mnist", 0.99, 2, 64, 0.003, 0),
    ("resnet20", "fashion", 0.93, 6, 128, 0.2, 5000),
]


def timed(command):
    """The seconds of a whole process, and the JSON document that it printed."""
    start = time.perf_counter()
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit(f"bench/headline.py: {' '.join(map(str, command))}: exit code {done.returncode}")
    return seconds, json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", help="folder with the four idx files of MNIST")
    parser.add_argument("--fashion", help="folder with the four idx files of Fashion-MNIST")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--binary", default=ROOT / "target" / "release" / "striate", help="Striate's binary")
    parser.add_argument("--python", default=PEERS / ".venv" / "bin" / "python", help="a Python that has PyTorch")
    args = parser.parse_args()
    if not (args.mnist or args.fashion):
        parser.error("give --mnist or --fashion, or both")
    print(f"load average {os.getloadavg()[0]:.1f}; {args.threads} threads, {args.seeds} seeds")
    print("network to goal, epochs x images per update | program | seconds from process start | of which training | test accuracy | reached")
    for model, flag, goal, epochs, batch, lr, held_out in JOBS:
        data = getattr(args, flag)
        if not data:
            continue
        common = ["--epochs", epochs, "--batch", batch, "--lr", lr, "--threads", args.threads]
        runs = {"striate": [], "pytorch": []}
        for seed in range(args.seeds):
            with tempfile.TemporaryDirectory() as folder:
                ours = [args.binary, "train", data, "--model", model, *common, "--seed", seed, "--quiet", "--json"]
                ours += ["--val-split", 0] if held_out == 0 else []
                runs["striate"].append(timed([*ours, "--project", folder]))
            theirs = [args.python, PEERS / "headline_train.py", model, "--data", data, *common, "--seed", seed, "--held-out", held_out]
            runs["pytorch"].append(timed(theirs))
        for who, of_peer in runs.items():
            seconds = statistics.median(seconds for seconds, _ in of_peer)
            training = statistics.median(run["train_s"] for _, run in of_peer)
            accuracies = [run["accuracy_top1"] for _, run in of_peer]
            reached = sum(accuracy >= goal for accuracy in accuracies)
            shown = ", ".join(f"{100 * accuracy:.2f} %" for accuracy in accuracies)
            print(f"{model} to {100 * goal:.1f} %, {epochs} x {batch} | {who} | {seconds:.2f} | {training:.2f} | {shown} | {reached} of {args.seeds}")
        ratio = statistics.median(t / o for (o, _), (t, _) in zip(runs["striate"], runs["pytorch"]))
        print(f"{model} | PyTorch takes {ratio:.2f} times as long")


if __name__ == "__main__":
    main()
