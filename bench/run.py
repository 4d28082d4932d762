#!/usr/bin/env python3
"""Runs Striate, PyTorch and ONNX Runtime in turn on this machine, and prints the ratios.

    cargo build --release
    bench/peers/setup.sh                                   # once: PyTorch and ONNX Runtime, pinned
    bench/run.py --data FOLDER_WITH_THE_FOUR_MNIST_FILES   # about 5 minutes

A round is: an epoch of Striate, an epoch of PyTorch (batch 64), both again (batch 1000), inference by Striate, inference by ONNX Runtime.
Each ratio is taken within a round; the table shows medians over the rounds that count. A round counts only if the f32 peak that
Striate measures on 2 threads was at least 1.9 times that on 1 every time: virtual cores are sometimes worth less
than cores. Each peer runs at its best setting and counts with the better of two epochs; Striate counts with the one epoch that `bench` reports.
Needs Linux, and only Python's standard library.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench" / "peers"
MIN_PEAK_RATIO = 1.9

# name, unit, which of the two is better, "at least", "aim"; ratios are "times better than the peer".
RATIOS = [
    ("train_64", "training epoch, batch 64", "s", "PyTorch", "lower", 3.5, 5.0),
    ("train_1000", "training epoch, batch 1000", "s", "PyTorch", "lower", 4.0, 6.0),
    ("infer_64", "inference, batch 64", "img/s", "ONNX Runtime", "higher", 1.0, 1.2),
    ("infer_1000", "inference, batch 1000", "img/s", "ONNX Runtime", "higher", 1.2, 1.5),
    ("latency_1", "latency, batch 1", "us", "ONNX Runtime", "lower", 1.2, 1.6),
]
# name, unit, "at least", "aim"; lower is better.
LIMITS = [
    ("start_ms", "process start to first prediction", "ms", 15, 8),
    ("train_peak_mb", "peak memory of training full MNIST", "MB", 250, 120),
    ("binary_mb", "the stripped binary", "MB", 15, 8),
]


def fail(message):
    raise SystemExit(f"bench/run.py: {message}")


def json_lines(command):
    """Runs `command` and returns the JSON documents that it printed, whether one per line or one over many lines."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}: exit code {done.returncode} (its message is above)")
    decoder, text, documents = json.JSONDecoder(), done.stdout.strip(), []
    while text:
        try:
            document, end = decoder.raw_decode(text)
        except json.JSONDecodeError as error:
            fail(f"{' '.join(map(str, command))}: expected JSON, got {text[:80]!r} ({error})")
        documents.append(document)
        text = text[end:].lstrip()
    return documents


# ---- Striate: the only place that knows what `striate bench --json` prints ----

def ours(binary, data, only):
    """One measurement of Striate, `only` = train | train1000 | infer: its figures by the names of RATIOS, and the peaks."""
    (report,) = json_lines([binary, "bench", "--json", "--data", data, "--only", only])
    try:
        peaks = report["peak_gflops_1t"], report["peak_gflops_2t"]
        if only == "train":
            return {"train_64": report["train_epoch_s"]}, peaks
        if only == "train1000":
            return {"train_1000": report["train_epoch_batch1000_s"]}, peaks
        inference = report["inference"]
        return {
            "infer_64": inference["batch_64"]["images_per_s"], "infer_1000": inference["batch_1000"]["images_per_s"],
            "latency_1": inference["batch_1"]["latency_us"],
        }, peaks
    except KeyError as missing:
        fail(f"`striate bench --json --only {only}` has no key {missing}; it has {', '.join(report)}")


# ---- the peers ----

def pytorch(python, data, batch):
    epochs = json_lines([python, PEERS / "pytorch_train.py", "--data", data, "--batch", batch, "--epochs", 2])
    return min(epoch["train_epoch_s"] for epoch in epochs)


def onnxruntime(python):
    """Two intra-op threads for the batches; for a single image whichever of one and two threads is faster."""
    script = PEERS / "onnxruntime_infer.py"
    batches = json_lines([python, script, "--batches", 64, 1000, "--threads", 2])
    single = json_lines([python, script, "--batches", 1, "--threads", 1, 2])
    by_batch = {line["batch"]: line["images_per_s"] for line in batches}
    return {"infer_64": by_batch[64], "infer_1000": by_batch[1000], "latency_1": min(s["latency_us"] for s in single)}


