"""EfficientNet-Lite0 in PyTorch's own words, with the keys of the package efficientnet_lite_pytorch: what zoo.py runs."""

import math

from torch import nn
from torch.nn import functional as F

# Blocks, kernel, stride of the first, how much wider, output channels.
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding: the smaller half above and to the left."""

    def forward(self, x):
        sides = []
        for axis in (1, 0):  # F.pad wants the last axis first
            n, k, s = x.shape[2 + axis], self.kernel_size[axis], self.stride[axis]
            total = max((math.ceil(n / s) - 1) * s + k - n, 0)
            sides += [total // 2, total - total // 2]
        return super().forward(F.pad(x, sides))


class Block(nn.Module):
    def __init__(self, c_in, c_out, kernel, stride, widen):
        super().__init__()
        wide = c_in * widen
        if widen != 1:
            self._expand_conv = SameConv2d(c_in, wide, 1, bias=False)
            self._bn0 = norm(wide)
        self._depthwise_conv = SameConv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = norm(wide)
        self._project_conv = SameConv2d(wide, c_out, 1, bias=False)
        self._bn2 = norm(c_out)
        self.shortcut = stride == 1 and c_in == c_out

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_expand_conv") else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.shortcut else y


class EfficientNetLite0(nn.Module):
    def __init__(self):
        super().__init__()
        self._conv_stem = SameConv2d(3, 32, 3, 2, bias=False)
        self._bn0 = norm(32)
        blocks, channels = [], 32
        for count, kernel, stride, widen, c_out in STAGES:
            for i in range(count):
                blocks.append(Block(channels, c_out, kernel, stride if i == 0 else 1, widen))
                channels = c_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv2d(channels, 1280, 1, bias=False)
        self._bn1 = norm(1280)
        self._dropout = nn.Dropout(0.2)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x):
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = F.relu6(self._bn1(self._conv_head(x)))
        return self._fc(self._dropout(F.adaptive_avg_pool2d(x, 1).flatten(1)))
