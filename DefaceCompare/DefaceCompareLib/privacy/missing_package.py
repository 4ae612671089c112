"""The sentence for a Python package that face scores lack."""

from __future__ import annotations

FACE_PACKAGES = ("onnxruntime", "onnx")
"""Packages without which no face is scored: one runs a model, the other makes a fetched one ready."""


def how_to_install(package: str) -> str:
    """What to do about a missing package: in Slicer a section of the panel, elsewhere pip."""
    return f"(in Slicer: section Install; elsewhere: pip install {package})"


def missing_package(package: str) -> str:
    """Why there is no face score."""
    return f"face model not installed: it needs the Python package {package} {how_to_install(package)}"
