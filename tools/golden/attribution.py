"""Make crates/testkit/golden/attribution/*.json with captum and pytorch-grad-cam: which pixels speak for a class, by each method.

    bench/peers/setup.sh attribution                                   # once: the pinned environment
    bench/peers/.venv/bin/python tools/golden/attribution.py           # write the files
    bench/peers/.venv/bin/python tools/golden/attribution.py --check   # remake and compare, writing nothing

Weights and inputs come from the formula of README.md and are rounded to f32; everything is then computed in float64. Stored are
the raw arrays, at the resolution of the layer, before anything is normalized or resized for display.

Conventions, the same on both sides:

* The score is the logit of the class, before any softmax; the model is in eval mode; ReLU'(0) = 0.
* gradient: captum Saliency(abs=False), whose default takes the magnitude. gradient_x_input: captum InputXGradient.
* integrated_gradients: captum IntegratedGradients(method="gausslegendre", n_steps=50) from an image of BASELINE. Its trapezoid
  rules are not used: their weights do not sum to 1.
* smooth_grad: captum NoiseTunnel(Saliency(abs=False)) over the noise of crates/explain/src/attribution/noise.rs, made here once more
  in integers; captum's own draws are replaced by it. sigma is SHARE of the range of each image.
* guided_backprop: captum GuidedBackprop, which sees nn.ReLU modules alone; pytorch-grad-cam's must agree.
* grad_cam: captum LayerGradCam(relu_attributions=True); pytorch-grad-cam's, cut off below 0, must agree.
* grad_cam_plus_plus: pytorch-grad-cam, cut off below 0. It adds 1e-6 to a denominator of the size of a squared gradient, which
  here would be a large part of it; gradients are passed SCALE times as large and maps as much smaller, so that it vanishes and
  the formula of the paper remains.
* layer_cam: pytorch-grad-cam, cut off below 0. score_cam: the same; masks are stretched with align_corners=True and scaled with
  1e-8 in the denominator, and the softmax is of the raw logits.
* eigen_cam: pytorch-grad-cam's projection of centered maps with its sign correction: the value of largest magnitude is positive.
  It is not cut off below 0.
* occlusion: captum Occlusion with the patches PATCH and STRIDE, covered with BASELINE; places under several patches have the
  mean. Sizes are such that the last patch of each row fits, since captum clips it and we move it.
* bias_maps: bias * gradient for every convolution and batch norm, as pytorch-grad-cam's FullGrad has them before it takes
  magnitudes; of the first image alone.
"""

import argparse
import copy
import json
import os
import platform
import sys
import warnings
from unittest import mock

os.environ.setdefault("TQDM_DISABLE", "1")  # pytorch-grad-cam draws bars

import captum
import numpy as np
import torch
from captum.attr import GuidedBackprop, InputXGradient, IntegratedGradients, LayerGradCam, NoiseTunnel, Occlusion, Saliency
from importlib.metadata import version
from pytorch_grad_cam import FullGrad, GradCAM, GradCAMPlusPlus, GuidedBackpropReLUModel, LayerCAM, ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction
from torch import nn

import formula
from make import OUT, differences, dumps, fill, summary_of_formula, tensor

FOLDER = OUT / "attribution"
BASELINE, SHARE, SAMPLES, SEED, SCALE = -0.5, 0.15, 6, 3, 1e4
MASK = (1 << 64) - 1


class Plain(nn.Module):
    """[N, 1, 16, 14] -> logits [N, 5]: two convolutions, each with ReLU and max pooling, and two linear layers."""

    input_shape, classes, patch, stride, layers = (4, 1, 16, 14), 5, (4, 4), (2, 2), ("relu2", "conv1")

    def __init__(self):
        super().__init__()
        self.conv1, self.relu1 = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU()
        self.conv2, self.relu2 = nn.Conv2d(8, 12, 3, padding=1), nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.fc1, self.relu3 = nn.Linear(144, 24), nn.ReLU()
        self.fc2 = nn.Linear(24, self.classes)

    def forward(self, x):
        x = self.pool(self.relu1(self.conv1(x)))  # [N, 8, 8, 7]
        x = self.pool(self.relu2(self.conv2(x)))  # [N, 12, 4, 3]
        return self.fc2(self.relu3(self.fc1(x.flatten(1))))


