"""One finished case as a subject's folder of a BIDS derivative: verified, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...case import CaseImage
from ...errors import ExportFailed, UnusableInput
from ...output.finished_case import FinishedCase, open_finished_case
from ...output.neutral_words import NeutralWords
from ...readers.bids.dataset import dataset_of, subject_of
from ...readers.bids.names import BidsName, parse_name
from ...readers.bids.sidecar import participant, sidecar
from ...readers.bids.suv import bids_pet_scale
from ...readers.suv_checks import SUV
from ...settings import KEEP
from ...storage.atomic import growing_folder, write_bytes, write_text
from ..options import ExportOptions
from ..privacy_check import privacy_checks
from ..written.marks import marks_of
from .coarse_mask import coarse_mask
from .metadata import identifying_texts, image_sidecar, mask_sidecar
from .stored_volume import edited_volume, faults, mask_volume, packed

DEFACED, MASK = "defaced", "defacemask"
"""The entity ``desc`` of what is written, and the suffix of a mask (BIDS: anatomy)."""
NOT_EDITED = "images that were not altered"
NIFTI = ".nii.gz"


@dataclass(frozen=True)
class BidsExport:
    """What was written of one case.

    Parameters
    ----------
    folder : str
        Its place in the data set: ``sub-01/ses-1``.
    files : mapping of str to str
        SHA-256 by the name relative to `folder`.
    privacy : mapping of image key to str
        ``passed``, or why not, without names.
    risks : tuple of str
        What was accepted, without names.
    left_behind : mapping of kind to number of files
    """

    folder: str
    files: Mapping[str, str]
    privacy: Mapping[str, str]
    risks: tuple[str, ...]
    left_behind: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """As the record of the case has it."""
        return {
            "folder": self.folder,
            "files": dict(sorted(self.files.items())),
            "privacy_check": dict(self.privacy),
            "accepted_risks": list(self.risks),
            "left_behind": dict(sorted(self.left_behind.items())),
        }


@dataclass(frozen=True)
class _Image:
    """One image on its way: its new name, the source's metadata, and for SUV the body weight."""

    image: CaseImage
    name: BidsName
    source: Mapping[str, Any]
    weight_kg: float | None

    @property
    def source_file(self) -> Path:
        return self.image.sources[0]

    @property
    def data_type(self) -> str:
        """The folder it lies in: ``anat``."""
        return self.source_file.parent.name

    def mask_name(self) -> BidsName:
        """``sub-01_mod-T1w_desc-defaced_defacemask``."""
        return self.name.with_entities(suffix=MASK, mod=self.name.suffix)


def write_bids_case(
    case: Path,
    to: Path,
    labels: tuple[str, str],
    options: ExportOptions,
    before_move: Callable[[BidsExport], None] | None = None,
) -> BidsExport:
    """Write one finished case into a BIDS derivative.

    Parameters
    ----------
    case : Path
        ``OUT/cases/<id>``.
    to : Path
        The data set's folder.
    labels : tuple of str
        Subject and session (``""`` for none) in the data set.
    options : ExportOptions
        Method, and whether a risk is accepted.
    before_move : callable, optional
        Called with the `BidsExport` when all is written and verified, before it gets its place.

    Raises
    ------
    UnusableInput
        If the case cannot be exported, or a risk was not accepted: the sentence says which.
    ExportFailed
        If what was written did not pass its verification; it is removed.
    """
    finished = open_finished_case(case, options.method, KEEP, bids=True)
    checks = privacy_checks(finished.out, replace(finished.report, measurements=finished.measurements), finished.method)
    images = _images(finished, labels)
    risks = [f"privacy check of {each.image.key}: {checks[each.image.key]}" for each in images if checks.get(each.image.key)]
    if risks and not options.accept_risk:
        raise UnusableInput(f"{'; '.join(risks)}. Nothing was written; --accept-risk writes it all the same")
    words = NeutralWords(finished.source, finished.id)
    shared_risks = tuple(map(words.shared, risks))
    privacy = {each.image.key: words.shared(checks.get(each.image.key, "")) for each in images}
    place = to.joinpath(*filter(None, labels))
    place.parent.mkdir(parents=True, exist_ok=True)
    with growing_folder(place) as folder:
        for each in images:
            _write(finished, each, folder, place.relative_to(to), privacy[each.image.key], shared_risks)
        wrong = _leaks(folder, finished, images, labels)
        if wrong:
            raise ExportFailed(f"the export of {finished.id} did not pass its verification and was removed: {'; '.join(wrong)}")
        files = {path.relative_to(folder).as_posix(): _hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}
        told = {key: reason or "passed" for key, reason in privacy.items()}
        export = BidsExport(place.relative_to(to).as_posix(), files, told, shared_risks, _left_behind(finished, images))
        if before_move is not None:
            before_move(export)
    return export


