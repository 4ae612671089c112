"""Names of targets: adjectives make no other thing of a GTV; what planners make of targets is none."""

from __future__ import annotations

import pytest

from deface_compare.structures.names import AMBIGUOUS, EXCLUDED, MAPPED, read_structure_name


@pytest.mark.parametrize(
    ("names", "tg263"),
    [
        (
            "pre-RT GTV|approved GTV|central GTV"
            "|Initial GTV|Residual GTV|GTV residual|bulky GTV|Post-op GTV|GTV post-op|MRI GTV|Recurrent GTV|GTV initial|neck GTV",
            "GTV",
        ),
        ("Primary GTV|GTV primary|base of tongue GTV|Primary tumor GTV", "GTVp"),
        ("nodal GTV|GTV nodal|lymph node GTV|nGTV|Node GTV L", "GTVn"),
        ("High risk CTV|Elective CTV|Post-op CTV|CTV high risk", "CTV"),
        ("Low Risk PTV|Boost PTV|adaptive PTV|all PTV|Left neck PTV", "PTV"),
    ],
)
def test_a_target_with_an_adjective_before_or_after_is_a_target(names: str, tg263: str) -> None:
    reads = {name: read_structure_name(name) for name in names.split("|")}
    assert {name: (read.tg263, read.status) for name, read in reads.items()} == dict.fromkeys(reads, (tg263, MAPPED))


@pytest.mark.parametrize(
    "name",
    [
        "PTV l op nerve",
        "PTV 1 op nerve",
        "sum_ptvs_smooth",
        "PTV minus parotid",
        "sumPTV",
        "SumPTV",
        "PTV_sum",
        "PTV70 DVH",
        "PTV smooth",
        "PTV cord",
        "PTV-parotid",
        "ptv_submand",
        "PTV union",
        "optiPTV",
        "Mask_PTV",
        "Ring GTV",
        "PTV 1+2",
    ],
)
def test_numbered_and_summed_planning_helpers_are_neither_target_nor_organ(name: str) -> None:
    assert read_structure_name(name).status == EXCLUDED


@pytest.mark.parametrize("name", ["PTVs", "PGTVnx", "PCTV", "old GTV"])
def test_a_targets_name_that_means_two_things_is_ambiguous(name: str) -> None:
    assert read_structure_name(name).status == AMBIGUOUS
