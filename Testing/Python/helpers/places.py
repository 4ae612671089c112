"""Where things lie in the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The repository."""
MODULE = ROOT / "DefaceCompare"
"""The Slicer module's folder: what Slicer puts on its path."""
LIBRARY, SLICER_SIDE = MODULE / "deface_compare", MODULE / "DefaceCompareLib"
SLICER_HOST = ROOT / "Testing" / "SlicerHost"
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real heads, where they are; never part of the repository."""
