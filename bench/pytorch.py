"""PyTorch's side of bench/training.ts: one training step of the same VAE, eager and compiled, timed on request.

Started as `python bench/pytorch.py <images file> <images> <batch> <threads>`; the file holds 28 × 28 bytes an image.
Prints the versions, then for each line `<variant> <steps>` on standard input the seconds that many steps took and
their mean loss, both as JSON.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

LATENT = 20


class VAE(nn.Module):
    """784-400-20, as in PyTorch's own example; the output is logits."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 400)
        self.mean = nn.Linear(400, LATENT)
        self.log_variance = nn.Linear(400, LATENT)
        self.back = nn.Linear(LATENT, 400)
        self.output = nn.Linear(400, 784)

    def forward(self, x, noise):
        h = F.relu(self.hidden(x))
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * noise
        return self.output(F.relu(self.back(z))), mean, log_variance


class Training:
    """A model, its optimizer, and what a step is: gather a batch, draw noise, forward, backward, update."""

    def __init__(self, images, batch, compiled):
        torch.manual_seed(1)
        self.images, self.batch = images, batch
        self.model = VAE()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)
        self.loss = torch.compile(self.loss_of) if compiled else self.loss_of
        self.order = torch.empty(0, dtype=torch.int64)

    def loss_of(self, index):
        x = self.images[index].float() / 255
        noise = torch.randn(self.batch, LATENT)
        logits, mean, log_variance = self.model(x, noise)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_variance - mean.square() - log_variance.exp())
        return (reconstruction + kl) / self.batch

    def next_index(self):
        """The positions of the next batch; images are shuffled anew when fewer than a batch are left."""
        if len(self.order) < self.batch:
            self.order = torch.randperm(len(self.images))
        index, self.order = self.order[: self.batch], self.order[self.batch :]
        return index

    def run(self, steps):
        losses = torch.empty(steps)
        begun = time.perf_counter()
        for i in range(steps):
            loss = self.loss(self.next_index())
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses[i] = loss.detach()
        return {"seconds": time.perf_counter() - begun, "loss": losses.mean().item()}


def main():
    path, count, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
    torch.set_num_threads(threads)
    images = torch.from_numpy(np.fromfile(path, dtype=np.uint8).reshape(count, 784))
    variants = {
        "eager": Training(images, batch, compiled=False),
        "compile": Training(images, batch, compiled=True),
    }
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        variant, steps = line.split()
        print(json.dumps(variants[variant].run(int(steps))), flush=True)


main()
