"""A BIDS data set: where it begins, and which of its folders are patients."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ...errors import UnusableInput

DESCRIPTION = "dataset_description.json"
SUBJECT, SESSION = re.compile(r"sub-[A-Za-z0-9+]+"), re.compile(r"ses-[A-Za-z0-9+]+")


def description_of(folder: Path) -> dict[str, Any]:
    """What a folder's ``dataset_description.json`` says; empty if there is none that can be read."""
    path = folder / DESCRIPTION
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else None
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def is_dataset(folder: Path) -> bool:
    """Whether a folder is a BIDS data set, raw or derivative: its description states a version of BIDS."""
    return isinstance(description_of(folder).get("BIDSVersion"), str)


def title_of(root: Path) -> str:
    """What a data set calls itself."""
    return str(description_of(root).get("Name") or "a data set")


def dataset_of(folder: Path) -> Path | None:
    """The data set to which a subject's or a session's folder belongs; None if it is none of BIDS."""
    whole = folder.resolve()
    if SESSION.fullmatch(whole.name) and SUBJECT.fullmatch(whole.parent.name):
        root = whole.parent.parent
    elif SUBJECT.fullmatch(whole.name):
        root = whole.parent
    else:
        return None
    return root if is_dataset(root) else None


def is_bids_patient(folder: Path) -> bool:
    """Whether a folder is a subject's or a session's of a BIDS data set."""
    return dataset_of(folder) is not None


def subject_of(folder: Path) -> str:
    """The subject of a subject's or a session's folder: ``sub-01``."""
    whole = folder.resolve()
    return whole.parent.name if SESSION.fullmatch(whole.name) else whole.name


def session_of(folder: Path) -> str:
    """The session of a folder (``ses-1``); ``""`` for a subject without sessions."""
    name = folder.resolve().name
    return name if SESSION.fullmatch(name) else ""


def sessions_of(subject: Path) -> tuple[Path, ...]:
    """A subject's folders that are scanned at one time each: its sessions, or itself."""
    sessions = tuple(path for path in sorted(subject.iterdir()) if path.is_dir() and SESSION.fullmatch(path.name))
    return sessions or (subject,)


def patients_of(root: Path) -> tuple[Path, ...]:
    """The folders of a data set, or of one subject, that a study takes for a patient each.

    Raises
    ------
    UnusableInput
        If there is no subject, or a folder cannot be opened.
    """
    try:
        if dataset_of(root) is not None:
            return sessions_of(root)
        subjects = [path for path in sorted(root.iterdir()) if path.is_dir() and SUBJECT.fullmatch(path.name)]
        if not subjects:
            raise UnusableInput(
                f"{root} is a BIDS data set without a subject's folder (sub-<label>); look whether it is all there"
            )
        return tuple(folder for subject in subjects for folder in sessions_of(subject))
    except OSError as error:
        raise UnusableInput(f"{root} cannot be opened ({error.strerror})") from error
