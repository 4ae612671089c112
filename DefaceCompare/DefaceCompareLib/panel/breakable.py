"""Long names in narrow places."""

from __future__ import annotations


def breakable(name: str) -> str:
    """A name that may go on in the next line after each of its parts: Qt breaks lines at spaces only."""
    return name.replace("_", "_\N{ZERO WIDTH SPACE}")
