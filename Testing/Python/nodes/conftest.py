"""The scene that the tests of nodes share."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from places import SLICER_HOST


@pytest.fixture
def scene() -> Any:
    """The application's scene, empty."""
    pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
    if str(SLICER_HOST) not in sys.path:
        sys.path.insert(0, str(SLICER_HOST))
    import scene_host

    app = scene_host.bootstrap()
    app.scene.Clear()
    return app.scene
