"""The TOML file of the stand-in for a site's own de-identification tool."""

from __future__ import annotations

import sys
from pathlib import Path

from places import ROOT

STAND_IN = ROOT / "Testing" / "Python" / "helpers" / "stand_in_header_tool.py"


def table(folder: Path, *, in_place: bool = False, more: str = "") -> Path:
    """The stand-in's TOML file."""
    places = '"{input}"' if in_place else '"{input}", "{output}"'
    file = folder / "tool.toml"
    file.write_text(
        f'[stand_in]\ntitle = "Stand-in"\nversion = "2.1"\ncommand = ["{sys.executable}", "{STAND_IN}", {places}]\n'
        f'keeps = ["times", "device"]\nin_place = {str(in_place).lower()}\n{more}',
        encoding="utf-8",
    )
    return file
