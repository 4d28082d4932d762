"""Make the golden files in crates/testkit/golden/ with PyTorch: what three networks compute, in float64.

    bench/peers/setup.sh torch                                  # once: the pinned environment
    bench/peers/.venv/bin/python tools/golden/make.py           # write the files
    bench/peers/.venv/bin/python tools/golden/make.py --check   # remake and compare, writing nothing

README.md says how the weights are made and what each key of a file means.
"""

import argparse
import json
import math
import platform
import sys
from pathlib import Path

import torch
from torch.nn import functional as F

import formula
from nets import NETS

OUT = Path(__file__).resolve().parents[2] / "crates" / "testkit" / "golden"
WHOLE, SAMPLES, STRIDE = 4096, 512, 7919
STEPS = 10
OPTIMIZERS = {
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.05, momentum=0.9, nesterov=False, weight_decay=1e-4)),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)),
    "adam": (torch.optim.Adam, dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-4)),
    "adamw": (torch.optim.AdamW, dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2)),
}


def tensor(name, shape):
    """The float32 tensor that the formula gives for `name`."""
    return torch.tensor(formula.values(name, shape), dtype=torch.float64).to(torch.float32).reshape(shape)


@torch.no_grad()
def fill(model):
    """Set every parameter and running statistic of `model` to its formula value; num_batches_tracked to 0."""
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            value.zero_()
        else:
            value.copy_(tensor(name, tuple(value.shape)))
    return model


class Case:
    """One network at one precision, with its batch: everything that `make` asks for, twice (float64 and float32)."""

    def __init__(self, net, dtype):
        self.net, self.dtype = net, dtype
        self.labels = torch.tensor(formula.labels(net.input_shape[0], net.classes))
        self.class_weights = tensor("class_weights", (net.classes,)).to(dtype)

    def model(self, training):
        return fill(self.net()).to(self.dtype).train(training)

    def input(self):
        return tensor("input", self.net.input_shape).to(self.dtype)

    @torch.no_grad()
    def logits(self, training):
        return self.model(training)(self.input())

    def backward(self):
        """The mean cross entropy in train mode, with every gradient and the statistics it leaves behind."""
        model, x = self.model(True), self.input().requires_grad_()
        loss = F.cross_entropy(model(x), self.labels)
        loss.backward()
        grads = {"input": x.grad} | {name: p.grad for name, p in model.named_parameters()}
        return loss.item(), grads, {name: b for name, b in model.named_buffers()}

    def loss_case(self, label_smoothing, weighted):
        """Mean cross entropy of the train-mode logits, and its gradient by the logits."""
        logits = self.logits(True).requires_grad_()
        weight = self.class_weights if weighted else None
        loss = F.cross_entropy(logits, self.labels, weight=weight, label_smoothing=label_smoothing)
        loss.backward()
        return loss.item(), logits.grad

    def descend(self, make_optimizer, options):
        """[STEPS + 1] train-mode losses on the one batch, the first before any step, and the logits of the last pass."""
        model, x = self.model(True), self.input()
        optimizer = make_optimizer(model.parameters(), foreach=False, **options)
        losses = []
        for step in range(STEPS + 1):
            optimizer.zero_grad()
            logits = model(x)
            loss = F.cross_entropy(logits, self.labels)
            losses.append(loss.item())
            if step < STEPS:
                loss.backward()
                optimizer.step()
        return losses, logits.detach()


def max_abs_difference(truth, f32):
    """max |f32 - truth|, in float64: what PyTorch itself loses in single precision."""
    truth, f32 = torch.as_tensor(truth, dtype=torch.float64), torch.as_tensor(f32, dtype=torch.float64)
    return (f32 - truth).abs().max().item()


def packed(truth, f32):
    """A tensor for the file: all values, or SAMPLES of them; value k is the one at flat index (k * stride) mod n."""
    flat = truth.detach().flatten()
    n = flat.numel()
    stride, count = (1, n) if n <= WHOLE else (STRIDE, SAMPLES)
    assert math.gcd(stride, n) == 1, f"stride {stride} would visit some of {n} values twice"
    return {
        "shape": list(truth.shape), "stride": stride, "values": flat[[k * stride % n for k in range(count)]].tolist(),
        "sum": flat.sum().item(), "sum_squares": flat.square().sum().item(),
        "max_abs": flat.abs().max().item(), "f32_max_abs_difference": max_abs_difference(truth, f32),
    }


