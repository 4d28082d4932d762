"""PyTorch's training epoch of `convnet` on full MNIST, at PyTorch's best settings.

Prints one JSON line per epoch: {"peer": "pytorch", "epoch": 1, "train_epoch_s": 8.1, "accuracy_top1": 0.9847, ...}.
`train_epoch_s` covers shuffling, fetching batches, forward, backward and the optimizer step of 60,000 images; loading
the files, the warm-up and the test pass are not included. The data is in memory as normalized float32. Each default is
the fastest choice measured (see README.md); the flags exist so that anyone can check that.
"""

import argparse
import json
import os
import time

import torch
from torch import nn
from torch.nn import functional as F

import torch_flags


class ConvNet(nn.Module):
    """`convnet`: [N, 1, 28, 28] -> logits [N, 10], 206,922 parameters."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(1568, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def train_epoch(step, images, labels, batch):
    """One pass over all images in a fresh random order, including the smaller last batch."""
    order = torch.randperm(len(images))
    for start in range(0, len(images), batch):
        rows = order[start : start + batch]
        step(images[rows], labels[rows])


@torch.inference_mode()
def accuracy(model, images, labels, channels_last):
    hits = 0
    for start in range(0, len(images), 1000):
        x = images[start : start + 1000]
        if channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        hits += (model(x).argmax(1) == labels[start : start + 1000]).sum().item()
    return hits / len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with the four MNIST idx files (raw or .gz)")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    torch_flags.add(parser)
    args = parser.parse_args()
    (images, labels), (test_images, test_labels) = torch_flags.begin(args)

    model = ConvNet()
    if args.channels_last:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=args.fused)
    network = torch.compile(model) if args.compile else model

    def step(x, y):
        if args.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            loss = F.cross_entropy(network(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    # Warm-up: 50 full batches and the odd-sized last one, so that no timed step compiles or plans anything.
    for _ in range(50):
        step(images[: args.batch], labels[: args.batch])
    if len(images) % args.batch:
        step(images[: len(images) % args.batch], labels[: len(images) % args.batch])

    for epoch in range(1, args.epochs + 1):
        model.train()
        start = time.perf_counter()
        train_epoch(step, images, labels, args.batch)
        seconds = time.perf_counter() - start
        model.eval()
        print(json.dumps({
            "peer": "pytorch", "version": torch.__version__, "batch": args.batch, "threads": args.threads,
            "channels_last": args.channels_last, "fused": args.fused, "compile": args.compile, "precision": args.precision,
            "keep_memory": args.keep_memory,
            "epoch": epoch, "train_epoch_s": round(seconds, 4),
            "accuracy_top1": accuracy(model, test_images, test_labels, args.channels_last),
            "load_average_1m": round(os.getloadavg()[0], 2),
        }), flush=True)


if __name__ == "__main__":
    main()
