"""Make the golden files in crates/testkit/golden/zoo/: what torchvision's networks compute, in float64.

    bench/peers/setup.sh torchvision                           # once: the pinned environment
    bench/peers/.venv/bin/python tools/golden/zoo.py           # write the files
    bench/peers/.venv/bin/python tools/golden/zoo.py --check   # remake and compare, writing nothing

The weights are made by formula.deep_values, which Rust repeats: a file holds outputs alone. README.md says what its keys mean.
"""

import argparse
import json
import math
import platform
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth

import formula
from efficientnet_lite0 import EfficientNetLite0
from make import differences, max_abs_difference

OUT = Path(__file__).resolve().parents[2] / "crates" / "testkit" / "golden" / "zoo"
STRIDE = 7919
LOGITS, SAMPLES = 128, 16

# Sizes as small as each network takes them, higher than wide or wider than high, odd where that changes the padding.
INPUTS = {
    "alexnet": (1, 3, 224, 224), "resnet": (2, 3, 64, 48), "vgg": (1, 3, 32, 64), "resnext": (2, 3, 64, 48),
    "wide_resnet": (2, 3, 64, 48), "densenet": (2, 3, 70, 64), "squeezenet": (2, 3, 70, 64), "googlenet": (2, 3, 70, 64),
    "inception": (2, 3, 91, 83), "mobilenet": (2, 3, 64, 80), "mnasnet": (2, 3, 64, 80), "shufflenet": (2, 3, 64, 80),
    "efficientnet": (2, 3, 50, 72), "regnet": (2, 3, 64, 48), "convnext": (2, 3, 70, 96),
}
NAMES = [
    "alexnet", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
    "squeezenet1_0", "squeezenet1_1", "googlenet", "inception_v3",
    "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
    "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2",
    "densenet121", "densenet161", "densenet169", "densenet201", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large",
    "mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3",
    "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0",
    "efficientnet_lite0", *(f"efficientnet_b{i}" for i in range(8)), *(f"efficientnet_v2_{size}" for size in "sml"),
    *(f"regnet_{kind}_{size}" for kind in "xy" for size in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")),
    "regnet_y_128gf", "convnext_tiny", "convnext_small", "convnext_base", "convnext_large",
]
# One training step of these, on larger batches: a batch norm over two values is a coin toss. If a value before a ReLU is within
# rounding of its kink, which derivative counts is another: (4, 3, 96, 64) is a size at which EfficientNet-Lite0 has no such value, as
# (4, 3, 64, 48) has (2 of 5 sizes that were tried).
TRAINED = {
    "resnet18": (4, 3, 64, 48), "vgg11_bn": (4, 3, 64, 32), "resnext50_32x4d": (4, 3, 64, 48),
    "densenet121": (4, 3, 64, 48), "mobilenet_v2": (2, 3, 33, 40), "squeezenet1_1": (2, 3, 63, 80),
    "googlenet": (4, 3, 64, 80), "inception_v3": (4, 3, 299, 347), "mobilenet_v3_small": (4, 3, 64, 48),
    "mnasnet0_5": (4, 3, 64, 48), "shufflenet_v2_x0_5": (4, 3, 64, 48), "efficientnet_b0": (4, 3, 64, 48),
    "efficientnet_v2_s": (4, 3, 64, 48), "regnet_x_400mf": (4, 3, 64, 48), "regnet_y_400mf": (4, 3, 64, 48),
    "convnext_tiny": (2, 3, 64, 48), "alexnet": (2, 3, 63, 80), "efficientnet_lite0": (4, 3, 96, 64),
}
# Factors by which the batch norms of their blocks are scaled, so that the logits depend on the image and not only on the last biases:
# gates halve values, and so do the activation functions for small values. With larger factors, gates saturate and no digit of float32 is right.
GAINS = {
    "efficientnet_b6": 1.5, "efficientnet_b7": 1.5, "efficientnet_b": 1.6, "efficientnet_v2_s": 1.4, "efficientnet_v2": 1.2, "mobilenet_v3": 1.7,
}


def gain(name):
    return next((gain for family, gain in GAINS.items() if name.startswith(family)), 1.0)


def tensor(name, shape):
    return torch.from_numpy(formula.deep_values(name, tuple(shape)))


# Weights of the losses of auxiliary classifiers in training.
AUXILIARY = {"googlenet": 0.3, "inception_v3": 0.4}


def empty(name, auxiliary=False):
    """The network without memory, so that no time goes into an initialization that is not used."""
    # A RegNet computes its widths by tensors, which must have values.
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        if name == "efficientnet_lite0":
            return EfficientNetLite0()
        # Only these two run an initialization of their own, and have auxiliary classifiers, which inference does not need.
        plain = {"aux_logits": auxiliary, "init_weights": False} if name in AUXILIARY else {}
        return getattr(torchvision.models, name)(**plain)


@torch.no_grad()
def model(name, auxiliary=False):
    """The network with the formula's weights, in float32, without dropout."""
    net = empty(name, auxiliary).to_empty(device="cpu")
    for key, value in net.state_dict().items():
        if key.endswith("num_batches_tracked"):
            value.zero_()
        else:
            value.copy_(tensor(key, value.shape))
            if ".block." in key and key.endswith("weight") and value.dim() == 1:
                value *= np.float32(gain(name))
    for module in net.modules():
        if isinstance(module, (nn.Dropout, StochasticDepth)):
            module.p = 0.0
    return net


def keys(name):
    """Names and shapes of the state dict, without the counts that inference does not need."""
    return {key: list(value.shape) for key, value in empty(name).state_dict().items() if not key.endswith("num_batches_tracked")}


def short(number):
    """Ten digits: float32 has seven."""
    return float(f"{number:.10g}")


def packed(truth, f32, samples):
    """A tensor for the file: `samples` of its values, and sums over all; value k is the one at flat index (k * stride) mod n."""
    flat = truth.detach().flatten()
    n = flat.numel()
    stride, count = (1, n) if n <= samples else (STRIDE, samples)
    assert math.gcd(stride, n) == 1, f"stride {stride} would visit some of {n} values twice"
    return {
        "shape": list(truth.shape), "stride": stride, "values": [short(flat[k * stride % n].item()) for k in range(count)],
        "sum": flat.sum().item(), "sum_squares": flat.square().sum().item(),
        "f32_max_abs_difference": short(max_abs_difference(truth.detach(), f32.detach())),
    }


def evaluated(name, shape):
    """The logits in eval mode."""
    net, x = model(name).eval(), tensor("input", shape)
    with torch.no_grad():
        single = net(x)
        return packed(net.double()(x.double()), single, LOGITS)


def trained(name, shape):
    """Loss, gradients and running statistics of one forward and backward pass in train mode."""
    labels = torch.tensor(formula.labels(shape[0], 1000))

    def run(dtype):
        net = model(name, auxiliary=True).to(dtype).train()
        # The logits, and those of auxiliary classifiers behind them.
        logits = net(tensor("input", shape).to(dtype))
        logits, *others = logits if name in AUXILIARY else [logits]
        loss = F.cross_entropy(logits, labels) + sum(AUXILIARY[name] * F.cross_entropy(other, labels) for other in others)
        loss.backward()
        grads = {key: parameter.grad for key, parameter in net.named_parameters()}
        return loss.item(), grads, {key: b for key, b in net.named_buffers() if not key.endswith("num_batches_tracked")}

    (loss, grads, buffers), (loss32, grads32, buffers32) = run(torch.float64), run(torch.float32)
    return {
        "input_shape": list(shape), "labels": labels.tolist(),
        "loss": {"value": loss, "f32_max_abs_difference": abs(loss - loss32)},
        "grads": {key: packed(grad, grads32[key], SAMPLES) for key, grad in grads.items()},
        "buffers_after_one_forward": {key: packed(value, buffers32[key], SAMPLES) for key, value in buffers.items()},
    }


def golden(name):
    """The whole document for one network."""
    shape = next(shape for family, shape in INPUTS.items() if name.startswith(family))
    document = {
        "made_by": {
            "script": "tools/golden/zoo.py", "torch": torch.__version__, "torchvision": torchvision.__version__,
            "python": platform.python_version(), "platform": platform.machine(),
        },
        "net": name, "block_gain": gain(name), "keys": keys(name), "input_shape": list(shape), "logits_eval": evaluated(name, shape),
    }
    if name in TRAINED:
        document["train"] = trained(name, TRAINED[name])
    return document


def dumps(document):
    """JSON with one line per tensor."""
    def block(value, indent):
        if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
            inner = ",\n".join(f"{indent} {json.dumps(k)}: {block(v, indent + ' ')}" for k, v in value.items())
            return f"{{\n{inner}\n{indent}}}"
        return json.dumps(value)
    return block(document, "") + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("nets", nargs="*", help=f"which networks (default: all of {', '.join(NAMES)})")
    args = parser.parse_args()
    if unknown := set(args.nets) - set(NAMES):
        parser.error(f"no such network: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    failed = False
    for name in args.nets or NAMES:
        path = OUT / f"{name}.json"
        text = dumps(golden(name))
        if args.check:
            found = list(differences(json.loads(path.read_text()), json.loads(text)))
            failed |= bool(found)
            print(f"{path.name}: " + (f"{len(found)} differences, first {found[0]}" if found else "same"), flush=True)
        else:
            OUT.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"{path.name}: {len(text):,} bytes", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
