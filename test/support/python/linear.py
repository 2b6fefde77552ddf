"""How nn.Linear begins: prints mean, deviation, least and largest of weights and biases for `<in> <out>` pairs as JSON."""

import json
import sys

import torch
from torch import nn


def statistics(values):
    return {
        "mean": values.mean().item(),
        "deviation": values.std(correction=0).item(),
        "least": values.min().item(),
        "largest": values.max().item(),
    }


torch.manual_seed(1)
sizes = [tuple(map(int, size.split("x"))) for size in sys.argv[1:]]
layers = [nn.Linear(*size) for size in sizes]
print(json.dumps([{name: statistics(value) for name, value in layer.named_parameters()} for layer in layers]))