# ---- a round ----

def one_round(args):
    """(Striate's figures, the peers' figures, peak ratios) of one round, measured in turn."""
    mine, theirs, peak_ratios = {}, {}, []

    def measure_ours(only):
        figures, (peak_1t, peak_2t) = ours(args.binary, args.data, only)
        mine.update(figures)
        peak_ratios.append(peak_2t / peak_1t)

    measure_ours("train")
    theirs["train_64"] = pytorch(args.python, args.data, 64)
    measure_ours("train1000")
    theirs["train_1000"] = pytorch(args.python, args.data, 1000)
    measure_ours("infer")
    theirs.update(onnxruntime(args.python))
    return mine, theirs, peak_ratios


def better(direction, mine, theirs):
    """How many times better Striate is."""
    return theirs / mine if direction == "lower" else mine / theirs


# ---- startup, memory, size ----

def timed(command, cwd):
    """(seconds from start to exit, peak resident bytes, standard output's bytes) of one run of `command`."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], cwd=cwd, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            err.seek(0)
            fail(f"{' '.join(map(str, command))}: exit code {process.returncode}: {err.read().decode()[-400:]}")
        return seconds, usage.ru_maxrss * 1024, out.tell()


def write_png(path, pixels, width):
    """`pixels` (8-bit gray, row by row) as a PNG file."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + pixels[i : i + width] for i in range(0, len(pixels), width))
    header = struct.pack(">IIBBBBB", width, len(pixels) // width, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def process_figures(args):
    """The figures of LIMITS: train one epoch in an empty folder, then predict one image with that model."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        _, train_peak, _ = timed([args.binary, "train", args.data, "--epochs", "1"], folder)
        models = sorted(folder.glob("runs/**/*.safetensors"), key=lambda p: (p.stem not in ("best", "model"), str(p)))
        model = args.model or (models[0] if models else None)
        if model is None:
            fail("`striate train` left no runs/**/*.safetensors; name a model with --model")
        image = folder / "digit.png"
        write_png(image, (args.data / "t10k-images-idx3-ubyte").read_bytes()[16 : 16 + 784], 28)
        starts = [timed([args.binary, "predict", model, image], folder) for _ in range(31)]
        if not starts[0][2]:
            fail("`striate predict` printed nothing")

        stripped = folder / "striate"
        shutil.copy(args.binary, stripped)
        if shutil.which("strip"):
            if subprocess.run(["strip", stripped]).returncode != 0:
                fail(f"{args.binary}: strip failed (its message is above); is it a program for this machine?")
        return {
            "start_ms": statistics.median(s[0] for s in starts) * 1e3,
            "start_peak_mb": statistics.median(s[1] for s in starts) / 1e6,
            "train_peak_mb": train_peak / 1e6,
            "binary_mb": stripped.stat().st_size / 1e6,
        }


# ---- the report ----

def verdict(value, least, aim, higher_is_better):
    met = (lambda goal: value >= goal) if higher_is_better else (lambda goal: value <= goal)
    return "aim met" if met(aim) else "at least met" if met(least) else "BELOW"


def number(x):
    return f"{x:,.0f}" if x >= 1000 else f"{x:.1f}" if x >= 20 else f"{x:.2f}"


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for i, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |")
        if i == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")


def report(counted, process):
    """Prints the tables and returns the names that miss "at least"."""
    missed = []
    if counted:
        rows = [("same work, same machine", "ours", "theirs", "peer", "ratio (min .. max)", "at least", "aim", "verdict")]
        for key, name, unit, peer, direction, least, aim in RATIOS:
            mine, theirs = [m[key] for m, _ in counted], [t[key] for _, t in counted]
            ratios = [better(direction, m, t) for m, t in zip(mine, theirs)]
            ratio = statistics.median(ratios)
            word = verdict(ratio, least, aim, True)
            missed += [name] if word == "BELOW" else []
            rows.append((
                name, f"{number(statistics.median(mine))} {unit}", f"{number(statistics.median(theirs))} {unit}", peer,
                f"{ratio:.2f}x ({min(ratios):.2f} .. {max(ratios):.2f})", f"{least}x", f"{aim}x", word,
            ))
        print_table(rows)
        print()
    rows = [("ours alone", "measured", "at most", "aim", "verdict")]
    for key, name, unit, least, aim in LIMITS:
        word = verdict(process[key], least, aim, False)
        missed += [name] if word == "BELOW" else []
        rows.append((name, f"{number(process[key])} {unit}", f"{least} {unit}", f"{aim} {unit}", word))
    print_table(rows)
    # Linux counts the parent's memory before exec too, so nothing below this script's own can be seen.
    own_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    or_less = " or less (this script's own hides it)" if process["start_peak_mb"] < own_mb * 1.1 else ""
    print(f"peak memory of one prediction: {process['start_peak_mb']:.1f} MB{or_less}")
    return missed


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with the four raw MNIST idx files (default: `striate data path mnist`)")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds that must count (up to twice as many are run)")
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "striate")
    parser.add_argument("--python", type=Path, default=PEERS / ".venv" / "bin" / "python", help="the peers' environment")
    parser.add_argument("--model", type=Path, help="model file for the start-up time (default: one trained here)")
    parser.add_argument("--json", type=Path, help="also write everything measured to this file")
    args = parser.parse_args()
    if args.rounds < 1:
        fail(f"--rounds {args.rounds}: at least 1")
    for path, fix in [(args.binary, "cargo build --release"), (args.python, "bench/peers/setup.sh")]:
        if not path.exists():
            fail(f"{path} is not there; run `{fix}` first")
    # Not resolve(): a virtual environment's python is a link, and followed it forgets its environment.
    args.binary, args.python = args.binary.absolute(), args.python.absolute()
    if args.data is None:
        found = subprocess.run([args.binary, "data", "path", "mnist"], stdout=subprocess.PIPE, text=True)
        if found.returncode != 0:
            fail("no MNIST found; name a folder with --data or run `striate data fetch mnist`")
        args.data = Path(found.stdout.strip())
    args.data = args.data.absolute()
    if not (args.data / "t10k-images-idx3-ubyte").exists():
        fail(f"{args.data}: no t10k-images-idx3-ubyte here; the four idx files must be there, not compressed")
    if args.model:
        args.model = args.model.absolute()
    return args


def main():
    args = arguments()
    print(f"load average before: {os.getloadavg()[0]:.2f} (a quiet machine has less than 0.2)", file=sys.stderr)
    rounds, counted = [], []
    while len(counted) < args.rounds and len(rounds) < 2 * args.rounds:
        mine, theirs, peak_ratios = one_round(args)
        counts = min(peak_ratios) >= MIN_PEAK_RATIO
        rounds.append({"ours": mine, "theirs": theirs, "peak_ratios": peak_ratios, "counted": counts})
        if counts:
            counted.append((mine, theirs))
        word = "counted" if counts else f"NOT counted: 2 threads were worth less than {MIN_PEAK_RATIO} of 1"
        peaks = " ".join(f"{ratio:.2f}" for ratio in peak_ratios)
        ratios = " ".join(f"{key} {better(way, mine[key], theirs[key]):.2f}x" for key, _, _, _, way, _, _ in RATIOS)
        print(f"round {len(rounds)}: peak 2t/1t {peaks} ({word}); {ratios}", file=sys.stderr)

    process = process_figures(args)
    missed = report(counted, process)
    print(f"{len(counted)} of {len(rounds)} rounds counted")
    if args.json:
        args.json.write_text(json.dumps({"rounds": rounds, "process": process}, indent=1) + "\n")
    if len(counted) < args.rounds:
        fail(f"only {len(counted)} of the {args.rounds} rounds asked for counted; the machine is not quiet enough")
    if missed:
        fail(f"below \"at least\": {', '.join(missed)}")


if __name__ == "__main__":
    main()
