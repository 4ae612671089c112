"""Real tools as child processes: a stand-in that honours mri_reface's contract, and every way to break it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare import compare
from deface_compare.case import CaseImage
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacing
from deface_compare.defacers.external.command import CommandTemplate, ExternalCommand
from deface_compare.defacers.external.templates import read_templates, ready_templates
from deface_compare.errors import UnusableInput
from deface_compare.machine.child_process import run_child
from deface_compare.settings import Settings
from places import MODULE, ROOT

GRID = synthetic.grid((3.0, 3.0, 3.0))
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in tool is a script for a Unix shell")

STAND_IN = ROOT / "Testing" / "Python" / "helpers" / "stand_in_tool.py"


@pytest.fixture
def tool_folder(tmp_path: Path) -> Path:
    """A folder with a ``run_mri_reface.sh`` that is the stand-in, run by this Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "run_mri_reface.sh"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n', encoding="ascii")
    script.chmod(0o755)
    return folder


def tool(folder: Path, **environment: str) -> ExternalCommand:
    """The ready entry mri_reface, in an environment that holds nothing but the stand-in."""
    template = next(one for one in ready_templates() if one.key == "mri_reface")
    return ExternalCommand(replace(template, time_limit_s=20.0), {"PATH": str(folder), **environment})


def run(method: ExternalCommand, image: CaseImage) -> Defacing:
    return deface(method, synthetic.case(image), {image.key: synthetic.head(image_key=image.key)}, Settings())


def test_a_tool_that_keeps_its_contract_is_taken_voxel_by_voxel(tool_folder: Path) -> None:
    image = synthetic.ct(GRID)
    result = run(tool(tool_folder, TOOL_HOME="here"), image)
    assert (result.status, result.note, result.method, result.title) == ("ok", "", "mri_reface", "mri_reface")
    expected = sitk.GetArrayFromImage(image.image)
    expected[:, : expected.shape[1] // 4] = -1000
    edited = result.edited_image(image)
    assert np.array_equal(sitk.GetArrayFromImage(edited), expected)
    assert edited.GetPixelID() == image.image.GetPixelID()
    removed = result.edits["CT"].removed(image.image)
    assert np.array_equal(removed, (image.array() > -300) & (expected <= -300))


def test_the_child_sees_the_environment_of_its_caller_and_no_other(tool_folder: Path) -> None:
    log = run(tool(tool_folder, TOOL_HOME="here"), synthetic.ct(GRID)).logs["CT"]
    assert "defacing CT.nii as -imType CT" in log
    seen = set(log.partition("variables:")[2].split())
    assert seen - {"PWD", "SHLVL", "_", "LC_CTYPE", "OLDPWD"} == {
        "PATH",
        "TOOL_HOME",
    }  # the others are the shell's and Python's own


def test_a_tool_gets_its_own_order_of_axes_and_its_result_is_put_back(tmp_path: Path) -> None:
    """The tool cuts along the third axis as it sees it: of a grid turned so that this axis runs to the front, the face."""
    image = synthetic.ct(GRID)
    script = tmp_path / "cut"
    cut = (
        "import sys, SimpleITK as sitk; image = sitk.ReadImage(sys.argv[1]); values = sitk.GetArrayFromImage(image);"
        "values[3 * len(values) // 4 :] = -1000; out = sitk.GetImageFromArray(values); out.CopyInformation(image);"
        "print(image.GetDirection()); sitk.WriteImage(out, sys.argv[2])"
    )
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c \'{cut}\' "$@"\n', encoding="ascii")
    script.chmod(0o755)
    template = CommandTemplate("cut", "cut", ("cut", "{input}", "{output}"), output="{stem}_cut.nii", axes="LSA")
    result = run(ExternalCommand(template, {"PATH": str(tmp_path)}), image)
    assert result.status == "ok", result.note + result.logs.get("CT", "")
    expected = sitk.GetArrayFromImage(image.image)
    expected[:, : expected.shape[1] - 3 * expected.shape[1] // 4] = -1000
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(image)), expected)
    assert result.edited_image(image).GetDirection() == image.image.GetDirection()


