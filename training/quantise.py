"""ONNX weights in eight bits, the activations too, with scales that are measured once.

An encoder's activations have a few channels that are far larger than the rest, and one scale for all of them leaves the
rest no precision. Before it is rounded, each channel is divided by a factor that its weights are multiplied with: the
product stays, and the large channels shrink (SmoothQuant, G. Xiao et al., ICML 2023). The scales are fixed, so what the
model says of a window does not depend on the windows that run beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

SMOOTHING = 0.8
"""How much of an outlier goes over to the weights, 0 to 1."""
WEIGHT_LEVELS = 63
"""Weights have seven bits: with eight, processors without VNNI overflow when they add two products."""
_LEVELS = 255
_SMALLEST = 1e-4


def quantise(plain: Path, target: Path, inputs: Sequence[dict[str, np.ndarray]]) -> None:
    """Writes a model anew with eight-bit products in place of each product with a constant matrix.

    Args:
        plain: ONNX model with 32-bit weights.
        target: Where the new one goes.
        inputs: Inputs of the kind that it will see, by which the scales are set.
    """
    model = onnx.load(plain)
    graph = model.graph
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in constants]
    sources = list(dict.fromkeys(node.input[0] for node in products))
    seen = _ranges(plain, sources, inputs)

    # What is put in the place of each node: the quantiser of an activation stands before its first product.
    instead: dict[str, list[Any]] = {node.output[0]: [] for node in products}
    added: dict[str, np.ndarray] = {}
    for source in sources:
        group = [node for node in products if node.input[0] == source]
        factors = _factors(seen[source], [constants[node.input[1]] for node in group])
        low, high = seen[source] / factors
        scale = max(float(high.max()) - min(float(low.min()), 0.0), _SMALLEST) / _LEVELS
        zero = round(-min(float(low.min()), 0.0) / scale)
        added |= {
            f"{source}/factors": (1 / factors).astype(np.float32),
            f"{source}/scale": np.array(scale, np.float32),
            f"{source}/zero": np.array(min(zero, _LEVELS), np.uint8),
        }
        instead[group[0].output[0]] = [
            helper.make_node("Mul", [source, f"{source}/factors"], [f"{source}/smooth"]),
            helper.make_node(
                "QuantizeLinear", [f"{source}/smooth", f"{source}/scale", f"{source}/zero"], [f"{source}/rounded"]
            ),
        ]
        for node in group:
            name = node.input[1]
            weight = constants[name] * factors[:, None]
            steps = np.maximum(np.abs(weight).max(0), _SMALLEST) / WEIGHT_LEVELS
            added |= {
                f"{name}/rounded": np.round(weight / steps).astype(np.int8),
                f"{name}/scale": steps.astype(np.float32),
                f"{name}/zero": np.zeros(len(steps), dtype=np.int8),
            }
            both = [(f"{source}/{part}", f"{name}/{part}") for part in ("rounded", "scale", "zero")]
            instead[node.output[0]].append(
                helper.make_node(
                    "MatMulIntegerToFloat",
                    [one for pair in both for one in pair],
                    [node.output[0]],
                    domain="com.microsoft",
                )
            )
    nodes = [new for node in graph.node for new in instead.get(node.output[0], [node])]
    gone = {node.input[1] for node in products} - {name for node in nodes for name in node.input}
    kept = [one for one in graph.initializer if one.name not in gone]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*kept, *(numpy_helper.from_array(value, name) for name, value in added.items())])
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)


def _ranges(plain: Path, names: Sequence[str], inputs: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The least and the largest value of each channel of the named tensors, shape (2, channels)."""
    model = onnx.load(plain)
    model.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: dict[str, np.ndarray] = {}
    for batch in inputs:
        for name, value in zip(names, session.run([*names], batch), strict=True):
            array = np.asarray(value)
            flat = array.reshape(-1, array.shape[-1])
            ends = np.stack([flat.min(0), flat.max(0)])
            found[name] = _union(found[name], ends) if name in found else ends
    return found


def _union(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.stack([np.minimum(one[0], other[0]), np.maximum(one[1], other[1])])


def _factors(ends: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray:
    """What each channel is divided by."""
    activation = np.maximum(np.abs(ends).max(0), _SMALLEST)
    weight = np.maximum(np.abs(np.concatenate(weights, axis=1)).max(1), _SMALLEST)
    return activation**SMOOTHING / weight ** (1 - SMOOTHING)
