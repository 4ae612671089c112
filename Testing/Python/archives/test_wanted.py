"""Which patients a file asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from deface_compare.archives.wanted import Wanted, read_wanted, wanted_studies
from deface_compare.errors import UnusableInput


def ids(folder: Path, text: str) -> Path:
    path = folder / "ids.txt"
    path.write_bytes(text.encode())
    return path


def test_each_patient_is_asked_for_once_in_order(tmp_path: Path) -> None:
    path = ids(tmp_path, "\ufeffPatientID,StudyInstanceUID\r\n# ours\r\nB-2\r\n\r\nA 1,1.2.3\r\nA 1\t1.2.4\r\nC,1.5\r\nC\r\n")
    assert read_wanted(path) == [Wanted("B-2"), Wanted("A 1", ("1.2.3", "1.2.4")), Wanted("C")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A*", "line 1"),
        ("A\nB?1", "line 2"),
        ("A\\B", "line 1"),
        ("A,study 7", "StudyInstanceUID"),
        ("# none", "no patient"),
        (",1.2", "line 1"),
    ],
)
def test_a_line_that_asks_for_more_than_one_patient_or_for_none_is_refused(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=told):
        read_wanted(ids(tmp_path, text))


def test_a_file_in_another_encoding_or_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes("Müller".encode("latin-1"))
    with pytest.raises(UnusableInput, match="UTF-8"):
        read_wanted(tmp_path / "latin")
    with pytest.raises(UnusableInput, match="cannot be read"):
        read_wanted(tmp_path / "none")


def test_studies_are_uids_each_once() -> None:
    assert wanted_studies(["1.2", "1.3", "1.2"]) == [Wanted("", ("1.2",)), Wanted("", ("1.3",))]
    with pytest.raises(UnusableInput, match="no StudyInstanceUID"):
        wanted_studies(["../../x"])
