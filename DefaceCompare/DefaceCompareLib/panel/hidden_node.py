"""Nodes that serve our views only: not listed in selectors, not saved with the scene."""

from __future__ import annotations

from typing import Any


def hidden(node: Any, name: str) -> Any:
    """Name a node that is not in the scene yet, and keep it out of lists and saved scenes."""
    node.SetName(name)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return node
