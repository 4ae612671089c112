"""Hold the lists of Slicer, CTK and SlicerRT members that this project uses against the sources themselves.

python Testing/Tools/check_slicer_api.py SLICER CTK SLICERRT

Each argument is a git repository (bare or not); of Slicer the branch 5.12 is read, of the others what is checked out. Prints what
is not where the lists say, and ends with 1 if anything is.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOST = Path(__file__).resolve().parents[1] / "SlicerHost"
SLICER_BRANCH = "5.12"


class Sources:
    """Files of three repositories, by the short names that the lists use."""

    def __init__(self, slicer: str, ctk: str, slicerrt: str) -> None:
        self.places = {"Slicer": (slicer, SLICER_BRANCH), "CTK": (ctk, "HEAD"), "SlicerRT": (slicerrt, "HEAD")}

    def read(self, told: str) -> str:
        """The text of ``Slicer:path``; empty where there is no such file."""
        name, _, path = told.partition(":")
        folder, revision = self.places[name]
        command = ["git", "-C", folder, "show", f"{revision}:{path.strip().split(' ')[0]}"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def with_bases(sources: Sources, told: str, name: str) -> str:
    """The header of a widget class and those of its bases in Slicer and CTK."""
    text = whole = sources.read(told)
    while base := re.search(rf"class\s+\w+\s+{name}\s*:\s*public\s+(\w+)", text):
        name = base.group(1)
        text = sources.read(f"Slicer:Libs/MRML/Widgets/{name}.h") or sources.read(f"CTK:Libs/Widgets/{name}.h")
        whole += text
    return whole


def missing_widgets(api: dict[str, Any], sources: Sources) -> Iterator[str]:
    """Properties, methods and signals that a header does not name."""
    for name, widget in api["widgets"].items():
        text = with_bases(sources, widget["file"], name)
        members = [*widget["properties"], *widget["methods"], *(signal.partition("(")[0] for signal in widget["signals"])]
        yield from (f"{name}.{member}: not in {widget['file']}" for member in members if not re.search(rf"\b{member}\b", text))


def missing_functions(api: dict[str, Any], sources: Sources) -> Iterator[str]:
    """Python functions and classes that a file does not define."""
    for part in ("slicer.util", "slicer.packaging", "SampleData"):
        text = sources.read(api[part]["file"])
        for member in api[part]["members"]:
            if not re.search(rf"^\s*(def|class) {member.split('.')[-1]}\b", text, re.MULTILINE):
                yield f"{part}.{member}: not in {api[part]['file']}"


def missing_names(api: dict[str, Any], sources: Sources) -> Iterator[str]:
    """Names that the file in which they were read does not hold; what Qt itself has is not looked up."""
    for part in ("slicer.app", "layoutManager", "qt"):
        for member, told in api[part].items():
            if not told.startswith("Qt") and not re.search(rf"(\b|_){member}\b", sources.read(told)):
                yield f"{part}.{member}: not in {told}"


def missing_lines(api: dict[str, Any], sources: Sources) -> Iterator[str]:
    """SlicerRT's members that do not stand on the recorded line."""
    for section in (api["logic"], api["parameter node"]):
        lines = sources.read(f"SlicerRT:{section['file']}").splitlines()
        for name, described in {**section["methods"], **section.get("constants", {})}.items():
            line = lines[described["line"] - 1] if len(lines) >= described["line"] else ""
            if name not in line and not re.search(rf"{name[:3]}(String)?Macro\({name[3:]}\b", line, re.IGNORECASE):
                yield f"{name}: not on line {described['line']} of {section['file']}"
    for text, place in {**api["strings"], **api["behaviour"]}.items():
        path, _, line = place.partition(",")[0].rpartition(":")
        if not line.isdigit() or len(sources.read(f"SlicerRT:{path}").splitlines()) < int(line):
            yield f"{text}: no such place {place}"


def main(arguments: list[str]) -> int:
    """Check both lists."""
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    sources = Sources(*arguments)
    slicer_api, slicerrt_api = (
        json.loads((HOST / name).read_text(encoding="utf-8")) for name in ("slicer_api.json", "slicerrt_api.json")
    )
    findings = [
        *missing_widgets(slicer_api, sources),
        *missing_functions(slicer_api, sources),
        *missing_names(slicer_api, sources),
        *missing_lines(slicerrt_api, sources),
    ]
    print("\n".join(findings) or "every recorded member stands where the lists say")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
