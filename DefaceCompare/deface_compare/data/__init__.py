"""What ships with the library (tables, the list of face models, templates), and how it is opened."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path


def data_text(name: str) -> str:
    """The text of a shipped file, for example ``metrics.csv``."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def data_file(name: str) -> AbstractContextManager[Path]:
    """A shipped file as a path, for libraries that open paths only; valid inside the ``with`` block."""
    return as_file(files(__name__).joinpath(name))
