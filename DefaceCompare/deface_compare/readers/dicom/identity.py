"""Whose files these are: by PatientID and its issuer, name, birth date, sex, and by what the objects say of one another.

DICOM has no one attribute that tells a person (PS3.3 C.7.1.1): a PatientID holds within its issuer, exports leave ``ANON`` in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from pydicom.dataset import Dataset

from ...errors import UnusableInput
from .header import Header, naming_file, value_of
from .joined_sets import components, connected
from .references import referenced_uids
from .texts import as_utf8

NO_ONE = re.compile(
    r"anon(?:ym(?:o?us|[ie]?[sz](?:ed|iert))?)?|de|identified|pseudonym(?:i[sz]ed)?|unknown|unbekannt|inconnue?|none?|no|noname|noid|n/?a"
    r"|null|nil|patient|pat|person|subject|name|id|test|removed|hidden|default|deidentified|redacted|masked|blinded|confidential"
    r"|private|deleted|erased|cleared|blank|empty|missing|not|available|unavailable|undefined|unspecified|unassigned|dummy|phi|nn"
    r"|keine?|angabe|[0x?*#]*|(.)\1{2,}",
    re.IGNORECASE,
)
"""A text of such words only, or of one character again and again (``9999``), stands where an identifier was: it is equal for
everybody and tells nobody."""

BETWEEN_WORDS = re.compile(r"[\s^,.;_-]+")

NO_BIRTH_DATES = frozenset({"00000000", "00010101", "18000101", "19000101", "19700101"})
"""Birth dates that programs write for none."""

UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"})
"""Letters that are written in two ways; other accents are taken off."""

BORN, ISSUED_BY = " born ", " of "
"""Between the parts of a person's key."""

LEAST_NAMES = 2
"""A name of so many words tells a person, as far as a name can; a single one is a family."""

STANDARD_ROOT = "1.2.840.10008."
"""Well-known frames of reference (atlases) begin so: they join nobody's images."""

Words = frozenset[str]


@dataclass(frozen=True)
class Identity:
    """What one object says of its patient; empty where it says nothing, or what stands for nothing.

    Parameters
    ----------
    names : tuple of frozenset of str
        The name's words, in each of its alphabets and spellings.
    other_ids : frozenset of str
        Further identifiers of the same patient.
    """

    patient_id: str
    issuer: str
    names: tuple[Words, ...]
    birth_date: str
    sex: str
    other_ids: frozenset[str]

    @property
    def stands_alone(self) -> bool:
        """Whether this tells a person without any other object's help."""
        return bool(self.patient_id or self.full_name)

    @property
    def full_name(self) -> bool:
        """Whether the name is more than a single word."""
        return any(len(words) >= LEAST_NAMES for words in self.names)


@naming_file
def identity_of(header: Header) -> Identity:
    """What an object says of its patient."""
    data = header.dataset
    stated = value_of(data, "OtherPatientIDs") or ""
    others = [stated] if isinstance(stated, str) else [str(each) for each in stated]
    others += [str(item.get("PatientID") or "") for item in value_of(data, "OtherPatientIDsSequence") or []]
    birth_date = re.sub(r"\D", "", header.text("PatientBirthDate"))
    sex = header.text("PatientSex").strip().upper()
    return Identity(
        patient_id=_told(header.text("PatientID")),
        issuer=_told(header.text("IssuerOfPatientID")) or _qualified_issuer(data),
        names=_names(as_utf8(header.text("PatientName"))),
        birth_date="" if birth_date in NO_BIRTH_DATES else birth_date,
        sex=sex if sex in ("M", "F") else "",
        other_ids=frozenset(told.casefold() for other in others if (told := _told(other))),
    )


def _qualified_issuer(data: Dataset) -> str:
    items = value_of(data, "IssuerOfPatientIDQualifiersSequence") or []
    return _told(str(items[0].get("UniversalEntityID") or "")) if items else ""


