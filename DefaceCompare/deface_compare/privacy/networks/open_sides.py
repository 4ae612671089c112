"""A network of convolutions alone takes pictures of any size; its file may name one. Here that size is left open."""

from __future__ import annotations

from ...errors import NotAvailable
from .session import missing_package

HEIGHT, WIDTH = "height", "width"
"""Names that the two sides of a picture get in place of a size."""


def with_open_sides(network: bytes) -> bytes:
    """The network, its picture's sides and the lengths of its outputs left open.

    Parameters
    ----------
    network : bytes
        An ONNX file with one picture as input, shape (1, channels, height, width), and outputs of shape (1, cells, any).

    Raises
    ------
    NotAvailable
        If the Python package ``onnx`` is missing.
    """
    try:
        import onnx
    except ImportError:
        raise NotAvailable(missing_package("onnx")) from None
    model = onnx.load_model_from_string(network)
    for picture in model.graph.input:
        sides = picture.type.tensor_type.shape.dim
        sides[2].dim_param, sides[3].dim_param = HEIGHT, WIDTH
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"cells of {output.name}"
    del model.graph.value_info[:]  # sizes in between, true of one size of picture only
    return bytes(model.SerializeToString(deterministic=True))
