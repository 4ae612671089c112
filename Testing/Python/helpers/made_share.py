"""A folder as ``share`` writes it, made by hand in no time."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from archive_contents import patient_objects


def shared_folder(folder: Path, source: Path, *ids: str, complete: bool = True) -> Path:
    """What ``share`` writes, as far as ``send`` looks at it."""
    for number, patient in enumerate(ids, start=1):
        case = folder / f"case-{number:03d}"
        case.mkdir(parents=True)
        for each in patient_objects(source, patient):
            if each.Modality != "SR":
                each.save_as(case / f"{each.SOPInstanceUID}.dcm", enforce_file_format=True)
        write_manifest(case)
    cases = [{"id": f"case-{number:03d}", "status": "shared"} for number in range(1, len(ids) + 1)]
    told = {
        "program": "DefaceCompare",
        "kind": "shared cohort",
        "complete": complete,
        "headers_note": "Names remain.",
        "study": "s",
    }
    (folder / "manifest.json").write_text(json.dumps(told | {"cases": [*cases, {"id": "case-009", "status": "not shared"}]}))
    for name in ("manifest.csv", "share_report.html"):
        (folder / name).write_text(name)
    return folder


def write_manifest(case: Path, **more: Any) -> None:
    files = {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(case.glob("*.dcm"))}
    told = {"program": "DefaceCompare", "case": case.name, "files": files, "verified": {"voxels": "equal"}}
    (case / "manifest.json").write_text(json.dumps(told | more))
