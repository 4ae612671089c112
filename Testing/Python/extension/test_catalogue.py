"""What the extension catalogue asks of a submission, as far as it can be asked without network.

Read in Slicer/ExtensionsIndex 07f1d1b: scripts/check_description_files.py (checks), scripts/extension_ai_analysis.py (questions
on sources and documents), .github/PULL_REQUEST_TEMPLATE.md (what reviewers tick off). test_packaging_slicer.py holds the rest.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from places import MODULE, ROOT

SOURCES = sorted(path for path in MODULE.rglob("*.py") if "__pycache__" not in path.parts)

ENTRY_TYPES = {
    "$schema": str,
    "category": str,
    "scm_url": str,
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "dicom_support_rule": str,
    "build_subdirectory": str,
    "enabled": bool,
    "tier": int,
}
"""Slicer:Schemas/slicer-extension-catalog-entry-schema-v1.0.2.json (branch 5.12); nothing else is allowed in an entry."""

SCHEMA = "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.2.json#"

LICENCE_FILES = ("LICENSE", "LICENCE", "License.txt", "license.txt", "LICENSE.txt", "COPYING", "COPYING.txt")

INDEXED_EXTENSIONS = ("SlicerRT",)
"""Of our dependencies, those whose entry lies in the catalogue."""

IN_SLICER = {"slicer", "qt", "ctk", "vtk", "vtkmodules", "SimpleITK", "numpy", "scipy", "pydicom"}
"""Packages that every Slicer 5.12 has (SuperBuild/External_python-*.cmake)."""

OF_THE_REPORT = {"jinja2", "markupsafe"}
"""What `report/` may import at file scope besides: no panel, no method and no measurement ever imports that room."""

TALKS_TO_NETWORKS = {"urllib.request", "http", "http.client", "requests", "ftplib", "smtplib", "aiohttp", "httpx"}
TALKS_TO_NETWORKS |= {"dicomweb_client.web", "pynetdicom"}

RUN_AS_SCRIPTS = {"__main__.py", "deface_compare_batch.py"}


def entry() -> dict[str, object]:
    """The draft of the catalogue entry."""
    return json.loads((ROOT / "Resources" / "Catalog" / "DefaceCompare.json").read_text(encoding="utf-8"))


def cmake() -> str:
    """The top-level CMakeLists.txt."""
    return (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")


def test_every_value_of_the_entry_has_the_type_of_the_schema() -> None:
    values = entry()
    assert values["$schema"] == SCHEMA
    for key, value in values.items():
        assert type(value) is ENTRY_TYPES[key], key
    assert all(isinstance(name, str) for name in values["build_dependencies"])  # type: ignore[attr-defined]
    assert values.get("scm_type", "git") in ("git", "local")


def test_the_repository_can_be_cloned_by_its_address() -> None:
    address = str(entry()["scm_url"])
    assert "://" in address
    assert urlsplit(address).scheme in ("git", "https")


def test_the_first_project_in_cmake_is_the_extension_and_each_address_stands_on_one_line() -> None:
    first = re.search(r"project\s*\(\s*([^\s)]+)", cmake(), re.IGNORECASE)
    assert first is not None
    assert first.group(1) == "DefaceCompare" == (ROOT / "Resources" / "Catalog" / "DefaceCompare.json").stem
    for name in ("ICONURL", "SCREENSHOTURLS"):
        (value,) = re.findall(rf'set\s*\(EXTENSION_{name}\s*"([^"\n]+)"\)', cmake())
        assert value.strip()


def test_pictures_are_raw_files_of_this_repository_at_the_submitted_revision() -> None:
    owner_and_name = urlsplit(str(entry()["scm_url"])).path.removesuffix(".git")
    addresses = [
        address
        for name in ("ICONURL", "SCREENSHOTURLS")
        for value in re.findall(rf'EXTENSION_{name} "([^"]+)"', cmake())
        for address in value.split()
    ]
    assert len(addresses) > 1
    for address in addresses:
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc, parts.query) == ("https", "raw.githubusercontent.com", "")
        assert parts.path.startswith(f"{owner_and_name}/{entry()['scm_revision']}/")
        assert parts.path.endswith(".png")


def test_every_dependency_is_in_the_catalogue() -> None:
    assert set(entry()["build_dependencies"]) <= set(INDEXED_EXTENSIONS)  # type: ignore[call-overload]


def test_a_permissive_licence_lies_in_the_root_and_the_homepage_names_it() -> None:
    assert [name for name in LICENCE_FILES if (ROOT / name).is_file()] == ["LICENSE.txt"]
    assert "Apache License" in (ROOT / "LICENSE.txt").read_text(encoding="utf-8")[:400]
    assert "Apache-2.0" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_homepage_speaks_of_patents_and_the_repository_is_called_after_the_extension() -> None:
    """The template of a submission asks for both; the topic 3d-slicer-extension is set where the repository is hosted."""
    assert "patents" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert urlsplit(str(entry()["scm_url"])).path.endswith("/SlicerDefaceCompare.git")


def test_the_homepage_has_name_summary_picture_module_and_how_to_cite() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page.startswith("# DefaceCompare\n")
    assert re.search(r"!\[[^\]]+\]\(Resources/Screenshots/\w+\.png\)", page)
    assert re.search(r"module \*\*DefaceCompare\*\*", page)
    assert "## Cite" in page
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page):
        assert (ROOT / link).exists(), link


def test_the_tutorial_goes_step_by_step_from_registered_sample_data() -> None:
    page = (ROOT / "docs" / "slicer_tutorial.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^\d+\. ", page, re.MULTILINE)) >= 5
    assert "*Sample Data*" in page
    assert "registerCustomSampleDataSource" in (MODULE / "DefaceCompare.py").read_text(encoding="utf-8")


def statements(nodes: list[ast.stmt]) -> list[ast.stmt]:
    """Statements that run on import; of a choice by Python version or platform both branches, type checking apart."""
    found: list[ast.stmt] = []
    for node in nodes:
        if isinstance(node, ast.If) and re.match(r"sys\.(version_info|platform)|os\.name", ast.unparse(node.test)):
            found += statements([*node.body, *node.orelse])
        elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            found.append(node)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(MODULE).as_posix())
def test_importing_a_file_runs_no_code_and_needs_only_what_slicer_has(path: Path) -> None:
    allowed = (
        IN_SLICER | {"DefaceCompareLib", "deface_compare", "tomli"} | set(sys.stdlib_module_names)
    )  # tomli: Python 3.10 only
    if path.parent.name == "report":
        allowed |= OF_THE_REPORT
    for node in statements(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            assert {name.name.split(".")[0] for name in node.names} <= allowed, ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            assert node.level or str(node.module).split(".")[0] in allowed, ast.unparse(node)
        elif path.name not in RUN_AS_SCRIPTS:
            told = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            defined = isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign))
            assert told or defined or ast.unparse(node).startswith("if __name__"), ast.unparse(node)


def test_one_source_and_the_room_of_archives_talk_to_a_network_and_none_installs_torch() -> None:
    """Face models that a user asks for come by ``download.py``, after consent; ``fetch`` and ``send`` talk to the archive named.

    Nothing else opens a connection.
    """
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) and not node.level else []
            may = path.name == "download.py" or path.parent.name == "archives"
            assert may or not set(names) & TALKS_TO_NETWORKS, path.name
        assert "torch" not in re.findall(r"\w+", text), path.name
