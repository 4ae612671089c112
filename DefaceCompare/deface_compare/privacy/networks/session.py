"""ONNX Runtime sessions: one thread, CPU, so that a score does not depend on the machine's load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NotAvailable

TEXT_BYTES = 64
"""So much of a file is looked at to tell text from a network."""

FACE_PACKAGES = ("onnxruntime", "onnx")
"""Packages without which no face is scored: one runs a model, the other makes a fetched one ready."""


def session_options() -> Any:
    """One thread, quiet.

    Returns
    -------
    onnxruntime.SessionOptions

    Raises
    ------
    NotAvailable
        If onnxruntime is missing.
    """
    try:
        import onnxruntime
    except ImportError:
        raise NotAvailable(missing_package("onnxruntime")) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def require_onnx(path: Path) -> None:
    """Make sure that a file may be a network before a library tries: a text or web page saved as .onnx is named as such.

    Raises
    ------
    NotAvailable
        If the file is empty or text.
    """
    with path.open("rb") as stream:
        start = stream.read(TEXT_BYTES)
    # an ONNX file begins with small binary field tags; text has none of them but line ends and tabs
    if not start or all(byte >= 32 or byte in b"\t\r\n" for byte in start):
        raise NotAvailable(f"{path.name} is {'empty' if not start else 'a text file'}, not an ONNX network; get the model again")


def require_shape(session: Any, title: str, wanted: tuple[int, int, int], length: int) -> None:
    """Make sure that a network takes the pictures that it will be given.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
    wanted : (int, int, int)
        Channels, height, width; a dimension that the network leaves open fits.
    length : int
        Of the output vector.

    Raises
    ------
    NotAvailable
        Naming the shape found.
    """
    inputs, outputs = session.get_inputs(), session.get_outputs()
    taken, given = list(inputs[0].shape), list(outputs[0].shape)
    fits = len(inputs) == 1 and len(taken) == 4 and len(outputs) == 1
    fits = fits and all(not isinstance(found, int) or found == want for found, want in zip(taken[1:], wanted, strict=True))
    fits = fits and (not isinstance(given[-1], int) or given[-1] == length)
    if not fits:
        raise NotAvailable(
            f"face model {title} has another shape than it should: it takes {taken} and gives {given}, "
            f"not [1, {', '.join(map(str, wanted))}] and [1, {length}]"
        )


def onnx_session(path: Path, network: bytes | None = None, sides_px: Mapping[str, int] | None = None) -> Any:
    """Open a network on one CPU thread.

    Parameters
    ----------
    path : Path
        Its file.
    network : bytes, optional
        What is opened in place of the file's content.
    sides_px : mapping of str to int, optional
        What dimensions that the network leaves open will always be, by name: it is made ready for this size alone.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    NotAvailable
        If onnxruntime is missing or cannot read the file.
    """
    options = session_options()
    import onnxruntime

    require_onnx(path)
    for name, side_px in (sides_px or {}).items():
        options.add_free_dimension_override_by_name(name, side_px)
    try:
        return onnxruntime.InferenceSession(network or str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exception types are not public
        raise NotAvailable(f"onnxruntime cannot read the face model {path.name}: {str(error).splitlines()[0]}") from error


def how_to_install(package: str) -> str:
    """What to do about a missing package: in Slicer a section of the panel, elsewhere pip."""
    return f"(in Slicer: section Install; elsewhere: pip install {package})"


def missing_package(package: str) -> str:
    """Why there is no face score."""
    return f"face model not installed: it needs the Python package {package} {how_to_install(package)}"


def normalised(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    """The vector divided by its length, float32."""
    exact = np.asarray(vector, np.float64)
    return (exact / np.linalg.norm(exact)).astype(np.float32)
