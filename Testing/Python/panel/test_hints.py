"""The first-use hint of each tab."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from panel_host import click

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

LABELS = ("patientHintLabel", "resultsHintLabel", "viewsHintLabel", "reviewHintLabel", "exportHintLabel")


def hidden(ui: Any) -> list[str]:
    return [name for name in LABELS if getattr(ui, name).isHidden()]


def test_every_tab_has_a_hint_until_it_was_followed_once_and_a_later_start_remembers_it(
    panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DefaceCompareLib.panel.hints import Hints

    kept: dict[str, str] = {}
    settings = SimpleNamespace(value=kept.get, setValue=kept.__setitem__)
    monkeypatch.setattr(slicer.app, "userSettings", lambda: settings)
    ui = panel.ui
    Hints(ui)
    assert hidden(ui) == []
    texts = [getattr(ui, name).text for name in LABELS]
    assert all(texts)
    assert len(set(texts)) == len(LABELS)
    click(ui.reviewButton)  # without a folder it only says what is missing
    assert hidden(ui) == ["reviewHintLabel"]
    Hints(ui)  # Slicer is started again
    assert hidden(ui) == ["reviewHintLabel"]
