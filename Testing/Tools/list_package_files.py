"""Hold DefaceCompare/CMakeLists.txt to the tree: Slicer's packaging carries only the files that it lists.

python Testing/Tools/list_package_files.py            print what is missing or left over (exit code 1 if anything is)
python Testing/Tools/list_package_files.py --write    rewrite the lists
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MODULE = Path(__file__).resolve().parents[2] / "DefaceCompare"
CMAKE_LISTS = MODULE / "CMakeLists.txt"
MODULE_NAME = "${MODULE_NAME}"
SCRIPTS, RESOURCES = "MODULE_PYTHON_SCRIPTS", "MODULE_PYTHON_RESOURCES"
IGNORED = {"__pycache__", "CMakeLists.txt"}


def files_of_the_tree(module: Path = MODULE) -> dict[str, list[str]]:
    """What the lists must hold: every .py as script, every other file as resource, paths relative to the module."""
    paths = [path.relative_to(module) for path in module.rglob("*") if path.is_file()]
    own = [path for path in paths if not IGNORED & set(path.parts) and not any(map(_is_made, path.parts))]
    kept = [path.as_posix() for path in own if path.suffix != ".pyc" and ".part" not in path.suffixes]
    scripts = sorted(name for name in kept if name.endswith(".py"))
    return {SCRIPTS: scripts, RESOURCES: sorted(set(kept) - set(scripts))}


def _is_made(name: str) -> bool:
    """Whether a folder or file is left by a tool (caches, the editable install)."""
    return name.startswith(".") or name.endswith(".egg-info")


def files_of_the_lists(text: str) -> dict[str, list[str]]:
    """What CMakeLists.txt lists, by variable."""
    lists = {}
    for variable in (SCRIPTS, RESOURCES):
        found = re.search(rf"set\({variable}\n(.*?)\n\s*\)", text, re.DOTALL)
        if found is None:
            raise ValueError(f"{CMAKE_LISTS} has no list {variable}")
        lists[variable] = [line.strip().replace(MODULE_NAME, "DefaceCompare") for line in found.group(1).splitlines()]
    return lists


def differences() -> list[str]:
    """One line per file that is missing in a list or listed without existing."""
    tree, lists = files_of_the_tree(), files_of_the_lists(CMAKE_LISTS.read_text(encoding="utf-8"))
    missing = [f"missing in {v}: {name}" for v in tree for name in tree[v] if name not in lists[v]]
    return missing + [f"listed in {v}, not in the tree: {name}" for v in lists for name in lists[v] if name not in tree[v]]


def write() -> None:
    """Rewrite the lists from the tree."""
    text = CMAKE_LISTS.read_text(encoding="utf-8")
    for variable, names in files_of_the_tree().items():
        block = "\n".join([f"set({variable}", *(f"  {name}" for name in names), "  )"])
        text = re.sub(rf"set\({variable}\n.*?\n\s*\)", lambda found, block=block: block, text, flags=re.DOTALL)
    CMAKE_LISTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        write()
    print("\n".join(differences()))
    sys.exit(bool(differences()))
