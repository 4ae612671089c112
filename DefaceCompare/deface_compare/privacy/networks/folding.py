"""Block-quantised ONNX networks made plain: weights stored as float32, so that ONNX Runtime accepts them.

The OpenCV Zoo's "int8bq" files compute their weights in the graph (DequantizeLinear with a block size, then Reshape) and
list the results as graph inputs. ONNX Runtime 1.32 takes those for inputs that the caller must feed, or rejects the block
size. Here every such node that acts on stored tensors only is evaluated once and replaced by its result.

ONNX Runtime's PRelu is no vector code and takes half of SFace's time; it is written here as ``max(x, 0) - slope * max(-x, 0)``.
One of the two terms is always zero, so that a PRelu alone gives the same numbers to the last bit. The two products are
convolutions of single channels by single numbers: ONNX Runtime carries them out in the blocked layout of the network's other
convolutions, and rearranges nothing in between (a face in 20 ms rather than 29; SFace's outputs differ by 3e-7 at most).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NotAvailable
from .session import missing_package

IR_VERSION = 8
"""ONNX file format of the folded network; readable by every ONNX Runtime since 1.10."""


def fold_weights(source: bytes) -> bytes:
    """Return the network with all its weights as stored float32 tensors.

    Parameters
    ----------
    source : bytes
        An ONNX file.

    Raises
    ------
    NotAvailable
        If the Python package ``onnx`` is missing.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise NotAvailable(missing_package("onnx")) from None
    model = onnx.load_model_from_string(source)
    graph = model.graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    kept: list[Any] = []
    for node in graph.node:
        if node.op_type in ("DequantizeLinear", "Reshape") and all(name in stored or not name for name in node.input):
            inputs = [stored[name] for name in node.input if name]
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            stored[node.output[0]] = _evaluate(node.op_type, inputs, attributes)
        elif node.op_type == "PRelu" and _is_by_channel(stored.get(node.input[1])):
            kept += _two_sided(node, stored, onnx.helper.make_node)
        else:
            kept.append(node)
    used = {name for node in kept for name in node.input}
    weights = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in stored.items() if name in used]
    pictures = [each for each in graph.input if each.name not in stored and each.name in used]
    folded = onnx.helper.make_model(
        onnx.helper.make_graph(kept, graph.name, pictures, list(graph.output), weights),
        opset_imports=list(model.opset_import),
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(folded)
    return bytes(folded.SerializeToString(deterministic=True))


def _is_by_channel(slope: NDArray | None) -> bool:
    """Whether a PRelu has one stored slope for each channel of pictures, shape (channels, 1, 1)."""
    return slope is not None and slope.ndim == 3 and slope.shape[1:] == (1, 1)


def _two_sided(prelu: Any, stored: dict[str, NDArray], make_node: Callable[..., Any]) -> list[Any]:
    """The nodes that do what a PRelu of pictures does; their weights go to `stored`."""
    (x, slope), (y,) = prelu.input, prelu.output
    by_channel = stored[slope].astype(np.float32).reshape(-1, 1, 1, 1)
    above, negative, below, sloped = (f"{y}_{name}" for name in ("above", "negative", "below", "sloped"))
    stored[f"{y}_minus_one"], stored[f"{y}_minus_slope"] = np.full_like(by_channel, -1.0), -by_channel
    each_alone = {"group": len(by_channel), "kernel_shape": [1, 1]}
    return [
        make_node("Relu", [x], [above]),
        make_node("Conv", [x, f"{y}_minus_one"], [negative], **each_alone),
        make_node("Relu", [negative], [below]),
        make_node("Conv", [below, f"{y}_minus_slope"], [sloped], **each_alone),
        make_node("Add", [above, sloped], [y]),
    ]


def _evaluate(operation: str, inputs: list[NDArray], attributes: dict[str, Any]) -> NDArray:
    if operation == "Reshape":
        return inputs[0].reshape([int(length) for length in inputs[1]])
    return dequantised(inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else None, **attributes)


def dequantised(
    quantised: NDArray, scale: NDArray, zero_point: NDArray | None, axis: int = 1, block_size: int = 0, **others: Any
) -> NDArray[np.float32]:
    """ONNX's DequantizeLinear: ``(quantised - zero_point) * scale`` per tensor, per axis or per block along an axis."""
    values, scales = quantised.astype(np.float32), scale.astype(np.float32)
    zeros = np.zeros_like(scales) if zero_point is None else zero_point.astype(np.float32)
    if scales.size == 1:
        return (values - zeros.reshape(())) * scales.reshape(())
    if block_size:
        take = np.arange(values.shape[axis]) // block_size
        return (values - zeros.take(take, axis)) * scales.take(take, axis)
    shape = [1] * values.ndim
    shape[axis] = -1
    return (values - zeros.reshape(shape)) * scales.reshape(shape)