def test_each_image_key_has_its_type(tool_folder: Path) -> None:
    flair = replace(synthetic.ct(GRID), key="MR_FLAIR", modality="MR")
    assert "-imType FLAIR" in run(tool(tool_folder), flair).logs["MR_FLAIR"]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("no output", "ended well on image CT but wrote no CT_deFaced.nii"),
        ("exit code", "ended with exit code 7 on image CT"),
        ("garbage", "wrote CT_deFaced.nii for image CT, which cannot be read"),
        ("another grid", "CT_deFaced.nii does not lie on the original's grid: size"),
        ("unchanged", "its image CT is the original, nothing was defaced"),
        ("another patient", "the inside of the head in its image CT is not the original's"),
    ],
)
def test_a_tool_that_breaks_its_contract_fails_with_the_reason(tool_folder: Path, behaviour: str, reason: str) -> None:
    result = run(tool(tool_folder, BEHAVIOUR=behaviour), synthetic.ct(GRID))
    assert result.status == "failed"
    assert reason in result.note
    assert result.patches == {}


def is_running(process: int) -> bool:
    """Whether a process lives (one that is dead but not yet collected does not)."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_a_tool_that_hangs_is_killed_with_all_that_it_started(tool_folder: Path, tmp_path: Path) -> None:
    """Its child ignores SIGTERM, so only SIGKILL to the whole group ends it."""
    method = tool(tool_folder, BEHAVIOUR="hang", CHILD_FILE=str(tmp_path / "child"))
    hasty = ExternalCommand(replace(method.template, time_limit_s=1.5), method.environment)
    result = run(hasty, synthetic.ct(GRID))
    assert result.status == "failed"
    assert "was killed on image CT after 1.5 s" in result.note
    child = int((tmp_path / "child").read_text(encoding="ascii"))
    deadline = time.monotonic() + 60.0
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_a_cancelled_comparison_does_not_leave_its_tool_running(tmp_path: Path) -> None:
    """The panel cancels by SIGTERM to the process that waits for the tool."""
    waiting = (
        "import sys\nfrom pathlib import Path\nfrom deface_compare.machine.child_process import run_child\n"
        "where = Path(sys.argv[1])\n"
        'code = \'import os, time; open("child", "w").write(str(os.getpid())); time.sleep(120)\'\n'
        "run_child([sys.executable, '-c', code], {}, where, where / 'log.txt', 100.0)\n"
    )
    package = MODULE
    parent = subprocess.Popen([sys.executable, "-c", waiting, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(package)})
    note, deadline = tmp_path / "child", time.monotonic() + 60.0
    while not (note.is_file() and note.read_text(encoding="ascii")) and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(timeout=30.0) == 128 + signal.SIGTERM
    assert not is_running(int(note.read_text(encoding="ascii")))


def test_no_copy_of_the_original_face_is_left_behind(tool_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    for behaviour in ("good", "exit code", "garbage"):
        run(tool(tool_folder, BEHAVIOUR=behaviour), synthetic.ct(GRID))
        assert list(work.iterdir()) == []


def test_a_program_that_is_not_there_makes_rows_not_available(tmp_path: Path) -> None:
    result = run(tool(tmp_path), synthetic.ct(GRID))
    assert result.status == "not available"
    assert "run_mri_reface.sh is not on the PATH" in result.note


def test_the_tool_without_a_public_command_line_says_how_to_import() -> None:
    template = next(one for one in ready_templates() if one.key == "curatai")
    assert "--external curatai=FOLDER" in ExternalCommand(template, dict(os.environ)).available()


def test_a_tilted_image_is_not_given_to_a_tool_that_would_straighten_it(tool_folder: Path) -> None:
    image = synthetic.ct(GRID)
    slanted = sitk.Image(image.image)
    sine, cosine = np.sin(np.radians(15.0)), np.cos(np.radians(15.0))
    slanted.SetDirection((1, 0, 0, 0, 1, sine, 0, 0, cosine))
    result = run(tool(tool_folder), replace(image, image=slanted))
    assert "takes NIfTI, which cannot hold the gantry tilt" in result.note


def test_the_log_lies_in_the_identifiable_part_and_no_image_under_the_tools_name(
    tool_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = synthetic.ct(GRID)
    monkeypatch.setattr(compare, "find_heads", lambda case, settings: ({"CT": synthetic.head()}, {}))
    method = tool(tool_folder, BEHAVIOUR="exit code")
    report = compare.compare_case(synthetic.case(image), [method], Settings(face_model="none"), out=tmp_path / "out")
    log = tmp_path / "out" / "identifiable" / "logs" / "case-001" / "mri_reface_CT.txt"
    assert "no licence" in log.read_text(encoding="utf-8")
    assert list((tmp_path / "out").rglob("*.nrrd")) == []
    success = next(row for row in report.measurements if row.metric == "success")
    assert (success.status, success.method, success.fill) == ("failed", "mri_reface", "own")
    assert "exit code 7" in success.note


def test_the_brain_mask_and_other_formats_reach_a_users_own_tool(tmp_path: Path) -> None:
    """A template of one's own, here with Python as the program: it multiplies the image by the brain mask."""
    code = (
        "import sys, SimpleITK as s\n"
        "i, b, o = sys.argv[1:]\n"
        "s.WriteImage(s.Cast(s.ReadImage(i) * s.Cast(s.ReadImage(b), s.sitkInt16), s.sitkInt16), o)"
    )
    (tmp_path / "tools.toml").write_text(
        f"[masker]\ncommand = ['{Path(sys.executable).name}', '-c', '''{code}''', '{{input}}', '{{brain}}', '{{output}}']\n"
        "input = '{key}.nrrd'\noutput = '{stem}_masked.mha'\n",
        encoding="utf-8",
    )
    (template,) = read_templates(tmp_path / "tools.toml")
    image = synthetic.ct(GRID)
    result = run(ExternalCommand(template, {"PATH": str(Path(sys.executable).parent)}), image)
    assert result.status == "ok", result.note + result.logs["CT"]
    head = synthetic.head()
    brain = sitk.GetArrayFromImage(sitk.Resample(head.brain, image.image, sitk.Transform(), sitk.sitkNearestNeighbor, 0))
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(image)), image.array() * brain)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no tool"),
        ("[a\n", "is not valid TOML"),
        ("[a]\ntitle = 'A'\n", "a has no command"),
        ("a = 3\n", r"\[a\] is not a table"),
        ("['a b']\ncommand = ['x']\n", "is no name for a tool"),
        ("[a]\ncommand = 'x {input}'\n", "command must be a list of texts"),
        ("[a]\ncommand = ['x', '{inptu}']\n", "'{inptu}' is not understood"),
        ("[a]\ncommand = ['x', '{input']\n", "has a lone brace"),
        ("[a]\ncommand = ['x']\nlimit = 3\n", "unknown entries: limit"),
        ("[a]\ncommand = ['x']\naxes = 'RAL'\n", "axes must be three letters, one each of R or L, A or P, I or S"),
        ("[a]\ncommand = ['x']\ntime_limit_s = 0\n", "time_limit_s must be"),
        ("[a]\ncommand = ['x']\noutput = '../{stem}.nii'\n", "output '../{stem}.nii' is not understood"),
        ("[a]\ncommand = ['x']\ninput = '{key}.dcm'\n", "input must end in one of"),
    ],
)
def test_a_template_that_is_not_understood_is_told_in_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "tools.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UnusableInput, match=reason):
        read_templates(tmp_path / "tools.toml")


def test_a_program_that_cannot_be_started_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        run_child([str(tmp_path / "nowhere")], {}, tmp_path, tmp_path / "log.txt", 5.0)


def test_a_table_of_types_says_which_images_a_tool_takes_also_without_a_word_for_them(tool_folder: Path) -> None:
    template = CommandTemplate("t", "t", ("run_mri_reface.sh", "{input}", "{outdir}", "-imType", "T1"), types={"MR": "MR"})
    result = run(ExternalCommand(template, {"PATH": str(tool_folder)}), synthetic.ct(GRID))
    assert "knows no type for image CT" in result.note


def test_a_template_without_a_type_for_an_image_refuses_it(tool_folder: Path) -> None:
    template = CommandTemplate("t", "t", ("run_mri_reface.sh", "{input}", "{outdir}", "-imType", "{type}"), types={"MR": "T1"})
    result = run(ExternalCommand(template, {"PATH": str(tool_folder)}), synthetic.ct(GRID))
    assert "knows no type for image CT" in result.note
