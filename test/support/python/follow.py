"""Trains and evaluates in PyTorch what Isthmus trains and evaluates: `follow.py <folder of one job>...`.

A job is `job.json` (model and training settings; `exported` names one of `exported.py`), `checkpoint.safetensors` (a state of Isthmus) and
`data.safetensors` (images, index, noise, learning_rate, kl_weight; evaluation.image, evaluation.noise). Writes
`result.safetensors`: the losses of every step, the parameters after the last, and the evaluation of the first ones.
"""

import json
import sys
from pathlib import Path

import torch
from exported import MODELS
from tensors import read, write
from vae import VAE


def optimizer_of(settings, parameters):
    kind = settings["kind"]
    if kind == "sgd":
        return torch.optim.SGD(
            parameters, lr=0, momentum=settings["momentum"], weight_decay=settings["weightDecay"]
        )
    moments = {"betas": (settings["beta1"], settings["beta2"]), "eps": settings["epsilon"]}
    if kind == "adamw":
        return torch.optim.AdamW(parameters, lr=0, weight_decay=settings["weightDecay"], **moments)
    return torch.optim.Adam(parameters, lr=0, **moments)


def evaluate(model, image, noise):
    with torch.no_grad():
        reconstruction, each, log_weights, mean = model.terms(image.flatten(1), noise)
    reconstruction, kl = reconstruction.mean(0), each.sum(-1)
    terms = {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl, "log_weights": log_weights}
    if mean is not None:
        terms |= {"kl_per_dimension": each, "mean": mean}
    return {f"evaluation.{name}": value.numpy() for name, value in terms.items()}


def train(model, training, data):
    optimizer = optimizer_of(training["optimizer"], model.parameters())
    losses = []
    for index, noise, rate, weight in zip(
        data["index"], data["noise"], data["learning_rate"], data["kl_weight"]
    ):
        x = data["images"][index.long()].flatten(1).float() / 255
        reconstruction, kl, _, _ = model.terms(x, noise)
        reconstruction, kl = reconstruction.mean(), kl.sum(-1).mean()
        loss = reconstruction + weight * kl
        optimizer.zero_grad()
        loss.backward()
        if "clipNorm" in training:
            torch.nn.utils.clip_grad_norm_(model.parameters(), training["clipNorm"])
        optimizer.param_groups[0]["lr"] = rate.item()
        optimizer.step()
        losses.append(torch.stack([loss, reconstruction, kl]).detach())
    columns = torch.stack(losses).T.numpy()
    return dict(zip(["loss", "reconstruction", "kl"], columns))


def follow(folder):
    job = json.loads((folder / "job.json").read_text())
    tensors = {name: torch.from_numpy(array) for name, array in read(folder / "checkpoint.safetensors").items()}
    data = {name: torch.from_numpy(array) for name, array in read(folder / "data.safetensors").items()}
    # A model from elsewhere is trained on as it infers: its running statistics stay.
    model = MODELS[job["exported"]]().eval() if "exported" in job else VAE(**job["model"])
    # Whatever else a checkpoint holds belongs to the optimizer; not one name is changed on the way.
    unused = model.load_state_dict(tensors, strict=False)
    missing = [key for key in unused.missing_keys if not key.endswith("num_batches_tracked")]
    assert not missing, missing
    evaluation = evaluate(model, data["evaluation.image"], data["evaluation.noise"])
    losses = train(model, job["training"], data)
    parameters = {name: value.detach().numpy() for name, value in model.named_parameters()}
    write(folder / "result.safetensors", {**evaluation, **losses, **parameters})
    return unused.unexpected_keys


torch.manual_seed(1)
torch.set_num_threads(1)
print(json.dumps({folder: follow(Path(folder)) for folder in sys.argv[1:]}))
