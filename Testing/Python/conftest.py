"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from panel_host import fresh_panel, install_child, open_panel

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real heads; tests that need it skip, with this reason, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real heads (../shared/data) are not on this machine")
    return SHARED_DATA


@pytest.fixture(scope="session")
def panel_widget() -> Iterator[Any]:
    """The module's widget in the stand-in host, loaded once."""
    yield from open_panel()


@pytest.fixture
def panel(panel_widget: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The panel on an empty scene."""
    yield from fresh_panel(panel_widget, tmp_path, monkeypatch)


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a child on the PATH that finishes, hangs or refuses; returns the file in which it says who it is."""
    return lambda behaviour: install_child(tmp_path, monkeypatch, behaviour)
