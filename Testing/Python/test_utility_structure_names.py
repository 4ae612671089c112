"""Structure names against the collection of names found in public places."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from DefaceCompareLib.utility.structure_names import (
    AMBIGUOUS,
    EXCLUDED,
    MAPPED,
    TARGET_GROUPS,
    UNKNOWN,
    read_structure_name,
)


@pytest.mark.parametrize(
    ("name", "tg263", "group", "side"),
    [
        ("LENS LT", "Lens_L", "lens", "L"),
        ("OEIL DROIT", "Eye_R", "eye", "R"),
        ("Nerf Optique D", "OpticNrv_R", "optic_nerve", "R"),
        ("Sehnerv li.", "OpticNrv_L", "optic_nerve", "L"),
        ("parotide sx", "Parotid_L", "parotid", "L"),
        ("Øje højre", "Eye_R", "eye", "R"),
        ("glándula parótida izquierda", "Parotid_L", "parotid", "L"),
        ("Augen bds.", "Eyes", "eye", "B"),
        ("Cavité buccale", "Cavity_Oral", "oral_cavity", ""),
        ("tronc cérébral", "Brainstem", "brainstem", ""),
        ("opt chiasm", "OpticChiasm", "optic_chiasm", ""),
        ("Mandible", "Bone_Mandible", "mandible", ""),
        ("BODY", "External", "external", ""),
        ("PTV54 L Neck", "PTV", "ptv", ""),
        ("GTV N1", "GTVn", "gtv", ""),
    ],
)
def test_a_name_is_read_as_a_clinician_reads_it(name: str, tg263: str, group: str, side: str) -> None:
    read = read_structure_name(name)
    assert (read.tg263, read.group, read.side) == (tg263, group, side)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("PRV Brainstem", EXCLUDED),
        ("Brain-GTV", EXCLUDED),
        ("OPT TRONC", EXCLUDED),
        ("PTV+3mm", EXCLUDED),
        ("Lens", AMBIGUOUS),
        ("left orbit", AMBIGUOUS),
        ("Skin", AMBIGUOUS),
        ("Larynx", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_helpers_and_doubtful_names_are_not_mapped(name: str, status: str) -> None:
    assert read_structure_name(name).status == status


@pytest.mark.shared
def test_the_names_found_in_public_places_are_read_by_group_and_side(shared_data: Path) -> None:
    with (shared_data / "structure_names" / "real_world_names.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    met: dict[str, list[bool]] = defaultdict(list)
    wrongly_mapped = 0
    for row in rows:
        read = read_structure_name(row["name"])
        wanted = row["tg263"] not in ("EXCLUDE", "UNKNOWN", "AMBIGUOUS") and row["group"] not in ("exclude", "other")
        same_side = row["group"] in TARGET_GROUPS or read.side == row["side"]
        right = (read.status == MAPPED) == wanted and (not wanted or (read.group == row["group"] and same_side))
        met[row["group"]].append(right)
        wrongly_mapped += read.status == MAPPED and not right
    # Measured: 752 of 756 (99.5 %), 3 of them mapped wrongly. The rules were written with these names at hand, so names
    # of other centres will do worse.
    total = [one for group in met.values() for one in group]
    assert sum(total) / len(total) >= 0.97
    assert wrongly_mapped <= 5
    assert min(sum(group) / len(group) for group in met.values()) >= 0.75