class Residual(nn.Module):
    """[N, 3, 13, 11] -> logits [N, 7]: batch norm, stride, a residual add, global average pooling."""

    input_shape, classes, patch, stride, layers = (4, 3, 13, 11), 7, (3, 3), (2, 2), ("relu3", "bn1")

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1, self.relu1 = nn.Conv2d(3, 12, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU()
        self.conv2, self.bn2, self.relu2 = nn.Conv2d(12, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU()
        self.conv3, self.bn3, self.relu3 = nn.Conv2d(12, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU()
        self.fc = nn.Linear(12, self.classes)

    def forward(self, x):
        x = self.relu1(self.bn1(self.conv1(x)))  # [N, 12, 7, 6]
        y = self.bn3(self.conv3(self.relu2(self.bn2(self.conv2(x)))))
        return self.fc(self.relu3(x + y).mean((2, 3)))


NETS = {"plain": Plain, "residual": Residual}


def noise(sample, count):
    """Sums of twelve uniform values, less 6: a function of (SEED, sample, place)."""
    key = formula.splitmix64(formula.splitmix64(SEED) ^ sample)
    bits = lambda word: (word >> 43) + (word >> 22 & 0x1FFFFF) + (word >> 1 & 0x1FFFFF)
    word = lambda place, i: formula.splitmix64((key + 4 * place + i) & MASK)
    return [(sum(bits(word(place, i)) for i in range(4)) + 6) / 2**21 - 6 for place in range(count)]


def smooth(model, x, target):
    """NoiseTunnel of one image; the noisy copies are rounded to f32 before the network gets them."""
    sigma = SHARE * (x.max() - x.min()).item()
    draws = torch.tensor([noise(i, x.numel()) for i in range(SAMPLES)], dtype=torch.float64).reshape(SAMPLES, *x.shape[1:])
    rounded = (x + sigma * draws).float().double() - x
    with mock.patch("torch.normal", lambda *args, **kwargs: rounded):
        return NoiseTunnel(Saliency(model)).attribute(x, nt_samples=SAMPLES, stdevs=sigma, abs=False, target=target)


def same(a, b, what):
    assert np.allclose(a, b, rtol=1e-6, atol=1e-9), f"the two libraries do not agree on {what}"
    return a


def cut(array):
    return np.maximum(array, 0)


def maps_methods(model, layer, x, target):
    """The methods that look at the feature maps of a layer; arrays [h, w]."""
    targets = [ClassifierOutputTarget(target)]

    def seen(method):
        """The maps of the layer and their gradients, as the library's own hooks catch them."""
        cam = method(model, [layer])
        cam(x.clone().requires_grad_(), targets)
        caught = cam.activations_and_grads
        grads = caught.gradients[0].detach().numpy() if caught.gradients else None
        return cam, caught.activations[0].detach().numpy(), grads

    def image(method):
        cam, maps, grads = seen(method)
        array = cam.get_cam_image(x, layer, targets, maps, grads, False)[0]
        cam.activations_and_grads.release()
        return array

    captums = LayerGradCam(model, layer).attribute(x, target=target, relu_attributions=True)[0, 0].detach().numpy()
    plus, maps, grads = seen(GradCAMPlusPlus)
    weights = plus.get_cam_weights(x, [layer], targets, maps / SCALE, grads * SCALE) / SCALE
    plus.activations_and_grads.release()
    return {
        "grad_cam": same(captums, cut(image(GradCAM)), "Grad-CAM"),
        "grad_cam_plus_plus": cut((weights[:, :, None, None] * maps).sum(1)[0]),
        "layer_cam": cut(image(LayerCAM)),
        "score_cam": cut(image(ScoreCAM)),
        "eigen_cam": get_2d_projection_with_sign_correction(maps)[0],
    }


def image_methods(net, model, x, target):
    """The methods that look at the image itself; arrays [C, H, W]."""
    channels = x.shape[1]
    occlusion = Occlusion(model).attribute(
        x, (channels, *net.patch), (channels, *net.stride), baselines=BASELINE, target=target)
    steps = IntegratedGradients(model).attribute(
        x, torch.full_like(x, BASELINE), target=target, n_steps=50, method="gausslegendre")
    guided = GuidedBackprop(model).attribute(x, target=target).detach().numpy()[0]
    # It leaves all its ReLUs one and the same module: a copy, or hooks on one would hear all.
    other = GuidedBackpropReLUModel(copy.deepcopy(model), torch.device("cpu"))(x.clone(), target)
    return {
        "gradient": Saliency(model).attribute(x, target=target, abs=False),
        "gradient_x_input": InputXGradient(model).attribute(x, target=target),
        "integrated_gradients": steps,
        "smooth_grad": smooth(model, x, target),
        "guided_backprop": torch.tensor(same(guided, other.transpose(2, 0, 1), "guided backprop"))[None],
        "occlusion": occlusion[:, :1],
    }


def bias_maps(model, x, target):
    """bias * gradient of each layer with a bias that makes maps, by name."""
    full = FullGrad(model, [])
    full(x.clone().requires_grad_(), [ClassifierOutputTarget(target)])
    found = full.activations_and_grads
    names = [name for name, m in model.named_modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d)) and m.bias is not None]
    assert len(names) == len(full.bias_data) == len(found.gradients)
    each = zip(names, full.bias_data, found.gradients)
    maps = {name: packed(bias[:, None, None] * grad.numpy()[0]) for name, bias, grad in each}
    found.release()
    return maps


def packed(array):
    """Shape and values, to ten significant digits."""
    array = array.detach().numpy() if isinstance(array, torch.Tensor) else array
    return {"shape": list(array.shape), "values": [float(f"{v:.10g}") for v in array.ravel().tolist()]}


def golden(name):
    net = NETS[name]
    torch.manual_seed(0)  # nothing below draws; a library that does shall do it the same way twice
    model, inputs = fill(net()).double().eval(), tensor("input", net.input_shape).double()
    parameters = {key: summary_of_formula(v) for key, v in model.state_dict().items() if not key.endswith("tracked")}
    images, layers = {}, {layer: {} for layer in net.layers}
    for i, x in enumerate(inputs.split(1)):
        target = i % net.classes
        for method, array in image_methods(net, model, x, target).items():
            images.setdefault(method, []).append(packed(array[0]))
        for layer, found in layers.items():
            for method, array in maps_methods(model, getattr(model, layer), x, target).items():
                found.setdefault(method, []).append(packed(array))
    return {
        "made_by": {
            "script": "tools/golden/attribution.py", "torch": torch.__version__, "captum": captum.__version__,
            "grad-cam": version("grad-cam"), "python": platform.python_version(),
        },
        "input_shape": list(net.input_shape), "classes": net.classes, "baseline": BASELINE,
        "patch": net.patch[0], "stride": net.stride[0],
        "noise": {"share": SHARE, "samples": SAMPLES, "seed": SEED, "first": noise(0, 3)},
        "parameters": parameters, "logits": packed(model(inputs)),
        "images": images, "layers": layers, "bias_maps": bias_maps(model, inputs[:1], 0),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    check, failed = parser.parse_args().check, False
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="captum|torch")  # that gradients are asked for, and hooks set
    for name in NETS:
        path, text = FOLDER / f"{name}.json", dumps(golden(name))
        if check:
            found = list(differences(json.loads(path.read_text()), json.loads(text)))
            failed |= bool(found)
            print(f"{path.name}: " + (f"{len(found)} differences, first {found[0]}" if found else "same"))
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"{path.name}: {len(text):,} bytes")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
