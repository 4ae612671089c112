"""Which code makes the numbers: a hash of the package's source, and the versions of the libraries under it."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "scipy", "SimpleITK", "pydicom", "vtk", "onnxruntime")
"""Packages whose version can change a number."""
NO_NUMBERS = ("cli", "report", "sample")
"""Folders that only show, or make patients: a change there makes no case's numbers old."""
SOURCE = Path(__file__).parents[1]


@cache
def code_mark() -> str:
    """SHA-256 of the package as it is installed, and of its libraries' versions, in hexadecimal digits.

    ``__version__`` alone would take a changed file for the same code.
    """
    return mark_of(SOURCE, {name: package_version(name) for name in PACKAGES})


def mark_of(source: Path, versions: dict[str, str]) -> str:
    """The mark of the files below `source`, but those in `NO_NUMBERS` and compiled ones, with library versions."""
    digest = hashlib.sha256(repr(sorted(versions.items())).encode())
    for path in sorted(source.rglob("*"), key=lambda path: path.relative_to(source).parts):
        parts = path.relative_to(source).parts
        if path.is_file() and parts[0] not in NO_NUMBERS and "__pycache__" not in parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{'/'.join(parts)} {content}\n".encode())
    return digest.hexdigest()


def package_version(package: str) -> str:
    """The version of an installed package, or ``not installed``."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
