"""Re-identification among people of one sex, and of one sex and similar age: what the face tells that the header does not.

Headers keep sex and age, and a face tells them, too. Of all strangers many are ruled out by sex and age alone, and an AUC against
all of them counts that as the face's doing. Against strangers of one sex and similar age it is the covariate-adjusted AUC (Janes
and Pepe, Biometrika 2009, doi:10.1093/biomet/asp002): lower, and of the face alone. The attacker is no weaker for it: who knows
sex and age has fewer people to choose from, which rank 1 among them tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..arms import Arm
from ..summary import SummaryRow
from .attempts import Attempt, Strongest, strongest
from .columns import attacks
from .pairs import compare_pairs, probe_auc, rank_percent
from .person_groups import AGE_CALIPER_YEARS, FEWEST_IN_GROUP, GROUPS, SEX, Shown, grouped, peers
from .records import Faces, interval_numbers, joined, too_few

SAME_SEX, SAME_SEX_AGE, RANK1_SAME_SEX_AGE = "auc_same_sex", "auc_same_sex_age", "rank1_same_sex_age"
METRICS = (SAME_SEX, SAME_SEX_AGE, RANK1_SAME_SEX_AGE, *(metric for group in GROUPS.values() for metric in group))
"""In table order."""
NOT_SHOWN = f"not shown: groups of fewer than {FEWEST_IN_GROUP} people, and what would tell of them by subtraction, stay untold"
NO_PEERS = (
    f"fewer than {FEWEST_IN_GROUP} people share sex and age (± {AGE_CALIPER_YEARS:g} years) with {FEWEST_IN_GROUP - 1} others"
)


@dataclass(frozen=True)
class _Attacked:
    """All attempts on the scans of one arm as run, and how its rows begin."""

    faces: Faces
    arm: Arm
    failed: int
    scans: NDArray[np.intp]
    attempts: tuple[Attempt, ...]

    def row(self, metric: str, n: int, **numbers: object) -> SummaryRow:
        """A row; what failed is counted over all scans, since a group's own count would tell whose scan it was."""
        return replace(self.faces.row(metric, self.arm, n, failed=self.failed, **numbers), engine=self.faces.engines)

    def among(self, probes: NDArray[np.intp], strangers: NDArray[np.bool_]) -> tuple[Strongest, float]:
        """The strongest attack on these rows among these strangers (rows, gallery); the strongest AUC against all strangers."""
        persons = self.faces.persons
        taken = [Attempt(each.words, each.similarity[probes], each.genuine[probes], each.columns) for each in self.attempts]
        found = strongest([replace(each, strangers=strangers) for each in taken], persons, seed=self.faces.seed)
        return found, max(float(np.mean(probe_auc(each.similarity, each.genuine, persons))) for each in taken)


def person_group_rows(faces: Faces, arms: Sequence[Arm], shown: Shown) -> list[SummaryRow]:
    """The rows of all arms; none where nobody's sex and age is known. Failed scans enter undefaced."""
    rows: list[SummaryRow] = []
    for arm in arms:
        scans = faces.run_on(arm)
        failed = sum(arm not in faces.records[k].own for k in scans)
        reason = too_few([faces.records[k].person for k in scans if arm in faces.records[k].own])
        tried = () if reason else tuple(attacks(faces, arm, scans))
        known = _Attacked(faces, arm, failed, np.array(scans, dtype=np.intp), tried)
        rows += [*_by_group(known, shown, reason), *_by_peers(known, reason)]
    return sorted(rows, key=lambda row: METRICS.index(row.metric))


def _by_group(known: _Attacked, shown: Shown, reason: str) -> list[SummaryRow]:
    """Among people of one sex, and within each sex and each group of ages."""
    faces, rows = known.faces, []
    for kind, metrics in GROUPS.items():
        people = grouped(faces, known.scans.tolist(), kind)
        if not people:
            continue
        told = frozenset() if reason else shown.groups(kind, people)
        wanted = {metric: {metric} & told for metric in metrics} | ({SAME_SEX: told} if kind == SEX else {})
        gallery = np.array([people.get(record.person, "") for record in faces.records])
        same = (gallery[:, None] == gallery[None, :])[known.scans]
        for metric, groups in wanted.items():
            probes = np.flatnonzero(np.isin(gallery[known.scans], list(groups)))
            if not groups or reason:
                rows.append(known.row(metric, 0, note=reason or NOT_SHOWN))
            else:
                rows.append(_auc_row(known, metric, probes, *known.among(probes, same[probes])))
    return rows


def _auc_row(known: _Attacked, metric: str, probes: NDArray[np.intp], found: Strongest, against_all: float) -> SummaryRow:
    words = joined(found.attempt.words, f"against all strangers {against_all:.2f}", known.faces.words)
    return known.row(metric, len(probes), **interval_numbers(found.auc), note=words)


def _by_peers(known: _Attacked, reason: str) -> list[SummaryRow]:
    """AUC and rank 1 among people of one's own sex and of similar age."""
    faces, metrics = known.faces, (SAME_SEX_AGE, RANK1_SAME_SEX_AGE)
    near = peers(faces)
    if not near.any():
        return []
    others = near[known.scans] & (faces.persons[known.scans][:, None] != faces.persons[None, :])
    count = np.array([len(np.unique(faces.persons[row])) for row in others])
    probes = np.flatnonzero(count >= FEWEST_IN_GROUP - 1)
    reason = reason or (NO_PEERS if too_few([faces.records[k].person for k in known.scans[probes]]) else "")
    if reason:
        return [known.row(metric, 0, note=reason) for metric in metrics]
    found, against_all = known.among(probes, others[probes])
    similarity, genuine = found.attempt.similarity, found.attempt.genuine
    _, impostor = compare_pairs(similarity, genuine, faces.persons)
    apart = np.where(impostor & ~others[probes], np.nan, similarity)
    first, of_all = (rank_percent(each, genuine, faces.persons, 1) for each in (apart, similarity))
    words = f"among {1 + math.floor(count[probes].mean())} people on average; among all {of_all:.0f} %"
    return [
        _auc_row(known, SAME_SEX_AGE, probes, found, against_all),
        known.row(RANK1_SAME_SEX_AGE, len(probes), value=first, note=joined(words, found.attempt.words, faces.words)),
    ]