def _told(text: str) -> str:
    """A text without outer space; ``""`` where it stands for none."""
    plain = " ".join(text.split())
    return "" if all(NO_ONE.fullmatch(word) for word in BETWEEN_WORDS.split(plain)) else plain


def _names(text: str) -> tuple[Words, ...]:
    """The words of a name in each of its alphabets (``=`` parts them), and with umlauts spelled out."""
    found: dict[Words, None] = {}
    for group in text.casefold().split("="):
        for spelling in (group, group.translate(UMLAUTS)):
            letters = "".join(c for c in unicodedata.normalize("NFKD", spelling) if not unicodedata.combining(c))
            words = frozenset(word for word in BETWEEN_WORDS.split(letters) if word)
            if _told(letters):
                found[words] = None
    return tuple(found)


def one_person(headers: Sequence[Header]) -> str:
    """The key of the person whose objects these are: equal for repeat scans, ``""`` where the headers tell nobody.

    Two objects are of one person if nothing that they say of the patient differs, and something joins them: a PatientID of one
    issuer, another ID that is stated, a full name, or a study, a frame of reference or a reference to one another.

    Raises
    ------
    UnusableInput
        If the objects are of several persons, or it cannot be told; the sentence says by what, and names nobody.
    """
    by_identity: dict[Identity, list[Header]] = {}
    for header in headers:
        by_identity.setdefault(identity_of(header), []).append(header)
    # What tells somebody comes first: the others join it.
    groups = sorted(by_identity.items(), key=lambda group: (not group[0].stands_alone, -len(group[1])))
    if len(groups) == 1 and groups[0][0].stands_alone:
        return person_key(groups[0][0])
    related = _Related(groups)
    against = [found for pair in combinations(range(len(groups)), 2) if (found := _difference(*pair, groups, related))]
    if against:
        keywords = ", ".join(dict.fromkeys(keyword for found in against for keyword in found))
        files = ", ".join(str(len(group)) for _, group in groups)
        raise UnusableInput(
            f"the folder holds {_persons(groups, related)} patients, or headers that contradict one another: not the same"
            f" {keywords} (files that agree: {files}); give one folder a patient"
        )
    if not related.all_joined():
        raise UnusableInput(
            f"the folder holds {related.parts} groups of files of which nothing tells whether they are of one patient: no"
            " PatientID, no full name, and no study, frame of reference or reference in common; give one folder a patient, or all"
            " of its files one PatientID"
        )
    # who tells most, not who has most files: a repeat scan may have other numbers of slices
    return person_key(
        max((one for one, _ in groups), key=lambda one: (one.stands_alone, one.patient_id != "", one.birth_date != ""))
    )


def person_key(identity: Identity) -> str:
    """Who this is in the key file: PatientID with issuer and birth date, else full name with birth date, else ``""``."""
    if identity.patient_id:
        issuer = f"{ISSUED_BY}{identity.issuer}" if identity.issuer else ""
        return identity.patient_id.upper() + issuer + (f"{BORN}{identity.birth_date}" if identity.birth_date else "")
    if identity.full_name and identity.birth_date:
        return " ".join(sorted(identity.names[0])) + BORN + identity.birth_date
    return ""


def may_be(header: Header, person: str) -> bool:
    """Whether an object may be of a person whose key is given: what both tell is the same."""
    (own, _, own_birth), (other, _, other_birth) = person_key(identity_of(header)).partition(BORN), person.partition(BORN)
    same = own == other or own.startswith(other + ISSUED_BY) or other.startswith(own + ISSUED_BY)
    return not own or not other or (same and (not own_birth or not other_birth or own_birth == other_birth))


def tell_one_person(one: Header, other: Header) -> bool:
    """Whether two objects tell one person by a PatientID that is one, and contradict one another in nothing."""
    groups = [(identity_of(one), [one]), (identity_of(other), [other])]
    return _same_id(groups[0][0], groups[1][0]) and not _difference(0, 1, groups, _Related(groups))


Group = tuple[Identity, list[Header]]


