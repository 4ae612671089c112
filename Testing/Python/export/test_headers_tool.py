"""Headers by a site's own program: what it gives back is paired by content, verified as ours, and refused in one sentence."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deface_compare.cli.main import main
from deface_compare.export import export_case as export_module
from deface_compare.export import moved_skin
from deface_compare.export.headers.own_tool import read_header_tool
from deface_compare.export.manifest import wrong_files
from deface_compare.export.written import written_set
from deface_compare.readers import read_case
from export_mutations import once
from export_patient import METHOD, export, head_known, manifest, objects, source
from header_tool_table import table
from places import ROOT

pytestmark = [
    pytest.mark.xdist_group("headers_tool"),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(sys.platform == "win32", reason="ends process groups as Unix does"),
]

OPTIONS = ("--accept-risk", "--dose-policy", "mask")


@pytest.fixture(scope="module", autouse=True)
def surfaces_once() -> Iterator[None]:
    """All exports here are of one case, and about its headers: its surfaces are found once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(written_set, "head_surface", once(written_set.head_surface))
        patch.setattr(moved_skin, "moved_skin", once(moved_skin.moved_skin))
        yield


@pytest.fixture(scope="module")
def case(coarse_case: Path) -> Path:
    """A finished case of few files; nobody may change it."""
    return coarse_case


