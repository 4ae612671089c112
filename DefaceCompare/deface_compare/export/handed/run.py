"""One run of a site's program on the objects of one case."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ...errors import ExportFailed
from ...machine.child_process import run_child, said_in
from ...output.folder import OutputFolder
from ...storage.atomic import write_text
from ..headers.own_tool import HeaderTool

GIVEN, RESULTS, PLACE, LOG = "given", "results", "place", "log.txt"


def run_tool(tool: HeaderTool, objects: Path, work: Path, out: Path, case_id: str) -> Path:
    """Run a program on a copy of a folder; return the folder that holds its results.

    It gets a copy, whatever it is said to do: what it does to its input must not change what its results are paired with.
    What it prints may name the patient and goes into the identifiable part of `out` only.

    Parameters
    ----------
    objects : Path
        The objects of one case and nothing else.
    work : Path
        An empty folder that nobody else can read.
    out : Path
        The output folder of the study.

    Raises
    ------
    ExportFailed
        If it cannot be started, does not end well or in time, or gives back nothing.
    """
    given, results, place, log = (work / name for name in (GIVEN, RESULTS, PLACE, LOG))
    for path in (path for path in objects.rglob("*") if path.is_file()):
        copy = given / path.relative_to(objects)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    results.mkdir()
    place.mkdir()
    environment = dict(os.environ)
    kept = OutputFolder(out).logs(case_id) / f"headers_{tool.key}.txt"
    where = f"its log is {kept.relative_to(out).as_posix()}"
    try:
        code = run_child(tool.arguments(given, results, environment), environment, place, log, tool.time_limit_s)
    except OSError as failure:
        raise ExportFailed(f"{tool.title} cannot be started on {case_id} ({failure.strerror}); nothing was written") from failure
    finally:
        OutputFolder(out).make_private(kept.parent)
        write_text(kept, said_in(log), private=True)
    if code is None:
        raise ExportFailed(
            f"{tool.title} was killed on {case_id} after {tool.time_limit_s:g} s (time_limit_s); nothing was written; {where}"
        )
    if code not in tool.exit_codes:
        raise ExportFailed(f"{tool.title} ended with exit code {code} on {case_id}; nothing was written; {where}")
    found = given if tool.in_place else results
    if not any(path.is_file() for path in found.rglob("*")):
        hint = "" if tool.in_place else "; a tool that rewrites its input needs in_place = true"
        raise ExportFailed(f"{tool.title} ended well on {case_id} but gave back no file; nothing was written; {where}{hint}")
    return found