class _Related:
    """Which groups of objects of one identity are joined, step by step, to one person's.

    Parameters
    ----------
    groups : sequence of (Identity, headers)
        Groups that tell nobody are taken apart by their studies, frames and references.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self._uids = [[_uids(header) for header in group] for _, group in groups]
        everything = [set().union(*uids) for uids in self._uids]
        self.together = {(a, b) for a, b in combinations(range(len(groups)), 2) if everything[a] & everything[b]}
        pieces: list[tuple[int, set[str]]] = []
        for number, (identity, _) in enumerate(groups):
            parts = [everything[number]] if identity.stands_alone else connected(self._uids[number])
            pieces.extend((number, part) for part in parts)
        self._joined = components(
            len(pieces),
            (
                (i, k)
                for i, k in combinations(range(len(pieces)), 2)
                if pieces[i][1] & pieces[k][1] or (pieces[i][0] != pieces[k][0] and _same(groups, pieces[i][0], pieces[k][0]))
            ),
        )

    @property
    def parts(self) -> int:
        """How many groups nothing joins."""
        return len(set(self._joined))

    def all_joined(self) -> bool:
        """Whether all objects are joined."""
        return self.parts <= 1


def _same(groups: Sequence[Group], first: int, second: int) -> bool:
    """Whether two identities tell one person by themselves."""
    one, other = groups[first][0], groups[second][0]
    return _same_id(one, other) or _same_full_name(one, other)


def _same_id(one: Identity, other: Identity) -> bool:
    first, second = one.patient_id.casefold(), other.patient_id.casefold()
    linked = first in other.other_ids or second in one.other_ids or bool(one.other_ids & other.other_ids)
    return bool(first and second) and (linked or (first == second and not _issuers_differ(one, other)))


def _issuers_differ(one: Identity, other: Identity) -> bool:
    return bool(one.issuer and other.issuer) and one.issuer != other.issuer


def _same_name(one: Identity, other: Identity) -> bool:
    """Whether one name's words are all in the other's, in any alphabet: a middle name may be missing."""
    return any(a <= b or b <= a for a in one.names for b in other.names)


def _same_full_name(one: Identity, other: Identity) -> bool:
    return one.full_name and other.full_name and _same_name(one, other)


def _difference(first: int, second: int, groups: Sequence[Group], related: _Related) -> list[str]:
    """The attributes by which two identities contradict one another; none if they may be of one person."""
    one, other = groups[first][0], groups[second][0]
    found = []
    same_birth = bool(one.birth_date) and one.birth_date == other.birth_date
    both_names = bool(one.names and other.names)
    if one.patient_id and other.patient_id and not _same_id(one, other):
        if not _issuers_differ(one, other):
            found.append("PatientID")
        elif not (same_birth and _same_full_name(one, other)):
            found.append("IssuerOfPatientID")  # numbers of two issuers tell nothing, and the rest does not tell enough
    if one.birth_date and other.birth_date and not same_birth:
        found.append("PatientBirthDate")
    if one.sex and other.sex and one.sex != other.sex:
        found.append("PatientSex")
    if both_names and not _same_name(one, other):
        # People marry, and clerks mistype: the same number and birth date, and a common name or study, say it is one person.
        common = any(a & b for a in one.names for b in other.names) or (first, second) in related.together
        if found or not (same_birth and _same_id(one, other) and common):
            found.append("PatientName")
    return found


def _persons(groups: Sequence[Group], related: _Related) -> int:
    """How many persons there are at least: groups that contradict none of their own."""
    persons: list[list[int]] = []
    for number in range(len(groups)):
        mine = next((each for each in persons if not any(_difference(k, number, groups, related) for k in each)), None)
        if mine is None:
            persons.append([number])
        else:
            mine.append(number)
    return len(persons)


def _uids(header: Header) -> set[str]:
    """Study, series, frame and object, its own and those that it refers to; frames of the standard's own are everybody's."""
    own = {header.text(keyword) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")}
    return {uid for uid in own | referenced_uids(header) if uid and not uid.startswith(STANDARD_ROOT)}
