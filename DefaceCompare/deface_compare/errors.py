"""The errors that users meet, each one clear sentence: what, which file, what to do."""

from __future__ import annotations

DONE, UNUSABLE, SOME_UNREADABLE = 0, 2, 3
"""Exit codes: all well; input that cannot be used; a study in which some cases could not be read."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect it."""


class DefaceCompareError(Exception):
    """Base of every error that is told to the user as one sentence."""


class UnusableInput(DefaceCompareError):
    """The input cannot be used at all (command line: exit code 2)."""


class MethodFailed(DefaceCompareError):
    """A method could not deface this patient: becomes a row with status ``failed``."""


class FaceNotFound(MethodFailed):
    """No face lies inside the scan (a thorax, a cut field of view)."""


class NoFaceInScan(FaceNotFound):
    """The head is placed, and the scan shows none of its face: it needs no defacing."""


class NotAvailable(DefaceCompareError):
    """A number cannot be had here: becomes a row with status ``not available``."""


class ExportFailed(DefaceCompareError):
    """An export did not pass its own verification; nothing of it is left."""
