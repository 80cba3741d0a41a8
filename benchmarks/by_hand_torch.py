"""The same training steps written by hand in PyTorch."""

import torch
from torch import nn
from torch.nn import functional


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.lstm, self.out = nn.Embedding(5000, 128), nn.LSTM(128, 128, batch_first=True), nn.Linear(128, 2)

    def forward(self, x):
        return self.out(self.lstm(self.embed(x))[0][:, -1])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Embedding(5000, 128), nn.Linear(128, 2)
        layer = lambda: nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
        self.blocks = nn.Sequential(*[layer() for _ in range(4)])

    def forward(self, x):
        return self.out(self.blocks(self.embed(x)).mean(1))


def network(name):
    if name == "tiny_mlp":
        return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    if name.startswith("mlp"):
        return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    if name == "cnn":
        pool = lambda: nn.MaxPool2d(2)
        return nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), pool(), nn.Conv2d(32, 64, 3), nn.ReLU(), pool(), nn.Flatten(), nn.Linear(1600, 10)
        ).to(memory_format=torch.channels_last)  # fmt: skip
    return Recurrent() if name == "lstm" else Encoder()


def trainer(name, x, y, batch):
    """A function that trains one epoch in shuffled batches."""
    net = network(name)
    x, y = torch.from_numpy(x), torch.from_numpy(y).long()
    if name == "cnn":
        x = x.permute(0, 3, 1, 2)
    optimizer = torch.optim.Adam(net.parameters())

    def epoch():
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()

    return epoch


def predictor():
    """A function that predicts one sample."""
    net = network("tiny_mlp").eval()

    def predict(x):
        with torch.inference_mode():
            return functional.softmax(net(torch.from_numpy(x)), -1).numpy()

    return predict


class Steps:
    """The tiny network's steps, with the running loss and accuracy in tensors."""

    def __init__(self):
        self.net = network("tiny_mlp")
        self.optimizer = torch.optim.Adam(self.net.parameters())
        self.reset()

    def reset(self):
        self.loss, self.correct, self.count = torch.zeros(()), torch.zeros((), dtype=torch.int64), 0

    def train(self, x, y):
        loss = self.measured_loss(x, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    @torch.no_grad()
    def test(self, x, y):
        self.measured_loss(x, y)

    def measured_loss(self, x, y):
        """The mean loss of a batch, which counts in the sums."""
        y = torch.from_numpy(y)
        z = self.net(torch.from_numpy(x))
        loss = functional.cross_entropy(z, y)
        self.loss += loss.detach() * len(x)
        self.correct += (z.detach().argmax(-1) == y).sum()
        self.count += len(x)
        return loss

    @torch.no_grad()
    def predict(self, x):
        return functional.softmax(self.net(torch.from_numpy(x)), -1)

    def metrics(self):
        """Loss and accuracy, as floats."""
        return self.loss.item() / self.count, self.correct.item() / self.count
