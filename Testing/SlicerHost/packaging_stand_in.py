"""A stand-in for slicer.packaging (Slicer 5.12), which slicer-core lacks: it notes what it was told. Only for tests.

The signature is that of Base/Python/slicer/packaging.py, line 528 (branch 5.12), and so are two things a caller must know: with
--testing Slicer installs at once and calls nobody back, and a requirement is a list of command line arguments or one string.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import slicer


@dataclass
class Installation:
    """One call of pip_install."""

    requirements: list[str]
    constraints: str
    no_deps_requirements: list[str] | None
    requester: str | None
    log: Callable[[str], None] | None
    completed: Callable[[int], None] | None


@dataclass
class Packaging:
    """What was asked, and what the next questions are answered."""

    calls: list[Installation] = field(default_factory=list)
    in_progress: bool = False


def install(monkeypatch: Any) -> Packaging:
    """Put the module where ``import slicer.packaging`` finds it, for one test."""
    told = Packaging()

    def pip_install(
        requirements: str | list[str],
        constraints: str | Path | None = None,
        no_deps_requirements: str | list[str] | None = None,
        skip_packages: list[str] | None = None,
        blocking: bool = True,
        show_progress: bool = True,
        requester: str | None = None,
        parent: Any = None,
        logCallback: Callable[[str], None] | None = None,
        completedCallback: Callable[[int], None] | None = None,
    ) -> list[str] | None:
        for given in (requirements, no_deps_requirements):
            if given is not None and type(given) not in (str, list):
                raise ValueError("pip_install requirement input must be string or list")
        if skip_packages is not None or blocking:
            raise NotImplementedError("the panel installs without blocking, and skips nothing")
        if told.in_progress:
            raise RuntimeError("A non-blocking pip_install is already in progress.")
        text = Path(str(constraints)).read_text(encoding="utf-8") if constraints is not None else ""
        call = Installation(list(requirements), text, no_deps_requirements, requester, logCallback, completedCallback)  # type: ignore[arg-type]
        if slicer.app.testingEnabled():
            call.log = call.completed = None
        told.calls.append(call)
        return None

    module = types.ModuleType("slicer.packaging")
    module.pip_install = pip_install  # type: ignore[attr-defined]
    module.isPipInstallInProgress = lambda: told.in_progress  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slicer.packaging", module)
    monkeypatch.setattr(slicer, "packaging", module, raising=False)
    return told
