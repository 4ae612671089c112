"""Exit codes of the command line."""

from __future__ import annotations

DONE, UNUSABLE, SOME_UNREADABLE = 0, 2, 3
"""Exit codes: all well; input that cannot be used; a study in which some cases could not be read."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect it."""
