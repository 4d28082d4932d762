"""Exports a torchvision network for the peers: its weights, and its files in the formats that the engines read.

    .venv/bin/python zoo_export.py resnet18 --batch 1 --imgsz 224

writes `.cache/resnet18-224-b1/`: `model.onnx` (opset 17, fixed shapes), `model.mnn`, `model.ncnn.param` and `.bin`, the
input `input.npy` [N, 3, H, W] and PyTorch's output for it, `logits.npy` [N, classes]. Weights are torchvision's initial
ones, seed 0; running means and variances are those of a batch of noise, so that folding them is real work and values
neither grow nor vanish from layer to layer. ncnn's files take one image and are made for batch 1 only.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import warnings
from pathlib import Path

CACHE = Path(__file__).resolve().parent / ".cache"
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(CACHE / "inductor"))  # torch.compile's files; read when torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402


def folder(model, imgsz, batch):
    return CACHE / f"{model}-{imgsz}-b{batch}"


def untrained(model):
    if model == "resnet18_small":  # not a torchvision network: a 3x3 stem and no pool, for images of 28 to 64 px
        net = torchvision.models.resnet18(num_classes=10)
        net.conv1, net.maxpool = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False), torch.nn.Identity()
        return net
    # GoogLeNet and Inception have auxiliary classifiers for training, which are not used here.
    extra = {"aux_logits": False, "init_weights": True} if model in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(model, weights=None, **extra)


def network(model, imgsz):
    """torchvision's `model` ready for inference, the same weights every time."""
    torch.manual_seed(0)
    net = untrained(model)
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    if norms:
        momenta = [m.momentum for m in norms]
        for norm in norms:
            norm.momentum = 1.0
        with torch.no_grad():
            net.train()(torch.randn(4, 3, imgsz, imgsz))
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
    return net.eval()


def image(imgsz, batch):
    """The input [N, 3, H, W]: noise, the same every time."""
    return torch.randn(batch, 3, imgsz, imgsz, generator=torch.Generator().manual_seed(1))


def to_ncnn(net, x, path):
    """pnnx writes eight files; those for ncnn are kept."""
    import pnnx  # large, and not needed for the network alone

    traced = path / "model.pt"
    with torch.no_grad():
        torch.jit.trace(net, x, check_trace=False).save(str(traced))
    subprocess.run([pnnx.EXEC_PATH, "model.pt", f"inputshape=[{','.join(map(str, x.shape))}]", "fp16=0"],
                   cwd=path, check=True, stdout=subprocess.DEVNULL)
    for left in ("model.pt", "model.pnnx.bin", "model.pnnx.onnx", "model.pnnx.param", "model_ncnn.py", "model_pnnx.py"):
        (path / left).unlink(missing_ok=True)


def to_mnn(path):
    """Not the command `mnnconvert`: that installs packages into whichever Python it finds, and sends reports."""
    convert = "import _tools; _tools.mnnconvert(['', '-f', 'ONNX', '--modelFile', 'model.onnx', '--MNNModel', 'model.mnn'])"
    subprocess.run([sys.executable, "-c", convert], cwd=path, check=True, stdout=subprocess.DEVNULL)
    if not (path / "model.mnn").exists():
        raise SystemExit("MNN's converter wrote no model.mnn")


def export(model, imgsz, batch):
    path = folder(model, imgsz, batch)
    path.mkdir(parents=True, exist_ok=True)
    net, x = network(model, imgsz), image(imgsz, batch)
    with torch.no_grad():
        np.save(path / "input.npy", x.numpy())
        logits = net(x).numpy()
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            torch.onnx.export(net, (x,), path / "model.onnx", opset_version=17, dynamo=False,
                              input_names=["input"], output_names=["logits"])
            to_mnn(path)
            if batch == 1:
                to_ncnn(net, x, path)
    np.save(path / "logits.npy", logits)  # last, so that all other files exist once this one does


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--imgsz", type=int, default=224, help="side of the square input in pixels")
    args = parser.parse_args()
    export(args.model, args.imgsz, args.batch)


if __name__ == "__main__":
    main()
