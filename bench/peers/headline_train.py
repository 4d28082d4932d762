"""A whole training run of one of two small networks in PyTorch, done as `striate train` does it.

    .venv/bin/python headline_train.py convnet --data MNIST --epochs 2
    .venv/bin/python headline_train.py resnet20 --data FASHION_MNIST --epochs 6

The settings are those of Striate's recipes: 5,000 images are held out and evaluated after every epoch (or the test images, with
--held-out 0), and the learning rate makes one cycle; convnet uses Adam, resnet20 SGD with Nesterov momentum, weight decay 5e-4 and
mirrored images. Prints one JSON line at the end:
{"peer": "pytorch", "model": "convnet", "accuracy_top1": 0.991, "train_s": 12.3, ...}.
"""

import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional as F

import torch_flags
from pytorch_train import ConvNet, accuracy


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, and the shortcut; a 1x1 convolution where the shape changes."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = nn.Identity()
        if stride != 1 or before != channels:
            self.downsample = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


def resnet20():
    """The small residual network of He et al. with projections: 272,186 parameters for one channel."""
    layers = [nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for channels in (16, 32, 64):
        for i in range(3):
            layers.append(Block(before, channels, 2 if i == 0 and channels > 16 else 1))
            before = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


# Network, images per update, highest learning rate, whether it uses SGD and mirrored images.
JOBS = {"convnet": (ConvNet, 64, 0.003, False), "resnet20": (resnet20, 128, 0.2, True)}

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=list(JOBS))
    parser.add_argument("--data", required=True, help="folder with the four idx files (raw or .gz)")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch", type=int, help="images per update, instead of the recipe's")
    parser.add_argument("--lr", type=float, help="highest learning rate, instead of the recipe's")
    parser.add_argument("--held-out", type=int, default=5000, help="number of training images that are held out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    torch_flags.add(parser)
    args = parser.parse_args()
    (images, labels), test = torch_flags.begin(args)
    order = torch.randperm(len(images))
    held_out, order = order[: args.held_out], order[args.held_out :]
    held_out = [images[held_out], labels[held_out]] if args.held_out else test
    images, labels = images[order], labels[order]

    network, batch, lr, mirrors = JOBS[args.model]
    batch, lr = args.batch or batch, args.lr or lr
    model = network()
    if args.channels_last:
        model = model.to(memory_format=torch.channels_last)
    if mirrors:
        settings = {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, fused=args.fused, **settings)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=args.fused)
    updates = args.epochs * -(-len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, updates, cycle_momentum=False)
    trained = torch.compile(model) if args.compile else model

    start = time.perf_counter()
    for _ in range(args.epochs):
        model.train()
        order = torch.randperm(len(images))
        for first in range(0, len(images), batch):
            rows = order[first : first + batch]
            x, y = images[rows], labels[rows]
            if mirrors:
                x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)
            if args.channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
                loss = F.cross_entropy(trained(x), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        model.eval()
        validated = accuracy(model, *held_out, args.channels_last)
    seconds = time.perf_counter() - start
    print(json.dumps({
        "peer": "pytorch", "version": torch.__version__, "model": args.model, "epochs": args.epochs, "batch": batch,
        "threads": args.threads, "seed": args.seed, "channels_last": args.channels_last, "fused": args.fused,
        "compile": args.compile, "precision": args.precision, "train_s": round(seconds, 3),
        "validated": validated, "accuracy_top1": accuracy(model, *test, args.channels_last),
    }))


if __name__ == "__main__":
    main()
