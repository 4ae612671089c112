"""Rules that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from places import LIBRARY, MODULE, ROOT

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


def sources(folder: Path) -> Iterator[tuple[str, str]]:
    """Path relative to the repository and text of every Python file below a folder."""
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_files_are_renamed_into_place_in_one_file_only() -> None:
    """`atomic.written` is the one way: a second copy would forget what the first one learnt about full disks."""
    assert [path for path, text in sources(MODULE) if '".part' in text or ".part{" in text] == [
        "DefaceCompare/deface_compare/storage/atomic.py"
    ]


def test_the_names_below_an_output_folder_are_known_in_one_file_only() -> None:
    names = re.compile(r'"(identifiable|cases|summary\.csv|study\.json|report\.html|key\.csv|review\.csv|faces\.html)"')
    keys_of_the_manifest = re.compile(r'(manifest|counts|pooled)?\[?"cases"\]?:?')
    found = {path: names.findall(keys_of_the_manifest.sub("", text)) for path, text in sources(MODULE)}
    known = {path.removeprefix("DefaceCompare/deface_compare/"): set(literals) for path, literals in found.items() if literals}
    assert known.pop("storage/own_output.py") == {"identifiable"}  # by which the readers, which lie below, know such a folder
    assert list(known) == ["output/folder.py"]


def test_no_test_reaches_for_a_private_name() -> None:
    private = re.compile(
        r"(?:^from (?:deface_compare|DefaceCompareLib)\S* import .*\b_[a-z]\w*)|(?<!self)(?<!os)(?<!shutil)\._[a-z]\w*\("
    )
    allowed = ("ORAL._replace(",)  # a named tuple's own
    found = [
        (path, line.strip())
        for path, text in sources(ROOT / "Testing" / "Python")
        for line in text.splitlines()
        if private.search(line) and not any(each in line for each in allowed)
    ]
    assert found == []


def test_every_limit_that_cites_the_design_page_stands_there() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    cited = {name for _, text in sources(MODULE) for name in re.findall(r"docs/design\.md#([\w-]+)", text)}
    assert len(cited) > 10
    assert cited <= set(re.findall(r'<a id="([\w-]+)">', page))


def test_every_page_is_linked_from_the_index_and_every_link_of_a_page_leads_somewhere() -> None:
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    broken = []
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
            if not (page.parent / link).exists():
                broken.append((page.name, link))
    assert broken == []
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert [page.name for page in pages if f"({page.name})" not in index and f"(../{page.name})" not in index] == ["index.md"]


@pytest.mark.xdist_group("groups")
def test_tests_of_one_group_run_on_one_worker(request: pytest.FixtureRequest) -> None:
    """A pytest that pytest-xdist does not know ignores groups in silence: set-ups of minutes then run on each worker."""
    spread = request.config.getoption("loadgroup", default=False)
    assert not spread or request.node.nodeid.endswith("@groups")


def test_tests_of_a_module_that_names_no_group_run_on_one_worker(request: pytest.FixtureRequest) -> None:
    spread = request.config.getoption("loadgroup", default=False)
    assert not spread or request.node.nodeid.endswith("@test_house_rules")
