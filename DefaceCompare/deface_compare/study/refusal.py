"""Why a case is not shared: for whoever runs the command with names, for the shared folder without."""

from __future__ import annotations

import traceback
from pathlib import Path

from ..errors import DefaceCompareError, ExportFailed, UnusableInput
from ..output.finished_mark import read_mark
from ..output.folder import OutputFolder
from ..output.kept_edit import kept_sources
from ..output.key import key_source
from ..output.neutral_words import NeutralWords
from ..progress import Cancelled
from ..storage.atomic import is_full, system_sentence, write_text

SHORTEST_NAME = 2
"""Characters; shorter names of files are words of any sentence."""


def refusal(out: Path, to: Path, case_id: str, error: Exception) -> tuple[str, str]:
    """Why a case is not shared, without names and with them, from what its export raised.

    Where the two differ, what names somebody is kept in the identifiable part of `out`, too.

    Raises
    ------
    Cancelled, OSError
        What stops all cases: the user, or a full disk.
    """
    if isinstance(error, Cancelled):
        raise error
    if isinstance(error, ExportFailed) and isinstance(error.__cause__, OSError) and is_full(error.__cause__):
        raise error.__cause__ from error
    if isinstance(error, OSError) and is_full(error):
        raise error
    if isinstance(error, (DefaceCompareError, OSError)):
        details = system_sentence(error) if isinstance(error, OSError) else str(error)
        reason = without_names(out, to, case_id, details)
        if reason != details:
            _keep(out, case_id, details + "\n")
        return reason, details
    path = _keep(out, case_id, "".join(traceback.format_exception(error)))
    return f"stopped by an unexpected {type(error).__name__}; details lie in {path.relative_to(out).as_posix()}", ""


def without_names(out: Path, to: Path, case_id: str, text: str) -> str:
    """A sentence that may stand in the shared folder: no path of this machine, no name of a file, nothing of a header.

    The patient's files may be gone: those that the case was read from are known by name.
    """
    for name, words in sorted(_known_names(out, to, case_id).items(), key=lambda pair: -len(pair[0])):
        text = text.replace(name, words)
    return NeutralWords(key_source(out, case_id), case_id).shared(text)


def _known_names(out: Path, to: Path, case_id: str) -> dict[str, str]:
    try:
        files = [path for paths in kept_sources(out, case_id).values() for path in paths]
    except UnusableInput:
        files = []
    said = {name: "a file of the patient" for path in files for name in (str(path), str(path.resolve()), path.name)}
    mark = read_mark(out, case_id)
    if mark is not None and mark.names:
        said[mark.names] = "its place"
    for folder, words in ((to, "the shared folder"), (out, "the output folder")):
        said |= {str(folder): words, str(folder.resolve()): words}
    return {name: words for name, words in said.items() if len(name) > SHORTEST_NAME}


def _keep(out: Path, case_id: str, text: str) -> Path:
    path = OutputFolder(out).export_errors(case_id)
    OutputFolder(out).make_private(path.parent)
    write_text(path, text, private=True)
    return path
