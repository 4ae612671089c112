"""Re-identification among people of one sex, and of one sex and similar age: what the face tells that the header does not.

Headers keep sex and age, and a face tells them, too. Of all strangers many are ruled out by sex and age alone, and an AUC against
all of them counts that as the face's doing. Against strangers of one sex and similar age it is the covariate-adjusted AUC (Janes
and Pepe, Biometrika 2009, doi:10.1093/biomet/asp002): lower, and of the face alone. The attacker is no weaker for it: who knows
sex and age has fewer people to choose from, which rank 1 among them tells.

All rows are of one attack, the strongest against everybody, by which the method ranks: the strongest of each group would be high
by chance alone, the more so the smaller the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..arms import Arm
from ..summary import SummaryRow
from .attempts import Attempt, strongest
from .bootstrap import Estimate, estimate_mean_auc
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
    """The strongest attack on the scans of one arm as run, and how its rows begin.

    Parameters
    ----------
    attempt : Attempt or None
        None where `reason` tells why there is no AUC.
    """

    faces: Faces
    arm: Arm
    failed: int
    scans: NDArray[np.intp]
    attempt: Attempt | None
    reason: str

    def row(self, metric: str, n: int, **numbers: object) -> SummaryRow:
        """A row; what failed is counted over all scans, since a group's own count would tell whose scan it was."""
        return replace(self.faces.row(metric, self.arm, n, failed=self.failed, **numbers), engine=self.faces.engines)

    def among(self, probes: NDArray[np.intp], strangers: NDArray[np.bool_]) -> _Among:
        """The attack on these rows among these strangers, shape (rows, gallery)."""
        assert self.attempt is not None
        return _Among(self.attempt.similarity[probes], self.attempt.genuine[probes], strangers, self.faces)

    def auc_row(self, metric: str, among: _Among) -> SummaryRow:
        """The AUC among these strangers, beside that of the same scans against all strangers."""
        assert self.attempt is not None
        words = joined(self.attempt.words, f"against all strangers {among.against_all:.2f}", self.faces.words)
        return self.row(metric, len(among.genuine), **interval_numbers(among.auc), note=words)


@dataclass(frozen=True)
class _Among:
    """Some scans, and the strangers that each is compared with."""

    similarity: NDArray[np.float64]
    genuine: NDArray[np.intp]
    strangers: NDArray[np.bool_]
    faces: Faces

    @property
    def auc(self) -> Estimate:
        """AUC among the strangers of each scan."""
        wins, impostor = compare_pairs(self.similarity, self.genuine, self.faces.persons)
        pairs = np.where(self.strangers, wins, 0.0), impostor & self.strangers
        return estimate_mean_auc(*pairs, self.genuine, self.faces.persons, seed=self.faces.seed)

    @property
    def against_all(self) -> float:
        """AUC of the same scans among everybody."""
        return float(np.mean(probe_auc(self.similarity, self.genuine, self.faces.persons)))

    def rank1_percents(self) -> tuple[float, float]:
        """How often the best match is the patient: among the strangers of each scan, and among everybody."""
        persons = self.faces.persons
        _, impostor = compare_pairs(self.similarity, self.genuine, persons)
        apart = np.where(impostor & ~self.strangers, np.nan, self.similarity)
        return rank_percent(apart, self.genuine, persons, 1), rank_percent(self.similarity, self.genuine, persons, 1)


def person_group_rows(faces: Faces, arms: Sequence[Arm], shown: Shown) -> list[SummaryRow]:
    """The rows of all arms; none where nobody's sex and age is known. Failed scans enter undefaced."""
    rows: list[SummaryRow] = []
    for arm in arms:
        known = _attacked(faces, arm)
        rows += [*_by_group(known, shown), *_by_peers(known)]
    return sorted(rows, key=lambda row: METRICS.index(row.metric))


def _attacked(faces: Faces, arm: Arm) -> _Attacked:
    scans = faces.run_on(arm)
    succeeded = [k for k in scans if arm in faces.records[k].own]
    reason = too_few([faces.records[k].person for k in succeeded])
    best = None if reason else strongest(attacks(faces, arm, scans), faces.persons, seed=faces.seed).attempt
    return _Attacked(faces, arm, len(scans) - len(succeeded), np.array(scans, dtype=np.intp), best, reason)


def _by_group(known: _Attacked, shown: Shown) -> list[SummaryRow]:
    """Among people of one sex, and within each sex and each group of ages."""
    faces, rows = known.faces, []
    for kind, metrics in GROUPS.items():
        people = grouped(faces, known.scans.tolist(), kind)
        if not people:
            continue
        told = frozenset() if known.reason else shown.groups(kind, people)
        gallery = np.array([people.get(record.person, "") for record in faces.records])
        same = (gallery[:, None] == gallery[None, :])[known.scans]
        for metric, groups in {**({SAME_SEX: told} if kind == SEX else {}), **{each: {each} & told for each in metrics}}.items():
            probes = np.flatnonzero(np.isin(gallery[known.scans], list(groups)))
            if groups:
                rows.append(known.auc_row(metric, known.among(probes, same[probes])))
            else:
                rows.append(known.row(metric, 0, note=known.reason or NOT_SHOWN))
    return rows


def _by_peers(known: _Attacked) -> list[SummaryRow]:
    """AUC and rank 1 among people of one's own sex and of similar age."""
    faces = known.faces
    near = peers(faces)
    if not near.any():
        return []
    others = near[known.scans] & (faces.persons[known.scans][:, None] != faces.persons[None, :])
    count = np.array([len(np.unique(faces.persons[row])) for row in others])
    probes = np.flatnonzero(count >= FEWEST_IN_GROUP - 1)
    few = NO_PEERS if too_few([faces.records[k].person for k in known.scans[probes]]) else ""
    if known.reason or few:
        return [known.row(metric, 0, note=known.reason or few) for metric in (SAME_SEX_AGE, RANK1_SAME_SEX_AGE)]
    attempt = known.attempt
    assert attempt is not None
    among = known.among(probes, others[probes])
    first, of_all = among.rank1_percents()
    words = f"among {1 + round(count[probes].mean())} people on average; among all {of_all:.0f} %"
    first_row = known.row(RANK1_SAME_SEX_AGE, len(probes), value=first, note=joined(words, attempt.words, faces.words))
    return [known.auc_row(SAME_SEX_AGE, among), first_row]
