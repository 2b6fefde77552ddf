"""Three autoencoders as PyTorch users write them; `export.py` writes their ONNX files, `follow.py` trains them on.

`terms` takes images [batch, 784] and noise [..., batch, latent], as that of `vae.py` does.
"""

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F


def plain(reconstruction, noise):
    """The terms of an autoencoder without a prior, which sees no noise."""
    draws = reconstruction.expand(noise.shape[:-1])
    return draws, torch.zeros_like(reconstruction)[:, None], -draws, None


class Dense(nn.Module):
    """A plain autoencoder of flat images, in two files: 784-16-6-16-784 with PReLU, layer norm and ELU."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 16), nn.PReLU(), nn.LayerNorm(16), nn.Linear(16, 6))
        self.decoder = nn.Sequential(nn.Linear(6, 16), nn.ELU(0.7), nn.Dropout(0.2), nn.Linear(16, 784), nn.Hardsigmoid())

    def terms(self, x, noise):
        return plain((self.decoder(self.encoder(x)) - x).square().sum(1), noise)


class Convolutional(nn.Module):
    """A plain convolutional autoencoder in one file, with batch norms and a reshape computed from shapes."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1), nn.LeakyReLU(0.1), nn.BatchNorm2d(4),
            nn.Conv2d(4, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), nn.MaxPool2d(3, 2, 1),
        )
        self.code = nn.Linear(8 * 4 * 4, 10)
        self.up = nn.Linear(10, 8 * 4 * 4)
        self.norm = nn.BatchNorm1d(8 * 4 * 4)
        self.out = nn.Sequential(
            nn.ConvTranspose2d(8, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.SiLU(),
            nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.Softplus(), nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Sigmoid(),
        )

    def forward(self, x):
        h = self.down(x)
        code = self.code(h.view(h.size(0), -1))
        h = F.relu(self.norm(self.up(code)))
        return self.out(h.view(x.size(0), 8, 4, 4))

    def terms(self, x, noise):
        y = self(x.view(-1, 1, 28, 28)).flatten(1)
        return plain(F.binary_cross_entropy(y, x, reduction="none").sum(1), noise)


class VariationalEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, padding_mode="reflect"), nn.GroupNorm(2, 8), nn.GELU(), nn.AvgPool2d(2),
            nn.Conv2d(8, 12, 3, 2, 1, groups=2), nn.InstanceNorm2d(12, affine=True), nn.Hardswish(),
        )
        self.heads = nn.Linear(12 * 7 * 7, 2 * 5)

    def forward(self, x):
        return self.heads(self.features(x).flatten(1)).chunk(2, dim=1)


class VariationalDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(5, 12 * 7 * 7)
        self.middle = nn.Conv2d(12, 8, 3, padding=1)
        self.last = nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, z):
        h = F.selu(self.first(z)).reshape(-1, 12, 7, 7)
        h = F.mish(self.middle(F.interpolate(h, scale_factor=2, mode="nearest")))
        return torch.sigmoid(self.last(F.interpolate(h, size=(28, 28), mode="bilinear")))


class Variational(nn.Module):
    """A VAE in two files of a fixed batch: group and instance norm, grouped and mirrored convolutions, two resizes."""

    def __init__(self):
        super().__init__()
        self.encoder = VariationalEncoder()
        self.decoder = VariationalDecoder()

    def terms(self, x, noise):
        mean, log_variance = self.encoder(x.view(-1, 1, 28, 28))
        posterior = Normal(mean, torch.exp(0.5 * log_variance))
        prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
        z = mean + posterior.stddev * noise
        y = self.decoder(z.reshape(-1, 5)).reshape(*noise.shape[:-1], 784)
        reconstruction = F.binary_cross_entropy(y, x.expand_as(y), reduction="none").sum(-1)
        log_weights = prior.log_prob(z).sum(-1) - posterior.log_prob(z).sum(-1) - reconstruction
        return reconstruction, kl_divergence(posterior, prior), log_weights, mean


MODELS = {"dense": Dense, "convolutional": Convolutional, "variational": Variational}
