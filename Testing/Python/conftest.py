"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real heads; tests that need it skip, with this reason, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real heads (../shared/data) are not on this machine")
    return SHARED_DATA
