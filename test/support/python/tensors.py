"""Safetensors files with nothing but numpy: the header's length, a JSON header, then the tensors' bytes."""

import json

import numpy as np

DTYPES = {"F32": np.float32, "U8": np.uint8, "I32": np.int32}


def read(path):
    """The tensors of a file, by name."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        content = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(content[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
    return tensors


def write(path, tensors):
    """Writes float32 tensors."""
    header, parts, end = {}, [], 0
    for name, tensor in tensors.items():
        part = np.ascontiguousarray(tensor, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + len(part)]}
        parts.append(part)
        end += len(part)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))
