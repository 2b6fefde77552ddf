"""Writes the ONNX files of `exported.py` with PyTorch's TorchScript exporter: `export.py <folder>`. Needs torch and onnx."""

import sys
from pathlib import Path

import torch
from exported import MODELS

folder = Path(sys.argv[1])


def write(model, given, name, inputs, outputs, opset, is_open):
    # Without folding, batch norms stay; in evaluation mode, dropouts go.
    torch.onnx.export(
        model, (given,), folder / f"{name}.onnx", dynamo=False, opset_version=opset,
        input_names=inputs, output_names=outputs, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        dynamic_axes={key: {0: "n"} for key in [*inputs, *outputs]} if is_open else None,
    )


torch.manual_seed(1)
models = {name: build() for name, build in MODELS.items()}
# Running statistics that are not those of the beginning.
for _ in range(20):
    models["convolutional"](torch.rand(16, 1, 28, 28))
for model in models.values():
    model.eval()

dense, convolutional, variational = models.values()
write(dense.encoder, torch.zeros(2, 784), "dense-encoder", ["x"], ["code"], 11, True)
write(dense.decoder, torch.zeros(2, 6), "dense-decoder", ["code"], ["x"], 13, True)
write(convolutional, torch.zeros(2, 1, 28, 28), "convolutional", ["x"], ["y"], 17, True)
write(variational.encoder, torch.zeros(2, 1, 28, 28), "variational-encoder", ["x"], ["mu", "logvar"], 18, False)
write(variational.decoder, torch.zeros(2, 5), "variational-decoder", ["z"], ["x"], 20, False)
