"""The PyTorch settings that both training scripts accept."""

import argparse

import torch

import memory
from idx import load_split


def add(parser):
    """Adds the flags to a parser."""
    parser.add_argument("--channels-last", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--fused", action=argparse.BooleanOptionalAction, default=True, help="the optimizer's fused=True")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False, help="torch.compile; needs a C++ compiler")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32", help="bf16 = autocast; not the same numbers")
    parser.add_argument("--keep-memory", action=argparse.BooleanOptionalAction, default=True, help="the allocator keeps freed memory")


def begin(args):
    """Sets memory, threads and seed from the arguments; returns the training and the test split of `args.data` as tensors."""
    if args.keep_memory:
        memory.keep()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    return [[torch.from_numpy(a) for a in load_split(args.data, split)] for split in ("train", "t10k")]
