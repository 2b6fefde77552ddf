"""Checks every `.onnx` file of a folder as strictly as the onnx package can; prints what is wrong by file, as JSON."""

import json
import sys
from pathlib import Path

import onnx


def verdict(path):
    try:
        onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    except Exception as error:
        return str(error)
    return None


paths = sorted(Path(sys.argv[1]).glob("*.onnx"))
print(json.dumps({path.name: verdict(path) for path in paths}))
