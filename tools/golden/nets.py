"""The three networks of the golden files, in PyTorch's own words."""

from torch import nn
from torch.nn import functional as F


class ConvNet(nn.Module):
    """[N, 1, 28, 28] -> logits [N, 10], 206,922 parameters."""

    input_shape, classes = (8, 1, 28, 28), 10

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(1568, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # [N, 16, 14, 14]
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # [N, 32, 7, 7]
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class LeNet5(nn.Module):
    """[N, 1, 28, 28] -> logits [N, 10]; ReLU and max pooling where the paper had tanh and subsampling."""

    input_shape, classes = (8, 1, 28, 28), 10

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # [N, 6, 14, 14]
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # [N, 16, 5, 5]
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc3(F.relu(self.fc2(x)))


class MixNet(nn.Module):
    """[N, 3, 19, 17] -> logits [N, 7]: batch norm, stride, dilation, groups, a residual add, every kind of pooling
    but max, ReLU6. Small on purpose, odd-sized on purpose."""

    input_shape, classes = (6, 3, 19, 17), 7

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.a = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)
        self.bn2 = nn.BatchNorm2d(8)
        self.down = nn.Conv2d(8, 20, 1, stride=2)
        self.fc = nn.Linear(40, 7)

    def forward(self, x):
        x = F.relu(self.bn1(self.stem(x)))  # [N, 8, 10, 9]
        y = F.relu(self.bn2(self.a(x)) + x)  # [N, 8, 10, 9]
        y = F.relu6(self.down(y))  # [N, 20, 5, 5]
        y = F.avg_pool2d(y, 2)  # [N, 20, 2, 2]
        y = F.adaptive_avg_pool2d(y, (2, 1))  # [N, 20, 2, 1]
        return self.fc(y.flatten(1))


NETS = {"convnet": ConvNet, "lenet5": LeNet5, "mixnet": MixNet}
