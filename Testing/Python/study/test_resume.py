"""A study that is interrupted: whatever is left lying, the next run ends where an undisturbed one does."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from deface_compare.cli import main as cli
from deface_compare.cli.progress import TimeLeft
from deface_compare.defacers import methods_of
from deface_compare.errors import UnusableInput
from deface_compare.output import finished_mark
from deface_compare.output.case_ids import case_ids
from deface_compare.output.code_mark import mark_of
from deface_compare.output.finished_mark import FinishedMark, finish_move, is_torn, move_in, read_mark
from deface_compare.output.key import read_key, write_key
from deface_compare.output.lock import sole_case, sole_run
from deface_compare.progress import ALREADY_FINISHED
from deface_compare.readers.choices import ReadingChoices
from deface_compare.settings import Settings
from deface_compare.study.recipe import recipe_of

OLD = {"cases/case-001/case_report.json": "old", "identifiable/faces/a.png": "old", "identifiable/faces/gone.png": "old"}
NEW = {"cases/case-001/case_report.json": "newer", "identifiable/faces/a.png": "newer", "identifiable/faces/b.png": "newer"}


ONE, TWO = (FinishedMark({"code": word}, {"quickshear": word}, (), "anna") for word in ("one", "two"))


class Killed(BaseException):
    """Stands for the end of the process."""


def grow(folder: Path, content: dict[str, str]) -> Path:
    for name, text in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def content(out: Path) -> dict[str, str]:
    return {path.relative_to(out).as_posix(): path.read_text() for path in sorted(out.rglob("*")) if path.is_file()}


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> list[str]:
    """Let the process "end" before its `step`-th change of the disk; returns the changes made, as they happen."""
    done: list[str] = []

    def counted(name: str, change: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **named: object) -> object:
            if len(done) == step:
                raise Killed
            done.append(name)
            return change(*arguments, **named)

        return run

    for name in ("replace", "rename", "unlink", "write_text"):
        monkeypatch.setattr(Path, name, counted(name, getattr(Path, name)))
    monkeypatch.setattr(finished_mark.shutil, "rmtree", counted("rmtree", finished_mark.shutil.rmtree))
    return done


def test_a_move_killed_before_any_of_its_steps_leaves_the_old_case_or_a_torn_one_and_is_repaired(tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    move_in(grow(tmp_path / "grown", NEW), clean, "case-001", TWO)
    expected, step, states = content(clean), 0, set()
    while True:
        out = tmp_path / f"out{step}"
        move_in(grow(tmp_path / f"first{step}", OLD), out, "case-001", ONE)
        growing = grow(tmp_path / f"second{step}", NEW)
        with pytest.MonkeyPatch.context() as patch:
            done = kill_at(patch, step)
            with contextlib.suppress(Killed):
                move_in(growing, out, "case-001", TWO)
        mark = read_mark(out, "case-001")
        assert mark is not None
        state = "torn" if is_torn(out, "case-001") else mark.parts["code"]
        states.add(state)
        assert (state == "torn") or mark.whole(out)
        if state != "torn":
            assert content(out)["identifiable/faces/a.png"] == {"one": "old", "two": "newer"}[state]
        if len(done) < step:
            break
        move_in(grow(tmp_path / f"again{step}", NEW), out, "case-001", TWO)
        left = {name: text for name, text in content(out).items() if ".part" not in name}
        assert left == expected
        step += 1
    assert states == {"one", "torn", "two"}
    assert step >= 8


def test_a_move_killed_before_any_of_its_steps_is_finished_by_the_next_run_from_what_lies_whole_on_the_disk(
    tmp_path: Path,
) -> None:
    clean = tmp_path / "clean"
    move_in(grow(tmp_path / "grown", NEW), clean, "case-001", TWO)
    expected, step, finished = content(clean), 0, 0
    while True:
        out, growing = tmp_path / f"out{step}", grow(tmp_path / f"second{step}", NEW)
        move_in(grow(tmp_path / f"first{step}", OLD), out, "case-001", ONE)
        with pytest.MonkeyPatch.context() as patch:
            done = kill_at(patch, step)
            with contextlib.suppress(Killed):
                move_in(growing, out, "case-001", TWO)
        torn = is_torn(out, "case-001")
        assert finish_move(growing, out, "case-001") == torn
        finished += torn
        mark = read_mark(out, "case-001")
        assert mark is not None
        assert mark.whole(out)
        if mark.parts == TWO.parts:
            assert {name: text for name, text in content(out).items() if ".part" not in name} == expected
        if len(done) < step:
            break
        step += 1
    assert finished >= 5


def test_a_finished_case_that_lost_a_file_is_made_again(tmp_path: Path) -> None:
    move_in(grow(tmp_path / "grown", NEW), tmp_path / "out", "case-001", ONE)
    mark = read_mark(tmp_path / "out", "case-001")
    assert mark is not None
    assert mark.whole(tmp_path / "out")
    (tmp_path / "out" / "identifiable/faces/b.png").write_text("cut")
    assert not mark.whole(tmp_path / "out")


@pytest.mark.parametrize("text", ["", "{", '{"parts": 1, "other": 2}', "[]"])
def test_a_mark_that_cannot_be_read_is_no_mark(tmp_path: Path, text: str) -> None:
    grow(tmp_path, {"identifiable/finished/case-001.json": text})
    assert read_mark(tmp_path, "case-001") is None


HOLD = """
import sys, time
from pathlib import Path
from deface_compare.output.lock import sole_run
with sole_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_second_run_on_one_folder_says_so_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    told = rf"another run \(process {holder.pid} on .*is writing to .*choose another --out"
    with pytest.raises(UnusableInput, match=told), sole_run(tmp_path):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with sole_run(tmp_path), sole_case(tmp_path, "case-001"):
        assert (tmp_path / "identifiable/locks/run.lock").read_text().startswith(f"process {os.getpid()} on ")
    assert (tmp_path / "identifiable/locks/run.lock").read_text() == ""


