"""PyTorch's training step of one torchvision network: `.venv/bin/python zoo_train.py resnet18 --batch 16 --threads 2`.

A step is forward, cross entropy, backward and the optimizer's update, on one batch of noise in memory. Prints one JSON
line: {"peer": "pytorch", "model": "resnet18", "batch": 16, "best_step_s": 0.71, "median_step_s": 0.72, "images_per_s": 22.1,
"peak_mb": 1840.2, ...}; images per second are those of the median step. README.md says which settings are fastest.
"""

import argparse
import json
import math
import os
import statistics
import time

import memory
import torch_flags
import zoo_export  # before torch: it sets where torch.compile keeps its files
import torch
from torch.nn import functional as F


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="the network's name in torchvision, or resnet18_small")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--imgsz", type=int, default=224, help="side of the square input in pixels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--optimizer", choices=["sgd", "adam", "adamw"], default="sgd", help="sgd has a momentum of 0.9")
    parser.add_argument("--seconds", type=float, default=6.0, help="time to measure; at least 3 steps")
    torch_flags.add(parser)
    args = parser.parse_args()
    if args.keep_memory:
        memory.keep()

    torch.set_num_threads(args.threads)
    model = zoo_export.network(args.model, args.imgsz).train()
    x = zoo_export.image(args.imgsz, args.batch)
    if args.channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(args.batch) % 10
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    settings = {"momentum": 0.9} if args.optimizer == "sgd" else {}
    optimizer = kinds[args.optimizer](model.parameters(), lr=1e-3, fused=args.fused, **settings)
    network = torch.compile(model) if args.compile else model

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            loss = F.cross_entropy(network(x), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    first = step()
    warm_until = time.perf_counter() + args.seconds * 0.3
    while time.perf_counter() < warm_until:
        step()
    times, until = [], time.perf_counter() + args.seconds
    while time.perf_counter() < until or len(times) < 3:
        start = time.perf_counter()
        last = step()
        times.append(time.perf_counter() - start)
    if not math.isfinite(last):
        raise SystemExit(f"the loss went from {first:.3f} to {last}: nothing that took so long is worth knowing")
    print(json.dumps({
        "peer": "pytorch", "version": torch.__version__, "model": args.model, "batch": args.batch, "imgsz": args.imgsz,
        "threads": args.threads, "optimizer": args.optimizer, "channels_last": args.channels_last, "fused": args.fused, "compile": args.compile,
        "precision": args.precision, "keep_memory": args.keep_memory, "best_step_s": round(min(times), 5),
        "median_step_s": round(statistics.median(times), 5), "images_per_s": round(args.batch / statistics.median(times), 2),
        "steps": len(times), "peak_mb": round(memory.peak_mb(), 1), "loss_first": first, "loss_last": last,
        "load_average_1m": round(os.getloadavg()[0], 2),
    }), flush=True)


if __name__ == "__main__":
    main()