@pytest.fixture(scope="module")
def handed(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That case, its headers cleaned by the stand-in; nobody may change it."""
    folder = tmp_path_factory.mktemp("shared") / "export"
    assert export(case, folder, *OPTIONS, "--headers-tool", str(table(folder.parent))) == 0
    return folder


def run(
    case: Path, folder: Path, behaviour: str, monkeypatch: pytest.MonkeyPatch, *, in_place: bool = False, more: str = ""
) -> int:
    """Export with a stand-in that behaves so."""
    monkeypatch.setenv("BEHAVIOUR", behaviour)
    return export(case, folder / "export", *OPTIONS, "--headers-tool", str(table(folder, in_place=in_place, more=more)))


def log_of(case: Path) -> str:
    return (case.parents[1] / "identifiable" / "logs" / "case-001" / "headers_stand_in.txt").read_text(encoding="utf-8")


def test_what_the_tool_gave_back_is_the_export(handed: Path, case: Path) -> None:
    assert wrong_files(handed) == []
    everything = objects(handed)
    assert set(everything) == set(manifest(handed)["files"])  # type: ignore[attr-defined]
    assert {str(data.PatientName) for data in everything.values()} == {"SUBJECT"}
    assert {str(data.StudyDate) for data in everything.values()} == {"20241201"}
    assert all(str(data.SOPInstanceUID).startswith("2.25.") for data in everything.values())
    assert all(data.file_meta.MediaStorageSOPInstanceUID == data.SOPInstanceUID for data in everything.values())
    content = b"".join(path.read_bytes() for path in handed.rglob("*") if path.is_file()).lower()
    assert [word for word in (b"secret", b"person", b"id-7", b"20260105", b"export tests") if word in content] == []


def test_the_tool_is_named_and_no_profile_is_claimed_for_it(handed: Path) -> None:
    told = manifest(handed)
    assert told["headers"] == "tool"
    assert told["headers_tool"] == {"title": "Stand-in", "version": "2.1", "keeps": ["times", "device"]}
    last = told["notes"][-1]  # type: ignore[index]
    assert last.startswith("Headers: cleaned by Stand-in 2.1, another program; no profile is claimed for it here.")
    assert last.endswith("Left on purpose: times of day and what names the machine.")
    assert told["verified"]["identity"]["values of the source searched for"] > 10  # type: ignore[index]
    for data in objects(handed).values():
        assert [str(item.CodeValue) for item in data.DeidentificationMethodCodeSequence] == ["113102"]
        assert "PatientIdentityRemoved" not in data


def test_pet_keeps_its_suv_and_the_dvh_its_numbers(handed: Path, case: Path) -> None:
    before, after = read_case(source(case), "x"), read_case(handed, "x")
    assert after.image("PET").unit == "SUVbw"
    assert after.image("PET").stored_form.factor == pytest.approx(before.image("PET").stored_form.factor, rel=1e-12)
    assert manifest(handed)["verified"]["DVH"]["numbers"] > 10  # type: ignore[index]


def test_the_kept_list_leads_from_the_source_to_the_uids_of_the_tool(handed: Path, case: Path) -> None:
    with (case.parents[1] / "identifiable" / "exports" / f"case-001_{METHOD}.csv").open(newline="", encoding="utf-8") as stream:
        known = {row["source"]: row["export"] for row in csv.DictReader(stream)}
    theirs = {(str(d.Modality), str(d.get("InstanceNumber"))): str(d.SOPInstanceUID) for d in objects(source(case)).values()}
    for data in objects(handed).values():
        assert known[theirs[str(data.Modality), str(data.get("InstanceNumber"))]] == data.SOPInstanceUID
        assert data.FrameOfReferenceUID in known.values() if "FrameOfReferenceUID" in data else True


def test_the_tool_sees_one_case_and_what_it_prints_stays_in_the_identifiable_part(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(case, tmp_path, "good", monkeypatch) == 0
    said = log_of(case)
    assert "of Secret^Person" in said
    assert "beside: ['given', 'log.txt', 'place', 'results']" in said
    printed = capsys.readouterr()
    assert "Secret" not in printed.out + printed.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "tool.toml"]


@pytest.mark.parametrize(
    ("behaviour", "reasons"),
    [
        ("private name", ["a value of the source's PatientName is left", "times private element is left"]),
        ("name", ["a value of the source's PatientName is left"]),
        ("pixel", ["CT/CT_0003.dcm: Stand-in changed its voxels; ", "a voxel outside the edit is not the source's"]),
        ("drop", ["Stand-in did not give back CT/CT_0002.dcm"]),
        ("twice", ["Stand-in gave back an object more than it got"]),
        ("same uid", ["Stand-in gave two values of SOPInstanceUID one new value", "2 objects have the same SOP instance UID"]),
        ("dangling", ["RTPLAN_1.dcm: ReferencedSOPInstanceUID names what is not there"]),
        ("frames", ["Stand-in gave one FrameOfReferenceUID two new values, so that objects no longer agree"]),
        ("moved", ["Stand-in changed where its voxels lie", "CT has another geometry when it is read back"]),
        ("rescaled", ["Stand-in changed what its stored numbers stand for", "CT has other values when it is read back"]),
        ("no injection", ["PET has other units when it is read back (Bq/ml, not SUVbw); SUV need weight, injection and times"]),
        ("another weight", ["PET has another factor to SUVbw when it is read back; SUV need weight, injection and times"]),
        ("swapped names", ["2 structures have another standard name when they are read back"]),
        ("contour", ["RTSTRUCT.dcm: Stand-in changed numbers inside its sequences", "contours of structure 8 changed"]),
        ("another class", ["Stand-in did not give back CT/CT_0001.dcm; Stand-in gave back an object more than it got"]),
        (
            "nothing",
            ["ended well on case-001 but gave back no file; nothing was written; its log is identifiable/logs"],
        ),
        ("into input", ["a tool that rewrites its input needs in_place = true"]),
        (
            "exit code",
            ["ended with exit code 7 on case-001; nothing was written", "its log is identifiable/logs/case-001/headers_stand_in"],
        ),
        ("garbage", ["Stand-in did not give back CT/CT_0001.dcm"]),
    ],
)
def test_a_tool_that_breaks_something_is_refused_with_what_it_is(
    case: Path,
    tmp_path: Path,
    behaviour: str,
    reasons: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(export_module, "MOST_TOLD", 500)
    assert run(case, tmp_path, behaviour, monkeypatch) == 2
    told = capsys.readouterr().err
    assert [reason for reason in reasons if reason not in told] == []
    assert "Secret" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["tool.toml"]


def test_a_tool_that_hangs_is_killed_with_all_that_it_started(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHILD_FILE", str(tmp_path / "child"))
    assert run(case, tmp_path, "hang", monkeypatch, more="time_limit_s = 3\n") == 2
    assert "Stand-in was killed on case-001 after 3 s (time_limit_s); nothing was written" in capsys.readouterr().err
    state = Path(f"/proc/{(tmp_path / 'child').read_text(encoding='ascii')}/stat")
    until = time.monotonic() + 60.0
    while state.exists() and state.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z" and time.monotonic() < until:
        time.sleep(0.05)
    assert not state.exists() or state.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"


def test_a_tool_may_work_in_place_on_its_copy(case: Path, tmp_path: Path, handed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(case, tmp_path, "in place", monkeypatch, in_place=True) == 0
    one, other = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*.dcm")} for f in (handed, tmp_path / "export"))
    assert one == other


def test_what_a_tool_does_to_its_input_touches_nothing(
    case: Path, tmp_path: Path, handed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in source(case).rglob("*.dcm")}
    assert run(case, tmp_path, "input too", monkeypatch) == 0
    assert {path: path.read_bytes() for path in source(case).rglob("*.dcm")} == before
    assert objects(tmp_path / "export") == objects(handed)


def test_other_exit_codes_may_say_that_all_is_well(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(case, tmp_path, "exit code", monkeypatch, more="exit_codes = [0, 7]\n") == 2  # but it gave back nothing
    assert read_header_tool(tmp_path / "tool.toml").exit_codes == (0, 7)


def test_other_files_of_a_tool_are_not_shared(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(case, tmp_path, "table", monkeypatch) == 0
    assert [path.name for path in (tmp_path / "export").rglob("*.csv")] == []
    assert "not shared, since no DICOM objects: 1 of the files that Stand-in gave back" in str(
        manifest(tmp_path / "export")["notes"]
    )


def test_marks_of_the_defacing_that_a_tool_took_away_are_put_back_and_its_own_stay(
    case: Path, tmp_path: Path, handed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(case, tmp_path, "unmarks", monkeypatch) == 0
    for name, data in objects(tmp_path / "export").items():
        whole = objects(handed)[name]
        assert data.DeidentificationMethod == whole.DeidentificationMethod
        assert [str(item.CodeValue) for item in data.DeidentificationMethodCodeSequence] == ["113102"]
        assert data.get("DerivationDescription") == whole.get("DerivationDescription")
    (tmp_path / "second").mkdir()
    assert run(case, tmp_path / "second", "claims", monkeypatch) == 0
    for data in objects(tmp_path / "second" / "export").values():
        assert data.DeidentificationMethod[0] == "STAND-IN"
        assert [str(item.CodeValue) for item in data.DeidentificationMethodCodeSequence] == ["113100", "113102"]
        assert "PatientIdentityRemoved" not in data  # a risk was accepted
        assert "RecognizableVisualFeatures" not in data  # no privacy check is passed


@pytest.mark.parametrize(("behaviour", "expected"), [("claims", "YES"), ("good", "")])
def test_identity_is_said_to_be_removed_only_where_the_tool_says_so_and_all_is_passed(
    case: Path, tmp_path: Path, behaviour: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEHAVIOUR", behaviour)
    monkeypatch.setattr(export_module, "privacy_checks", lambda *_: {"CT": "", "MR_T1": "", "PET": ""})
    arguments = ("--dose-policy", "mask", "--headers-tool", str(table(tmp_path)))
    assert export(case, tmp_path / "export", *arguments) == 0
    assert {str(data.get("PatientIdentityRemoved", "")) for data in objects(tmp_path / "export").values()} == {expected}


def test_a_tool_may_rename_structures(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(case, tmp_path, "numbered", monkeypatch) == 0
    names = [str(roi.ROIName) for roi in objects(tmp_path / "export")["RTSTRUCT.dcm"].StructureSetROISequence]
    assert names == [f"S{number}" for number in range(1, 9)]


def test_a_share_names_the_tool_and_another_table_is_shared_again(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def share(more: str = "") -> int:
        words = ["share", str(case.parents[1]), "--method", METHOD, "--to", str(tmp_path / "FOLDER"), *OPTIONS]
        with head_known():
            return main([*words, "--headers-tool", str(table(tmp_path, more=more))])

    assert share() == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("The headers are de-identified: by Stand-in 2.1, a program of the site, and each file was searched")
    told = json.loads((tmp_path / "FOLDER" / "manifest.json").read_text(encoding="utf-8"))
    assert (told["headers"], told["headers_tool"], told["headers_note"]) == ("tool", "Stand-in 2.1", last)
    assert not any("Headers:" in note for note in told["cases"][0]["notes"])
    first = (tmp_path / "FOLDER" / "case-001" / "manifest.json").stat().st_mtime_ns
    assert share() == 0
    assert (tmp_path / "FOLDER" / "case-001" / "manifest.json").stat().st_mtime_ns == first
    assert share("time_limit_s = 900\n") == 0
    assert (tmp_path / "FOLDER" / "case-001" / "manifest.json").stat().st_mtime_ns > first


@pytest.mark.parametrize("behaviour", ["exit code", "twice"])
def test_the_shared_reason_of_a_refused_case_names_nobody_and_no_place(
    case: Path, tmp_path: Path, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEHAVIOUR", behaviour)
    words = ["share", str(case.parents[1]), "--method", METHOD, "--to", str(tmp_path / "FOLDER"), *OPTIONS]
    with head_known():
        assert main([*words, "--headers-tool", str(table(tmp_path))]) == 2
    assert sorted(path.name for path in (tmp_path / "FOLDER").iterdir()) == ["manifest.csv", "manifest.json", "share_report.html"]
    content = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "FOLDER").iterdir())
    assert "Stand-in" in content
    assert [word for word in ("Secret", "Person", str(tmp_path), str(case.parents[1])) if word in content] == []


def dicognito(folder: Path, *command: str) -> str:
    """The TOML file of a way to run dicognito; skips where it is not installed."""
    pytest.importorskip("dicognito")
    words = ", ".join(f'"{word}"' for word in (sys.executable, *command))
    (folder / "dicognito.toml").write_text(f'[dicognito]\ncommand = [{words}]\nkeeps = ["device"]\n', encoding="utf-8")
    return str(folder / "dicognito.toml")


def test_dicognito_alone_is_refused_for_what_it_leaves(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # the seed decides by how many hours dates move: by some the time of injection, which stays, would still fit
    file = dicognito(tmp_path, "-m", "dicognito", "--seed", "0", "{input}", "--output-directory", "{output}")
    assert export(case, tmp_path / "export", *OPTIONS, "--headers-tool", file) == 2
    told = capsys.readouterr().err
    assert "a value of the source's RadiopharmaceuticalStartTime is left" in told
    assert "PET has other units when it is read back (Bq/ml, not SUVbw)" in told
    assert "changed" not in told
    assert "did not give back" not in told


def test_dicognito_with_what_it_leaves_taken_away_passes(case: Path, tmp_path: Path) -> None:
    script = ROOT / "Testing" / "Python" / "helpers" / "dicognito_and_more.py"
    file = dicognito(tmp_path, str(script), "{input}", "{output}")
    assert export(case, tmp_path / "export", *OPTIONS, "--headers-tool", file) == 0
    before, after = read_case(source(case), "x"), read_case(tmp_path / "export", "x")
    assert after.image("PET").stored_form.factor == pytest.approx(before.image("PET").stored_form.factor, rel=1e-12)
    for data in objects(tmp_path / "export").values():
        assert "DICOGNITO" in data.DeidentificationMethod
        assert data.StudyDate < "20260105"
