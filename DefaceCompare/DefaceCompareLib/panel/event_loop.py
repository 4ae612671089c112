"""How long work on the main thread lets Slicer breathe."""

from __future__ import annotations

import slicer

import qt


def only_paint() -> None:
    """Let Slicer paint and its timers run; clicks and keys wait until the work is done, which they could spoil."""
    slicer.app.processEvents(qt.QEventLoop.ExcludeUserInputEvents)
