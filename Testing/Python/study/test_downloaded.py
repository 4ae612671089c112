"""Downloads of The Cancer Imaging Archive, as its retriever lays them out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from deface_compare.errors import UnusableInput
from deface_compare.study.patients import LOOSE, find_patients


def download(folder: Path, subjects: dict[str, list[str]], separator: str = "/") -> Path:
    """A folder as NBIA Data Retriever writes it: collection, subject, study, series."""
    rows = []
    for collection, names in subjects.items():
        for name in names:
            series = folder / collection / name / "01-31-2001-NA-RT SIMULATION-66297" / "1.000000-CT-10741"
            series.mkdir(parents=True)
            (series / "1-001.dcm").write_bytes(b"\0" * 128 + b"DICM")
            place = separator.join(("." if separator == "\\" else "", *series.relative_to(folder).parts)).lstrip("/")
            rows.append(("1.2.3", collection, name, "1.2", "CT", "1", place))
        (folder / collection / "LICENSE").write_text("CC BY")
    with (folder / "metadata.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("Series UID", "Collection", "Subject ID", "Study UID", "Modality", "Number of Images", "File Location"))
        table.writerows(rows)
    return folder


@pytest.mark.parametrize("separator", ["/", "\\"])
def test_the_subjects_of_all_collections_are_the_patients(separator: str, tmp_path: Path) -> None:
    folder = download(tmp_path / "manifest-1", {"HNSCC": ["HN-1", "HN-2"], "QIN": ["QIN-7"]}, separator)
    found = find_patients(folder)
    assert [path.relative_to(folder).as_posix() for path in found.folders] == ["HNSCC/HN-1", "HNSCC/HN-2", "QIN/QIN-7"]
    assert found.left_out == {LOOSE: 2}


def test_a_collection_alone_is_a_cohort_as_ever(tmp_path: Path) -> None:
    folder = download(tmp_path, {"HNSCC": ["HN-1", "HN-2"]})
    assert [path.name for path in find_patients(folder / "HNSCC").folders] == ["HN-1", "HN-2"]


def test_another_table_of_that_name_changes_nothing(tmp_path: Path) -> None:
    folder = download(tmp_path, {"ann": ["ct"], "bob": ["ct"]})
    (folder / "metadata.csv").write_text("who,what\nann,ct\n")
    assert [path.name for path in find_patients(folder).folders] == ["ann", "bob"]


def test_a_table_whose_folders_are_not_there_gives_no_patient(tmp_path: Path) -> None:
    folder = download(tmp_path / "a", {"HNSCC": ["HN-1"]})
    (folder / "HNSCC").rename(tmp_path / "moved")
    with pytest.raises(UnusableInput, match="no patient's folder"):
        find_patients(folder)
