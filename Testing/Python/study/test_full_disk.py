"""A disk that takes no more: one sentence, nothing torn, and the next run goes on."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from coarse_patients import make_doses
from deface_compare.cli import main as cli
from deface_compare.privacy.render import write_png
from deface_compare.storage.atomic import raise_if_full
from study_run import difference

resource = pytest.importorskip("resource", reason="Windows has no limits of a process")


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """The system refuses to write more into a file, as a quota or a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_study_that_meets_a_full_disk_says_so_and_ends_whole_when_there_is_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patients = make_doses(tmp_path / "patients", 2)
    command = ["study", str(patients), "--methods", "quickshear", "--face-model", "none", "--out"]
    assert cli.main([*command, str(tmp_path / "clean")]) == 0
    largest = max(path.stat().st_size for path in (tmp_path / "clean").rglob("*"))  # the report
    for limit in (100, 3_000, largest - 1):
        with largest_file(limit):
            assert cli.main([*command, str(tmp_path / "out")]) == 2
        told = capsys.readouterr().err.strip().splitlines()[-1]
        assert told.startswith("deface-compare: nothing more can be written")
        assert told.endswith("(File too large); make room and run the same command: finished cases stay")
    assert cli.main([*command, str(tmp_path / "out")]) == 0
    assert difference(tmp_path / "out", tmp_path / "clean") == []


def test_half_a_picture_is_an_error_and_bears_no_name(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    with largest_file(1000), pytest.raises(OSError, match="File too large"):
        write_png(tmp_path / "face.png", noise)
    assert not (tmp_path / "face.png").exists()


def test_a_library_that_tells_no_error_number_is_asked_for_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_if_full(RuntimeError("Error writing image"), tmp_path)  # there is room: another reason
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 0))
    with pytest.raises(OSError, match="no room is left") as told:
        raise_if_full(RuntimeError("Error writing image"), tmp_path)
    assert told.value.errno == errno.ENOSPC
