"""The dense VAE as a PyTorch user would write it; its state dict has the names of `checkpoint.safetensors`."""

import math

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def hidden(widths, activation):
    layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(widths, widths[1:]))
    return layers, ACTIVATIONS[activation]()


class Encoder(nn.Module):
    def __init__(self, pixels, widths, latent, activation):
        super().__init__()
        self.hidden, self.activation = hidden([pixels, *widths], activation)
        self.mean = nn.Linear(widths[-1], latent)
        self.log_variance = nn.Linear(widths[-1], latent)

    def forward(self, x):
        for layer in self.hidden:
            x = self.activation(layer(x))
        return Normal(self.mean(x), torch.exp(0.5 * self.log_variance(x)))


class Decoder(nn.Module):
    def __init__(self, pixels, widths, latent, activation, likelihood):
        super().__init__()
        self.hidden, self.activation = hidden([latent, *widths], activation)
        self.output = nn.Linear(widths[-1], pixels)
        self.variance = likelihood.get("variance")
        if self.variance == "learned":
            self.log_variance = nn.Parameter(torch.zeros(1))

    def forward(self, z):
        """A function from images to their negative log probability under z, in nats per image."""
        for layer in self.hidden:
            z = self.activation(layer(z))
        output = self.output(z)
        if self.variance is None:
            loss = lambda x: F.binary_cross_entropy_with_logits(output, x.expand_as(output), reduction="none")
        else:
            deviation = (
                torch.exp(0.5 * self.log_variance) if self.variance == "learned" else math.sqrt(self.variance)
            )
            loss = lambda x: -Normal(torch.sigmoid(output), deviation).log_prob(x)
        return lambda x: loss(x).sum(-1)


class VAE(nn.Module):
    def __init__(self, image, hidden, latent, activation, likelihood, **_):
        super().__init__()
        pixels = image["channels"] * image["height"] * image["width"]
        self.encoder = Encoder(pixels, hidden, latent, activation)
        self.decoder = Decoder(pixels, hidden[::-1], latent, activation, likelihood)

    def terms(self, x, noise):
        """Of images [batch, pixels] and noise [..., batch, latent]: reconstruction [..., batch], KL [batch, latent], log weights, means."""
        posterior = self.encoder(x)
        z = posterior.mean + posterior.stddev * noise
        prior = Normal(torch.zeros_like(posterior.mean), torch.ones_like(posterior.mean))
        reconstruction = self.decoder(z)(x)
        kl = kl_divergence(posterior, prior)
        log_weights = prior.log_prob(z).sum(-1) - posterior.log_prob(z).sum(-1) - reconstruction
        return reconstruction, kl, log_weights, posterior.mean
