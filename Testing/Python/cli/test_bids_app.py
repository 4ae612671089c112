"""``bids-app``: the arguments of a BIDS app, its levels, and an input that nobody may write to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bids_set import add_image, average_t1, make_dataset
from deface_compare.cli.main import main

pytestmark = pytest.mark.xdist_group("bids_app")

QUICK = ("--methods", "quickshear", "--face-model", "none")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects; folders and files may not be written to."""
    root = make_dataset(tmp_path_factory.mktemp("app") / "raw")
    for number, subject in enumerate(("sub-01", "sub-02"), start=1):
        add_image(root / subject / "anat", f"{subject}_T1w", {}, average_t1(number))
    for path in sorted(root.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    root.chmod(0o555)
    return root


@pytest.fixture(scope="module")
def outputs(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The participant level of all; nobody may change it."""
    out = tmp_path_factory.mktemp("outputs")
    before = content(raw)
    assert main(["bids-app", str(raw), str(out), "participant", *QUICK]) == 0
    assert content(raw) == before
    return out


def content(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in [folder, *folder.rglob("*")]}


def test_all_participants_become_one_study(outputs: Path) -> None:
    assert (outputs / "study" / "measurements.csv").is_file()
    assert [path.name for path in sorted((outputs / "study" / "cases").iterdir())] == ["case-001", "case-002"]


def test_the_group_level_makes_the_report_again_and_the_derivative(
    raw: Path, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bids-app", str(raw), str(outputs), "group"]) == 0
    assert main(["bids-app", str(raw), str(outputs), "group", "--deface", "quickshear"]) == 2
    assert "--accept-risk" in capsys.readouterr().err
    assert main(["bids-app", str(raw), str(outputs), "group", "--deface", "quickshear", "--accept-risk"]) == 0
    told = json.loads((outputs / "defaced" / "dataset_description.json").read_text(encoding="utf-8"))
    assert told["DatasetType"] == "derivative"
    assert len(list((outputs / "defaced").rglob("*_desc-defaced_T1w.nii.gz"))) == 2


def test_one_job_a_participant_in_either_spelling_and_a_group_that_pools_them(raw: Path, tmp_path: Path) -> None:
    for option, label in (("--participant-label", "01"), ("--participant_label", "sub-02")):
        assert main(["bids-app", str(raw), str(tmp_path), "participant", option, label, *QUICK]) == 0
    assert sorted(path.name for path in (tmp_path / "participants").iterdir()) == ["sub-01", "sub-02"]
    assert main(["bids-app", str(raw), str(tmp_path), "group"]) == 0
    assert (tmp_path / "group" / "measurements.csv").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["participant", "--participant-label", "99"], "holds no sub-99"),
        (["participant", "--deface", "quickshear"], "--deface belongs to the group level"),
        (["group"], "holds nothing to pool"),
        (["group", "--deface", "quickshear"], "run the participant level without --participant-label first"),
    ],
)
def test_a_mistake_is_one_sentence(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["bids-app", str(raw), str(tmp_path), *words]) == 2
    assert said in capsys.readouterr().err
    assert not os.listdir(tmp_path)


def test_a_folder_without_a_description_is_no_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bids-app", str(tmp_path), str(tmp_path / "out"), "participant"]) == 2
    assert "is no BIDS data set" in capsys.readouterr().err