def scalar(truth, f32):
    return {"value": truth, "f32_max_abs_difference": max_abs_difference(truth, f32)}


def golden(name):
    """The whole document for one network."""
    net = NETS[name]
    true, single = Case(net, torch.float64), Case(net, torch.float32)
    loss, grads, buffers = true.backward()
    loss32, grads32, buffers32 = single.backward()

    cross_entropy = []
    for label_smoothing, weighted in [(0.0, False), (0.1, False), (0.0, True), (0.1, True)]:
        (value, grad), (value32, grad32) = true.loss_case(label_smoothing, weighted), single.loss_case(label_smoothing, weighted)
        cross_entropy.append({
            "label_smoothing": label_smoothing, "class_weights": weighted,
            "loss": scalar(value, value32), "grad_logits": packed(grad, grad32),
        })

    optimizers = {}
    for key, (make_optimizer, options) in OPTIMIZERS.items():
        (losses, logits), (losses32, logits32) = true.descend(make_optimizer, options), single.descend(make_optimizer, options)
        optimizers[key] = {
            "options": options, "losses": losses, "losses_f32_max_abs_difference": max_abs_difference(losses, losses32),
            "logits_train_after": packed(logits, logits32),
        }

    initial = true.model(True).state_dict()
    return {
        "made_by": {
            "script": "tools/golden/make.py", "command": "python tools/golden/make.py", "torch": torch.__version__,
            "python": platform.python_version(), "platform": platform.machine(),
        },
        "net": name, "input_shape": list(net.input_shape), "classes": net.classes, "labels": true.labels.tolist(),
        "class_weights": true.class_weights.tolist(), "input": summary_of_formula(true.input()),
        "parameters": {key: summary_of_formula(value) for key, value in initial.items()},
        "logits_eval": packed(true.logits(False), single.logits(False)),
        "logits_train": packed(true.logits(True), single.logits(True)),
        "loss": scalar(loss, loss32),
        "grads": {key: packed(grad, grads32[key]) for key, grad in grads.items()},
        "buffers_after_one_forward": {key: packed(value, buffers32[key]) for key, value in buffers.items()},
        "cross_entropy": cross_entropy,
        "optimizers": optimizers,
    }


def summary_of_formula(value):
    """Enough to see that the other side's formula is the same: shape, first three values, sum (float64, in index order)."""
    flat = value.double().flatten().tolist()
    total = 0.0
    for v in flat:
        total += v
    return {"shape": list(value.shape), "first": flat[:3], "sum": total}


def differences(old, new, path=""):
    """Paths where two documents differ: numbers by more than 1e-9 relative, f32 differences and versions not at all."""
    if path.endswith("made_by") or path.endswith("f32_max_abs_difference"):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (a, b) in enumerate(zip(old, new)):
            yield from differences(a, b, f"{path}[{i}]")
    elif type(old) is float and type(new) is float:
        if abs(old - new) > 1e-9 * max(abs(old), abs(new)) + 1e-12:
            yield f"{path}: file {old!r}, remade {new!r}"
    elif old != new:
        yield f"{path}: file {old!r}, remade {new!r}"


def dumps(document):
    """JSON with one line a second-level key: small diffs without a line a number."""
    lines = []
    for key, value in document.items():
        if isinstance(value, dict) and key not in ("made_by", "loss"):
            inner = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            lines.append(f" {json.dumps(key)}: {{\n{inner}\n }}" if inner else f" {json.dumps(key)}: {{}}")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("nets", nargs="*", help=f"which networks (default: all of {', '.join(NETS)})")
    args = parser.parse_args()
    if unknown := set(args.nets) - NETS.keys():
        parser.error(f"no such network: {', '.join(sorted(unknown))}; there are {', '.join(NETS)}")

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    failed = False
    for name in args.nets or NETS:
        path = OUT / f"{name}.json"
        text = dumps(golden(name))
        if args.check:
            found = list(differences(json.loads(path.read_text()), json.loads(text)))
            failed |= bool(found)
            print(f"{path.name}: " + (f"{len(found)} differences, first {found[0]}" if found else "same"))
        else:
            OUT.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"{path.name}: {len(text):,} bytes")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
