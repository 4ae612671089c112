"""What Slicer's packaging and the extension catalogue check, checked here without network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from deface_compare.words import BANNED
from places import LIBRARY, MODULE, ROOT, SLICER_SIDE

LARGEST_REPOSITORY_MB = 100
"""Of the extension catalogue, for a checkout with its history."""

CATALOGUE_CATEGORIES = ("Radiotherapy", "Quantification", "Informatics", "DICOM", "Utilities")
"""Those of the catalogue's fixed list that could hold this extension."""

PICTURE_SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n"}


def cmake_values() -> dict[str, str]:
    """The EXTENSION_ variables; each must stand on one line in double quotes, as the catalogue's check finds them."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return dict(re.findall(r'^set\(EXTENSION_(\w+) "([^"\n]*)"\)$', text, re.MULTILINE))


def s4ext_values() -> dict[str, str]:
    """The ``key value`` lines of the .s4ext file."""
    lines = (ROOT / "DefaceCompare.s4ext").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def catalogue_values() -> dict[str, object]:
    """The draft of the catalogue entry."""
    return json.loads((ROOT / "Resources" / "Catalog" / "DefaceCompare.json").read_text(encoding="utf-8"))


def test_cmake_lists_every_file_of_the_module_and_no_other() -> None:
    listing = subprocess.run(
        [sys.executable, ROOT / "Testing" / "Tools" / "list_package_files.py"], capture_output=True, text=True, check=False
    )
    assert listing.stdout.strip() == ""
    assert listing.returncode == 0


def test_s4ext_cmake_and_catalogue_say_the_same() -> None:
    cmake, s4ext, catalogue = cmake_values(), s4ext_values(), catalogue_values()
    for key in ("HOMEPAGE", "CONTRIBUTORS", "CATEGORY", "ICONURL", "DESCRIPTION", "SCREENSHOTURLS", "DEPENDS"):
        assert s4ext[key.lower()] == cmake[key]
    assert catalogue["category"] == cmake["CATEGORY"]
    assert catalogue["build_dependencies"] == cmake["DEPENDS"].split()
    assert (catalogue["scm_url"], catalogue["scm_revision"]) == (s4ext["scmurl"], s4ext["scmrevision"])
    assert str(catalogue["tier"]) == s4ext["tier"]
    assert catalogue["build_subdirectory"] == s4ext["build_subdirectory"]


def test_the_catalogue_entry_has_only_the_keys_of_its_schema_and_unix_line_ends() -> None:
    required = {"$schema", "category", "scm_url"}
    optional = {"scm_revision", "scm_type", "build_dependencies", "dicom_support_rule", "build_subdirectory", "enabled", "tier"}
    entry = catalogue_values()
    assert required <= entry.keys() <= required | optional
    assert entry["category"] in CATALOGUE_CATEGORIES
    assert entry["tier"] in range(1, 6)
    assert b"\r" not in (ROOT / "Resources" / "Catalog" / "DefaceCompare.json").read_bytes()


def test_the_extension_is_named_as_the_catalogue_wants() -> None:
    project = re.search(r"^project\((\w+)\)$", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert project is not None
    assert project.group(1) == "DefaceCompare"
    assert not project.group(1).lower().startswith("slicer")
    repository = str(catalogue_values()["scm_url"]).rsplit("/", 1)[1].removesuffix(".git")
    assert repository.startswith("Slicer")


def test_icon_and_screenshots_of_the_catalogue_lie_in_the_repository_as_pictures() -> None:
    cmake = cmake_values()
    urls = [cmake["ICONURL"], *cmake["SCREENSHOTURLS"].split()]
    assert len(urls) > 1
    for url in urls:
        assert "?" not in url
        path = ROOT / url.split("/main/", 1)[1]
        assert path.read_bytes().startswith(PICTURE_SIGNATURES[path.suffix])
    size = (ROOT / "Resources" / "DefaceCompare.png").read_bytes()[16:24]
    assert (int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big")) == (128, 128)


def test_a_licence_lies_in_the_root_and_the_repository_is_small_enough() -> None:
    assert any((ROOT / name).is_file() for name in ("LICENSE", "LICENSE.txt", "COPYING"))
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout: its size cannot be told")
    paths = [ROOT / name for name in tracked.stdout.split("\0") if name]
    git = subprocess.run(["git", "count-objects", "-v"], cwd=ROOT, capture_output=True, text=True, check=True)
    history_kb = sum(int(size) for size in re.findall(r"^size(?:-pack)?: (\d+)$", git.stdout, re.MULTILINE))
    megabytes = sum(path.stat().st_size for path in paths if path.is_file()) / 1e6 + history_kb / 1e3
    assert megabytes < LARGEST_REPOSITORY_MB


def test_the_module_file_is_thin_and_imports_nothing_heavy_at_file_scope() -> None:
    text = (MODULE / "DefaceCompare.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    top_level = set(re.findall(r"^(?:import|from) ([\w.]+)", text, re.MULTILINE))
    allowed = {
        "__future__",
        "sys",
        "typing",
        "slicer",
        "slicer.i18n",
        "slicer.ScriptedLoadableModule",
        "slicer.util",
    }
    assert top_level == allowed


def test_importing_the_module_file_brings_nothing_but_itself() -> None:
    program = (
        "import sys, types\n"
        "for name in ('slicer', 'slicer.i18n', 'slicer.ScriptedLoadableModule', 'slicer.util'):\n"
        "    sys.modules[name] = types.ModuleType(name)\n"
        "    sys.modules[name].__getattr__ = lambda name: type(name, (), {})\n"
        "import __future__, pathlib, typing\n"
        "before = set(sys.modules)\n"
        "import DefaceCompare\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(MODULE)}
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "['DefaceCompare']", result.stderr


def test_opening_the_panel_loads_nothing_that_only_a_run_needs() -> None:
    slow = ("pydicom", "scipy.stats", "pandas", "plotly", "jinja2", "onnxruntime", "dask", "insightface")
    program = (
        "import sys\n"
        "from unittest.mock import MagicMock\n"
        "for name in ('slicer', 'slicer.i18n', 'slicer.util', 'qt', 'ctk'): sys.modules[name] = MagicMock()\n"
        "import DefaceCompareLib.panel.compare_panel\n"
        f"print([name for name in {slow!r} if name in sys.modules])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(MODULE)}
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "[]", result.stderr


def blocked_imports(names: tuple[str, ...], files: list[Path]) -> subprocess.CompletedProcess[str]:
    """Import files of the library in a fresh interpreter where some modules cannot be found."""
    modules = [".".join(path.relative_to(MODULE).with_suffix("").parts).removesuffix(".__init__") for path in files]
    program = (
        "import sys, importlib\n"
        f"for name in {names!r}: sys.modules[name] = None\n"
        f"for name in {[name for name in modules if not name.endswith('__main__')]!r}: importlib.import_module(name)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(MODULE)}
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)


def test_the_library_imports_without_slicer_and_qt() -> None:
    files = sorted(LIBRARY.rglob("*.py"))
    assert len(files) > 20
    result = blocked_imports(("slicer", "qt", "ctk"), files)
    assert result.returncode == 0, result.stderr


@pytest.mark.slicer_core
def test_nodes_and_slicerrt_import_without_qt() -> None:
    pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
    result = blocked_imports(
        ("qt", "ctk"), [path for room in ("nodes", "slicerrt") for path in sorted((SLICER_SIDE / room).rglob("*.py"))]
    )
    assert result.returncode == 0, result.stderr


def test_the_panel_shows_no_banned_word() -> None:
    page = ElementTree.parse(MODULE / "Resources" / "UI" / "DefaceCompare.ui").getroot()
    shown = [element.text or "" for element in page.iter("string")]
    for path in (MODULE / "DefaceCompare.py", *(SLICER_SIDE / "panel").rglob("*.py")):
        for call in re.findall(r"\b_\(\s*((?:\"[^\"]*\"\s*)+)\)", path.read_text(encoding="utf-8")):
            shown.append(call)
    assert len(shown) > 30
    for text in shown:
        assert not [pattern for pattern in BANNED if re.search(pattern, text, re.IGNORECASE)], text
