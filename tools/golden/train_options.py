"""Make crates/testkit/golden/train_options.json with PyTorch: what options of training do to a small network, in float64.

    bench/peers/.venv/bin/python tools/golden/train_options.py           # write the file
    bench/peers/.venv/bin/python tools/golden/train_options.py --check   # remake and compare, writing nothing

Each case is STEPS updates on one batch: the losses before each, and the state afterwards. Weights, input and labels come
from the formula of README.md. Mixtures, averages and the parts of a batch are written out here in PyTorch's own terms.
"""

import argparse
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

import formula
import make
from make import OUT, differences, dumps, fill, packed, tensor

INPUT, CLASSES, STEPS = (6, 3, 11, 9), 7, 4
make.WHOLE = make.SAMPLES = 32  # the sums are over all values
LAMBDAS = (1.0, 0.75, 0.25, 0.0, 0.5, 0.875)  # exact in f32
STATE = ("0.weight", "1.weight", "1.running_mean", "1.running_var", "3.weight", "3.bias", "7.weight", "7.bias")


def network(dtype):
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 20, 3, stride=2, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d((2, 1)), nn.Flatten(), nn.Linear(40, CLASSES),
    )
    return fill(net).to(dtype).train()


def sgd(groups):
    return torch.optim.SGD(groups, lr=0.05, momentum=0.9, weight_decay=1e-3, foreach=False)


def adamw(groups):
    return torch.optim.AdamW(groups, lr=0.01, weight_decay=0.1, foreach=False)


def run(dtype, optimizer=sgd, parts=6, frozen=(), scale=lambda name: 1.0, before_step=None, ema=None, loss=F.cross_entropy):
    """STEPS updates; `parts` samples at a time, `frozen` layers by index, `before_step` on the gradients."""
    net = network(dtype)
    for index in frozen:
        net[index].requires_grad_(False)
        if isinstance(net[index], nn.BatchNorm2d):
            net[index].eval()
    named = [(name, p) for name, p in net.named_parameters() if p.requires_grad]
    rule = optimizer([{"params": [p]} for _, p in named])
    for group, (name, _) in zip(rule.param_groups, named):
        group["lr"] *= scale(name)
    x, labels = tensor("input", INPUT).to(dtype), torch.tensor(formula.labels(INPUT[0], CLASSES))
    average = {key: value.clone() for key, value in net.state_dict().items()}
    losses = []
    for t in range(1, STEPS + 1):
        rule.zero_grad()
        total = 0.0
        for x_part, labels_part in zip(x.split(parts), labels.split(parts)):
            part = loss(net(x_part), labels_part) * (len(x_part) / len(x))
            part.backward()
            total += part.item()
        losses.append(total)
        if before_step:
            before_step([p for _, p in named])
        rule.step()
        if ema is not None:
            decay = min(ema, (1 + t) / (10 + t))
            for key, value in net.state_dict().items():
                if value.is_floating_point():
                    average[key] = decay * average[key] + (1 - decay) * value
    state = average if ema is not None else net.state_dict()
    return losses, {key: state[key] for key in STATE}


def mixture(dtype, weight=None):
    """Cross entropy of mixtures of each label with its left neighbor's, smoothed by 0.1."""
    share = torch.tensor(LAMBDAS, dtype=dtype)

    def loss(logits, labels):
        a, b = F.one_hot(labels, CLASSES).to(dtype), F.one_hot(labels.roll(1), CLASSES).to(dtype)
        target = share[:, None] * a + (1 - share[:, None]) * b
        if weight is None:
            return F.cross_entropy(logits, target, label_smoothing=0.1)
        # Weighted as plain labels are: by what the labels of the batch weigh.
        each = [F.cross_entropy(logits, y, weight=weight, label_smoothing=0.1, reduction="none") for y in (labels, labels.roll(1))]
        by = share * weight[labels] + (1 - share) * weight[labels.roll(1)]
        return (share * each[0] + (1 - share) * each[1]).sum() / by.sum()

    return loss


def cases(dtype):
    weight = tensor("class_weights", (CLASSES,)).to(dtype)
    norm = lambda bound: lambda params: nn.utils.clip_grad_norm_(params, bound, foreach=False)
    return {
        "plain": run(dtype),
        "micro_batch_2": run(dtype, parts=2),
        "micro_batch_4": run(dtype, parts=4),
        "clip_norm": run(dtype, before_step=norm(0.25)),
        "clip_norm_unreached": run(dtype, before_step=norm(1e3)),
        "clip_value": run(dtype, before_step=lambda params: nn.utils.clip_grad_value_(params, 0.01, foreach=False)),
        "freeze_backbone": run(dtype, frozen=(0, 1)),
        "freeze_norm": run(dtype, frozen=(1,)),
        "freeze_middle": run(dtype, frozen=(3,)),
        "layer_decay": run(dtype, optimizer=adamw, scale=lambda name: {"0": 0.25, "1": 0.25, "3": 0.5, "7": 1.0}[name[0]]),
        "ema": run(dtype, ema=0.25),
        "mixture": run(dtype, loss=mixture(dtype)),
        "mixture_weighted": run(dtype, loss=mixture(dtype, weight)),
    }


def document():
    true, single = cases(torch.float64), cases(torch.float32)
    made = {"made_by": {"script": "tools/golden/train_options.py", "torch": torch.__version__}}
    for name, (losses, state) in true.items():
        arrays = {key: packed(value, single[name][1][key]) for key, value in state.items()}
        made[name] = {"losses": losses} | arrays
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file, write nothing")
    check, path, made = parser.parse_args().check, OUT / "train_options.json", document()
    if not check:
        path.write_text(dumps(made))
        return 0
    wrong = list(differences(json.loads(path.read_text()), json.loads(json.dumps(made))))
    print("\n".join(wrong) or f"{path.name}: as remade")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
