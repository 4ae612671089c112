"""A shared folder as one zip file."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from deface_compare.archives.zip_out import write_zip
from deface_compare.errors import UnusableInput
from made_share import shared_folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return shared_folder(tmp_path / "shared", tmp_path / "source", "ID-1", "ID-2")


def test_the_same_folder_gives_the_same_bytes_wherever_and_whenever(shared: Path, tmp_path: Path) -> None:
    first = write_zip(shared).read_bytes()
    shutil.copytree(shared, tmp_path / "elsewhere" / "shared", copy_function=shutil.copyfile)
    for path in (tmp_path / "elsewhere").rglob("*"):
        os.utime(path, (10**9, 10**9))
        path.chmod(0o700)
    assert write_zip(tmp_path / "elsewhere" / "shared").read_bytes() == first


def test_the_zip_holds_what_the_manifests_list_and_nothing_else(shared: Path, tmp_path: Path) -> None:
    wanted = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in shared.rglob("*") if path.is_file()}
    (shared / "notes.txt").write_text("mine")
    with zipfile.ZipFile(write_zip(shared)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == wanted


def test_a_changed_case_is_not_packed(shared: Path) -> None:
    (shared / "case-001" / "more.txt").write_text("x")
    with pytest.raises(UnusableInput, match="no zip was written: case-001"):
        write_zip(shared)
    assert not shared.with_name("shared.zip").exists()


def test_an_earlier_zip_of_the_study_is_replaced_and_anything_else_stays(shared: Path) -> None:
    path = write_zip(shared)
    manifest = json.loads((shared / "manifest.json").read_text())
    (shared / "manifest.json").write_text(json.dumps(manifest | {"counts": {}}))
    before = path.read_bytes()
    assert write_zip(shared).read_bytes() != before
    (shared / "manifest.json").write_text(json.dumps(manifest | {"study": "another"}))
    for content in (path.read_bytes(), b"mine"):
        path.write_bytes(content)
        with pytest.raises(UnusableInput, match="move it away"):
            write_zip(shared)
        assert path.read_bytes() == content
