"""Files of a BIDS data set that speak of one patient and lie outside his folder: his numbers depend on them, too."""

from __future__ import annotations

from pathlib import Path

from .dataset import dataset_of, sessions_of
from .images import choose_images
from .masks import mask_sources
from .sidecar import PARTICIPANTS, sidecar_files


def outside_files(folder: Path) -> list[Path]:
    """Sidecars that are inherited, the table of participants, and masks of derivatives; nothing for other folders.

    Parameters
    ----------
    folder : Path
        A patient's folder, of whatever kind.
    """
    root = dataset_of(folder)
    if root is None:
        return []
    sessions = sessions_of(folder)
    images, _ = choose_images(sessions[0]) if len(sessions) == 1 else ((), {})
    inside = folder.resolve()
    found = {file for each in images for file in sidecar_files(each.path, each.name, root)}
    found |= set(mask_sources(root, sessions[0], images[0].name)) if images else set()
    table = root / PARTICIPANTS
    outside = {file for file in found if not file.resolve().is_relative_to(inside)}
    return sorted({*outside, *([table] if table.is_file() else [])})
