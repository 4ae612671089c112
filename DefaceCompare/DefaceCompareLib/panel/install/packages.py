"""What may be installed into Slicer's Python, in groups, and what must stay as Slicer brought it."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from dataclasses import dataclass
from pathlib import Path

from deface_compare.data import data_text
from deface_compare.errors import NotAvailable

SHIPPED = ("numpy", "scipy", "SimpleITK", "pydicom")
"""Packages of Slicer itself that ours need too: pip is held to the versions that are there. Slicer's VTK is not pip's at all, so
no list for pip ever names ``vtk``."""

WHEELS_ONLY = "--only-binary=:all:"
"""Nothing is compiled inside Slicer."""

NAME = re.compile(r"^[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class PackageGroup:
    """Packages that make one more thing possible.

    Parameters
    ----------
    key : str
    purpose : str
        What is possible with them, for a label.
    names : tuple of str
        Packages installed with what they need themselves.
    names_alone : tuple of str
        Packages installed without what they ask for (it would replace what Slicer has).
    """

    key: str
    purpose: str
    names: tuple[str, ...]
    names_alone: tuple[str, ...] = ()

    def requirements(self) -> list[str]:
        """The requirements of `names`, with the versions of ``data/requirements.txt``."""
        return _requirements(self.names)

    def requirements_alone(self) -> list[str]:
        """The requirements of `names_alone`."""
        return _requirements(self.names_alone)

    def missing(self) -> list[str]:
        """Which packages are not installed."""
        importlib.invalidate_caches()  # pip runs in another process
        return [name for name in (*self.names_alone, *self.names) if installed_version(name) is None]


GROUPS = (
    PackageGroup("face_scores", "Face scores (privacy rows)", ("onnxruntime", "onnx")),
    PackageGroup("reports", "HTML report and pooled tables", ("pandas", "Jinja2")),
    PackageGroup(
        "arcface", "ArcFace (its loader insightface)", ("opencv-python-headless", "scikit-image", "tqdm"), ("insightface",)
    ),
)


def _requirements(names: tuple[str, ...]) -> list[str]:
    """The lines of our requirement files for these packages; a package in no file by its name alone."""
    texts = [data_text(file) for file in ("requirements.txt", "requirements_no_deps.txt")]
    lines = {match.group(): line.strip() for text in texts for line in text.splitlines() if (match := NAME.match(line.strip()))}
    return [lines.get(name, name) for name in names]


def installed_version(name: str) -> str | None:
    """The version that is installed, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def shipped_versions() -> dict[str, str]:
    """The versions of `SHIPPED` that are there.

    Raises
    ------
    NotAvailable
        If pip does not know one of them and so could not be kept from replacing it.
    """
    versions = {name: installed_version(name) for name in SHIPPED}
    unknown = [name for name, version in versions.items() if version is None]
    if unknown:
        raise NotAvailable(f"Nothing is installed: pip does not know Slicer's {', '.join(unknown)} and might replace it.")
    return {name: version for name, version in versions.items() if version is not None}


def write_constraints(path: Path, versions: dict[str, str]) -> None:
    """Write pip's constraints: exactly these versions (``===``: also those that are no ordinary version numbers)."""
    path.write_text("".join(f"{name}==={version}\n" for name, version in versions.items()), encoding="utf-8")