def _images(finished: FinishedCase, labels: tuple[str, str]) -> list[_Image]:
    """The images that the method altered: no other one may be called defaced."""
    root = dataset_of(finished.source)
    assert root is not None
    person = participant(root, subject_of(finished.source))
    found = []
    for image in finished.case.images:
        name = parse_name(image.sources[0])
        if image.key not in finished.told["images"] or name is None:
            continue
        told = sidecar(image.sources[0], name, root)
        subject, session = (label.partition("-")[2] for label in labels)
        weight_kg = bids_pet_scale(told, person).weight_kg if image.unit == SUV else None
        found.append(_Image(image, name.with_entities(ending=NIFTI, sub=subject, ses=session, desc=DEFACED), told, weight_kg))
    return found


def _write(finished: FinishedCase, each: _Image, folder: Path, place: Path, privacy: str, risks: tuple[str, ...]) -> None:
    """Write one image with its mask and their sidecars, and read it back."""
    patch = finished.patches[each.image.key]
    edited = edited_volume(each.source_file, each.image, patch)
    where = folder / each.data_type
    where.mkdir(exist_ok=True)
    path = where / str(each.name)
    write_bytes(path, packed(edited.content))
    wrong = faults(path, each.source_file, each.image, patch)
    if wrong:
        raise ExportFailed(f"the export of {finished.id} did not pass its verification and was removed: {'; '.join(wrong)}")
    mask = coarse_mask(edited.altered, each.image.image)
    write_bytes(where / str(each.mask_name()), packed(mask_volume(each.source_file, mask)))
    lines = marks_of(finished.method, finished.told, KEEP, finished.settings.fill, finished.settings.protect).lines
    own = tuple(line for line in lines if ": " not in line or line.startswith(f"{each.image.key}: "))
    _write_json(path, image_sidecar(each.source, own, privacy, risks, each.weight_kg))
    relative = (place / each.data_type / path.name).as_posix()
    _write_json(where / str(each.mask_name()), mask_sidecar(relative))


def _write_json(image: Path, content: Mapping[str, Any]) -> None:
    write_text(
        image.with_name(image.name.removesuffix(NIFTI) + ".json"), json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    )


def _leaks(folder: Path, finished: FinishedCase, images: list[_Image], labels: tuple[str, str]) -> list[str]:
    """Identifying values of the source's sidecars that are found in a written file's text or header."""
    wanted = {text for each in images for text in identifying_texts(each.source)}
    wanted |= {label for label in (finished.source.name, finished.source.parent.name) if label.startswith("sub-")} - set(labels)
    told = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = path.name + _head_text(path)
            told += [
                f"{path.name} holds a value of the source that names somebody or something" for each in wanted if each in text
            ]
    return list(dict.fromkeys(told))


def _head_text(path: Path) -> str:
    """The text of a JSON file, or the header of an image."""
    from ...readers.files.nifti import read_stored

    if path.suffix == ".json":
        return json.dumps(json.loads(path.read_text(encoding="utf-8")), ensure_ascii=False)
    return read_stored(path).head.decode("latin-1")


def _left_behind(finished: FinishedCase, images: list[_Image]) -> dict[str, int]:
    """What of the subject is not in the derivative."""
    other = len(finished.case.images) - len(images)
    return dict(finished.case.left_out) | ({NOT_EDITED: other} if other else {})


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
