"""ONNX Runtime sessions: one thread, CPU, so that a score does not depend on the machine's load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import NotAvailable


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
        raise NotAvailable("face scores need the Python package onnxruntime: install data/requirements.txt") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def onnx_session(path: Path) -> Any:
    """Open a network on one CPU thread.

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

    try:
        return onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exception types are not public
        raise NotAvailable(f"onnxruntime cannot read the face model {path.name}: {str(error).splitlines()[0]}") from error
