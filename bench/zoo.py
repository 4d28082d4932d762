#!/usr/bin/env python3
"""Runs Striate and the peers in turn on networks of the zoo, and prints the ratios.

    cargo build --release
    bench/peers/setup.sh engines                            # once: PyTorch, torchvision and the engines, pinned
    bench/zoo.py                                            # inference, every row that has a goal; about an hour
    bench/zoo.py --models resnet18,vgg16 --batch 1,16 --threads 1 --peers mnn,ncnn
    bench/zoo.py --train                                    # training steps, compared with PyTorch

A round of a row is: the f32 peak that Striate measures, Striate's time, the time of each peer, and the peak again. Each time is the best
of several runs; the ratio is that of the fastest f32 peer of the round to Striate, and the table shows medians over the rounds that count.
A round does not count if the peak moved by more than 10 %, or, on 2 threads, if the peak was below 1.9 times that of one: virtual cores are
sometimes worth less than cores. If a peer fails, its row says so and the others continue. A peer whose name contains a
precision (openvino-bf16) computes different numbers; it is shown but never used for the ratio. Needs Linux, and only
Python's standard library.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
from pathlib import Path

from run import MIN_PEAK_RATIO, PEERS, ROOT, number, print_table, verdict

MAX_PEAK_CHANGE = 0.10
TIMEOUT_S = 1800
INFER_PEERS = ["ncnn", "mnn", "openvino", "onnxruntime", "pytorch", "pytorch-compile"]
TRAIN_PEERS = ["pytorch", "pytorch-compile"]
# The same work in fewer bits.
OTHER_NUMBERS = ["ncnn-half", "mnn-low", "openvino-bf16", "pytorch-bf16"]
# Settings of zoo_train.py by the name of the peer.
TRAIN_FLAGS = {"pytorch": [], "pytorch-compile": ["--compile"], "pytorch-bf16": ["--precision", "bf16"]}

# (model, batch): "at least" and "aim", in times faster than the fastest f32 peer.
INFER_GOALS = {
    ("vgg16", 1): (1.1, 1.5), ("vgg16", 16): (1.1, 1.5),
    ("resnet18", 1): (1.15, 1.5), ("resnet18", 16): (1.15, 1.5),
    ("resnet34", 1): (1.15, 1.5), ("resnet34", 16): (1.15, 1.5),
    ("resnet50", 1): (1.05, 1.3), ("resnet50", 16): (1.05, 1.3),
    ("alexnet", 1): (1.1, 1.4),
    ("mobilenet_v2", 1): (1.0, 1.3), ("efficientnet_b0", 1): (1.0, 1.3),
    ("densenet121", 1): (1.0, 1.2), ("convnext_tiny", 1): (1.0, 1.2), ("regnet_y_400mf", 1): (1.0, 1.2),
}
TRAIN_GOALS = {("resnet18", 16): (1.5, 2.2), ("resnet18_small", 128): (1.5, 2.2), ("vgg16_bn", 8): (2.0, 3.0)}
# Sides of the images in pixels, where they are not 224.
IMGSZ = {"resnet18_small": 32, "inception_v3": 299}


class Failed(Exception):
    """A measurement that failed, and why."""


def json_line(command):
    """Runs `command` and returns the JSON document that it printed last. The process and its children end with this call."""
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               errors="replace", start_new_session=True)
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Failed(f"took more than {TIMEOUT_S} s") from None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    if process.returncode != 0:
        lines = [line for line in err.splitlines() if line.strip()] or ["no message"]
        raise Failed(f"exit code {process.returncode}: {lines[-1][:200]}")
    for start in (i for i, line in enumerate(out.splitlines()) if line.startswith("{")):
        try:
            return json.loads("\n".join(out.splitlines()[start:]))
        except json.JSONDecodeError:
            continue
    raise Failed(f"expected JSON, got {out[:80]!r}")


# ---- Striate: the only place that knows what `striate bench --json` prints ----

def peaks(binary):
    """The f32 peak that Striate measures, in GFLOP/s, on one thread and on two."""
    report = json_line([binary, "bench", "--json", "--only", "peak"])
    return {1: report["peak_gflops_1t"], 2: report["peak_gflops_2t"]}


def ours(binary, row):
    model, batch, threads, imgsz, train = row
    work = ["--model", model, "--batch", batch, "--threads", threads, "--imgsz", imgsz, *(["--train"] if train else [])]
    report = json_line([binary, "bench", "--json", *work])
    try:
        return {
            "ms": report["best_s"] * 1e3, "median_ms": report["median_s"] * 1e3,
            "peak_mb": report["peak_memory_bytes"] / 1e6, "optimizer": report.get("optimizer"),
        }
    except KeyError as missing:
        raise Failed(f"`striate bench --json` has no key {missing}; it has {', '.join(report)}") from None


# ---- the peers ----

def theirs(python, peer, row, optimizer):
    """`optimizer` is the one that Striate used, so that both do the same work; it has no meaning for inference."""
    model, batch, threads, imgsz, train = row
    work = [model, "--batch", batch, "--threads", threads, "--imgsz", imgsz]
    if train:
        line = json_line([python, PEERS / "zoo_train.py", *work, "--optimizer", optimizer, *TRAIN_FLAGS[peer]])
        return {"ms": line["best_step_s"] * 1e3, "median_ms": line["median_step_s"] * 1e3, "peak_mb": line["peak_mb"]}
    line = json_line([python, PEERS / "zoo_infer.py", peer, *work])
    return {key: line[key] for key in ("median_ms", "best_cpu_ms", "peak_mb", "difference")} | {"ms": line["best_ms"]}


# ---- a row ----

def one_round(args, row):
    """The figures of all programs by name, measured in turn; the peaks before and after; whether the round counts, and if not, why."""
    figures, failures = {}, {}
    before = peaks(args.binary)
    for name in ["ours", *args.peers]:
        try:
            if name == "ours":
                figures[name] = ours(args.binary, row)
            else:
                optimizer = figures.get("ours", {}).get("optimizer") or "sgd"
                figures[name] = theirs(args.python, name, row, optimizer)
        except Failed as failed:
            failures[name] = str(failed)
    after = peaks(args.binary)
    threads = row[2]
    at = min(threads, 2)
    change = abs(after[at] / before[at] - 1)
    worth = min(before[2] / before[1], after[2] / after[1])
    why = []
    if change > MAX_PEAK_CHANGE:
        why.append(f"the peak moved by {change:.0%}")
    if threads > 1 and worth < MIN_PEAK_RATIO:
        why.append(f"two threads were worth {worth:.2f} of one")
    comparable = [name for name in figures if name != "ours" and name not in OTHER_NUMBERS]
    fastest = min(comparable, key=lambda name: figures[name]["ms"], default=None)
    ratio = figures[fastest]["ms"] / figures["ours"]["ms"] if fastest and "ours" in figures else None
    return {
        "figures": figures, "failures": failures, "peak_gflops": [before[at], after[at]], "not_counted": "; ".join(why),
        "fastest": fastest, "ratio": ratio,
    }


def row_name(row):
    model, batch, threads, imgsz, train = row
    size, plural, work = "" if imgsz == 224 else f" {imgsz} px", "s" if threads > 1 else "", ", training" if train else ""
    return f"{model}{size}, batch {batch}, {threads} thread{plural}{work}"


def table_row(args, row, rounds):
    model, batch, threads, imgsz, train = row
    counted = [r for r in rounds if not r["not_counted"]]
    shown = counted or rounds

    def median(name, figure):
        values = [r["figures"][name][figure] for r in shown if name in r["figures"]]
        return number(statistics.median(values)) if values else "failed"

    ratios = [r["ratio"] for r in shown if r["ratio"] is not None]
    least, aim = (TRAIN_GOALS if train else INFER_GOALS).get((model, batch), (None, None))
    word = "-"
    if not counted:
        word = "not counted"
    elif ratios and least:
        word = verdict(statistics.median(ratios), least, aim, True)
    fastest = [r["fastest"] for r in shown if r["fastest"]]
    return (
        model if imgsz == 224 else f"{model} {imgsz} px", str(batch), str(threads), median("ours", "ms"),
        *(median(peer, "ms") for peer in args.peers),
        f"{statistics.median(ratios):.2f}x ({min(ratios):.2f} .. {max(ratios):.2f})" if ratios else "-",
        statistics.mode(fastest) if fastest else "-", f"{least}x" if least else "-", f"{aim}x" if aim else "-", word,
        f"{len(counted)} of {len(rounds)}",
        ", ".join(median(name, "peak_mb") for name in ["ours", *args.peers]),
        f"{statistics.median(r['peak_gflops'][0] for r in shown):.0f}, {statistics.median(r['peak_gflops'][1] for r in shown):.0f}",
    )


def report(args, done):
    """`done`: pairs of a row and its rounds."""
    names = ["ours", *args.peers]
    print_table([(
        "network", "batch", "threads", *(f"{name}, ms" for name in names), "ratio (min .. max)", "to", "at least", "aim",
        "verdict", "rounds", "peak memory, MB", "f32 peak before, after",
    ), *(table_row(args, row, rounds) for row, rounds in done)])
    print(f"\nPeak memory in the order {', '.join(names)}. The f32 peak is the one that Striate measures, in GFLOP/s, on the row's number of threads.")
    for row, rounds in done:
        for name in names:
            messages = {r["failures"][name] for r in rounds if name in r["failures"]}
            for message in sorted(messages):
                print(f"{row_name(row)}: {name} failed: {message}")
        reasons = [r["not_counted"] for r in rounds if r["not_counted"]]
        if reasons:
            print(f"{row_name(row)}: {len(reasons)} of {len(rounds)} rounds not counted: {' | '.join(reasons)}")


# ---- the command ----

def wanted_rows(args):
    goals = TRAIN_GOALS if args.train else INFER_GOALS
    if args.models:
        batches = args.batch or sorted({batch for model, batch in goals if model in args.models} or {1})
        pairs = [(model, batch) for model in args.models for batch in batches]
    else:
        pairs = [(model, batch) for model, batch in goals if not args.batch or batch in args.batch]
    return [
        (model, batch, threads, args.imgsz or IMGSZ.get(model, 224), args.train)
        for model, batch in pairs for threads in args.threads
    ]


def arguments():
    def words(text):
        return [word for word in text.split(",") if word]

    def numbers(text):
        return [int(word) for word in words(text)]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=words, help="torchvision's names, or resnet18_small (default: those with a goal)")
    parser.add_argument("--batch", type=numbers, help="batch sizes (default: those with a goal, else 1)")
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--imgsz", type=int, help="side of the square input in pixels (default: 224, or the size that the network was made for)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train", action="store_true", help="training steps instead of inference")
    parser.add_argument("--peers", type=words, help=f"of {', '.join(INFER_PEERS + OTHER_NUMBERS)} (default: all that compute in f32)")
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "striate")
    parser.add_argument("--python", type=Path, default=PEERS / ".venv" / "bin" / "python", help="the peers' environment")
    parser.add_argument("--json", type=Path, help="also write everything measured to this file")
    args = parser.parse_args()
    known = list(TRAIN_FLAGS) if args.train else INFER_PEERS + OTHER_NUMBERS
    args.peers = args.peers if args.peers is not None else TRAIN_PEERS if args.train else INFER_PEERS
    for peer in args.peers:
        if peer not in known:
            parser.error(f"--peers {peer}: none of {', '.join(known)}")
    for path, fix in [(args.binary, "cargo build --release"), (args.python, "bench/peers/setup.sh engines")]:
        if not path.exists():
            parser.error(f"{path} does not exist; run `{fix}` first")
    # Not resolve(): a virtual environment's python is a link, and followed it forgets its environment.
    args.binary, args.python = args.binary.absolute(), args.python.absolute()
    return args


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"load average before: {os.getloadavg()[0]:.2f} (a quiet machine has less than 0.2)", file=sys.stderr)
    done, code = [], 0
    try:
        for row in wanted_rows(args):
            done.append((row, []))
            for number_of_round in range(args.rounds):
                this = one_round(args, row)
                done[-1][1].append(this)
                times = " ".join(f"{name} {figures['ms']:.2f} ms" for name, figures in this["figures"].items())
                failed = "".join(f" {name} FAILED" for name in this["failures"])
                word = f"NOT counted: {this['not_counted']}" if this["not_counted"] else "counted"
                print(f"{row_name(row)}, round {number_of_round + 1}: {times}{failed} ({word})", file=sys.stderr)
    except Failed as failed:
        sys.exit(f"bench/zoo.py: {args.binary}: {failed}")
    except KeyboardInterrupt:
        print("stopped; measured so far:", file=sys.stderr)
        code = 130
    done = [(row, rounds) for row, rounds in done if rounds]
    if done:
        report(args, done)
    if args.json:
        fields = ("model", "batch", "threads", "imgsz", "train")
        rows = [{**dict(zip(fields, row)), "rounds": rounds} for row, rounds in done]
        args.json.write_text(json.dumps(rows, indent=1) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
