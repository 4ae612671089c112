"""Face embeddings of a case on disk: one npz without pickles, the same bytes for the same numbers. Identifiable: keep in
``OUT/identifiable/face_prints``."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UnusableInput
from .face_scorer import FaceProbe, FaceReference

ORIGINAL, RERENDERED = "original", "rerendered"
"""Stand in place of a method's key for the original and its control."""
PARTS = ("own", "reference", "found")
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""Time stamp of every member (the earliest that zip knows), so that a file's bytes depend on its numbers only."""


@dataclass(frozen=True)
class FacePrint:
    """Embeddings of one image under one method.

    Parameters
    ----------
    own, reference : ndarray of float32, shape (views, length)
        By own and by the original's landmarks (alike for originals); NaN where there is none.
    found : ndarray of bool, shape (views,)
        In which views a face was found, frontal first.
    """

    own: NDArray[np.float32]
    reference: NDArray[np.float32]
    found: NDArray[np.bool_]


@dataclass(frozen=True)
class FacePrints:
    """All face prints of one case, by (image key, method key); `model` and `model_sha256` say what made them."""

    model: str
    model_sha256: str
    prints: Mapping[tuple[str, str], FacePrint]


def original_print(reference: FaceReference) -> FacePrint:
    """The print of an original."""
    found = np.isfinite(reference.landmarks_px[:, 0, 0])
    return FacePrint(reference.embeddings, reference.embeddings, found)


def probe_print(probe: FaceProbe) -> FacePrint:
    """The print of a defaced image or of the control."""
    return FacePrint(probe.own, probe.reference, probe.found)


def save_face_prints(path: Path, face_prints: FacePrints) -> None:
    """Write a case's prints; mode 600, written to a temporary name and renamed."""
    arrays: dict[str, NDArray] = {"model": np.array(face_prints.model), "model_sha256": np.array(face_prints.model_sha256)}
    for (image_key, method), each in sorted(face_prints.prints.items()):
        arrays.update({f"{image_key}|{method}|{part}": getattr(each, part) for part in PARTS})
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", ZIP_DATE), member.getvalue())
    temporary = path.with_name(path.name + ".part")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content.getvalue())
    temporary.replace(path)


def load_face_prints(path: Path) -> FacePrints:
    """Read what `save_face_prints` wrote (UnusableInput if it is something else)."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        keys = sorted({tuple(name.split("|")[:2]) for name in arrays if "|" in name})
        prints = {(i, m): FacePrint(*(arrays[f"{i}|{m}|{part}"] for part in PARTS)) for i, m in keys}
        return FacePrints(str(arrays["model"]), str(arrays["model_sha256"]), prints)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UnusableInput(f"{path} holds no face prints ({error}); run the case again") from error