def test_the_command_line_tells_a_second_run_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in" / "anna").mkdir(parents=True)
    with sole_run(tmp_path / "out"):
        assert cli.main(["study", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--face-model", "none"]) == 2
    assert "deface-compare: another run (process" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")  # Lustre mounted without -o flock

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(UnusableInput, match=r"offers no locks \(Function not implemented\); mount it"), sole_run(tmp_path):
        pass


def test_changed_source_or_libraries_are_other_code_and_a_changed_report_is_not(tmp_path: Path) -> None:
    grow(tmp_path, {"compare.py": "1", "data/metrics.csv": "1", "report/html.py": "1", "__pycache__/compare.pyc": "1"})
    versions = {"numpy": "2.0"}
    mark = mark_of(tmp_path, versions)
    assert mark_of(tmp_path, {"numpy": "2.1"}) != mark
    grow(tmp_path, {"report/html.py": "2", "__pycache__/compare.pyc": "2"})
    assert mark_of(tmp_path, versions) == mark
    for name in ("compare.py", "data/metrics.csv", "privacy/rows.py"):
        before = mark_of(tmp_path, versions)
        grow(tmp_path, {name: "2"})
        assert mark_of(tmp_path, versions) != before


def test_a_patient_keeps_the_number_when_another_joins_the_cohort(tmp_path: Path) -> None:
    bert, anna = (tmp_path / "in" / name for name in ("bert", "anna"))

    def unknown(folder: Path) -> list[str]:
        return [folder.name]

    assert case_ids([bert], tmp_path, False, unknown) == ["case-001"]
    write_key(tmp_path, {"case-001": bert}, {"case-001": "B."})
    assert case_ids([anna, bert], tmp_path, False, unknown) == ["case-002", "case-001"]
    write_key(tmp_path, {"case-002": anna, "case-001": bert}, {})
    assert [(row["case"], row["person"]) for row in read_key(tmp_path)] == [("case-001", "B."), ("case-002", "")]


def test_the_time_left_counts_only_steps_that_took_time() -> None:
    seconds = iter((0.0, 1.0, 2.0, 62.0, 3002.0))
    left = TimeLeft(clock=lambda: next(seconds))
    assert left.words(0, 1000, "starting") == ""
    assert left.words(100, 1000, f"case-001: {ALREADY_FINISHED}") == ""
    assert left.words(101, 1000, "case-002: Quickshear") == ""  # after one second nobody can tell
    assert left.words(110, 1000, "case-002: finished") == "1 h 30 min left"  # 10 steps in 61 s, 890 to go
    assert left.words(995, 1000, "case-010: finished") == "less than 1 min left"


def test_a_mark_tells_no_seconds(tmp_path: Path) -> None:
    move_in(grow(tmp_path / "grown", NEW | {"cases/case-001/timings.json": "{}"}), tmp_path / "out", "case-001", ONE)
    told = json.loads((tmp_path / "out/identifiable/finished/case-001.json").read_text())
    assert list(told["files"]) == sorted(NEW)


def test_structures_drawn_again_renew_their_own_patient_only(tmp_path: Path) -> None:
    grow(tmp_path, {"in/anna/ct": "1", "in/bert/ct": "1", "again/anna/brain": "1", "again/bert/brain": "1"})
    choices = ReadingChoices(resegmented=(("quickshear", tmp_path / "again"),), alone=False)

    def mark(name: str) -> Mapping[str, str]:
        folder, settings = tmp_path / "in" / name, Settings(face_model="none")
        return recipe_of(folder, name, methods_of(["quickshear"], {}), settings, choices).methods

    before = mark("anna"), mark("bert")
    grow(tmp_path, {"again/bert/brain": "2"})
    assert mark("anna") == before[0]
    assert mark("bert") != before[1]
