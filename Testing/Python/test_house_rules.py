"""Rules that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from places import LIBRARY

PACKAGE = LIBRARY


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """All calls of a function called `name` in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield path, node


def test_no_view_is_taken_of_an_image_that_nothing_holds() -> None:
    """SimpleITK's view does not keep its image alive: a view of a temporary reads freed memory (seen: workers that died)."""
    found = list(calls("GetArrayViewFromImage"))
    dangling = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path, node in found
        if not isinstance(node.args[0], (ast.Name, ast.Attribute))
    ]
    assert len(found) > 20
    assert dangling == []


def test_every_metric_sampling_has_a_seed() -> None:
    """ITK jitters even its regular lattice, by the clock unless seeded."""
    found = list(calls("SetMetricSamplingPercentage"))
    assert found
    assert all(len(node.args) + len(node.keywords) == 2 for _, node in found)
