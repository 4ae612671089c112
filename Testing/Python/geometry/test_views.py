"""A view of an image's voxels keeps no image alive: who looks at one must hold it by a name."""

from __future__ import annotations

import ast
from pathlib import Path

import deface_compare


def test_no_voxels_are_viewed_of_an_image_that_nobody_keeps() -> None:
    """The memory would be another's before it is read: registrations differed from run to run, by 0.05 mm."""
    package = Path(deface_compare.__file__).parent
    views, of_nobody = 0, []
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "GetArrayViewFromImage":
                views += 1
                if not isinstance(node.args[0], ast.Name | ast.Attribute):
                    of_nobody.append(f"{path.relative_to(package)}:{node.lineno}: {ast.unparse(node)}")
    assert views > 100
    assert not of_nobody
