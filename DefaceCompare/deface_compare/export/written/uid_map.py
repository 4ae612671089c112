"""One case-wide map from the source's UIDs to new ones, walked over every UID of every sequence."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from hashlib import sha256
from pathlib import Path

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import generate_uid

from ...output.folder import OutputFolder
from ...storage.atomic import write_bytes
from ...writers.study import UID_PREFIX

STANDARD_ROOT = "1.2.840.10008."
"""UIDs of the standard itself: classes, syntaxes, well-known frames. They mean the same everywhere and are never mapped."""
NEVER_MAPPED = frozenset(
    {
        "SOPClassUID",
        "ReferencedSOPClassUID",
        "MediaStorageSOPClassUID",
        "TransferSyntaxUID",
        "ImplementationClassUID",
        "CodingSchemeUID",
        "ContextUID",
        "MappingResourceUID",
        "ContextGroupExtensionCreatorUID",
        "OriginalSpecializedSOPClassUID",
        "RelatedGeneralSOPClassUID",
    }
)
"""Attributes that name a kind of thing, not a thing of this patient."""
TEXT_VRS = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "UR", "PN", "AE"})
UID_PATTERN = re.compile(r"\d+(?:\.\d+){4,}")
SALT_FILE = "uid_salt"
SALT_BYTES = 32


def case_salt(out: Path) -> bytes:
    """The secret of an output folder that new UIDs are made with: nobody else can compute them from the old ones.

    Made once and kept under ``identifiable/``, so that exporting twice gives the same UIDs.
    """
    folder = OutputFolder(out)
    path = folder.make_private(folder.exports) / SALT_FILE
    if not path.is_file():
        write_bytes(path, secrets.token_bytes(SALT_BYTES), private=True)
    return path.read_bytes()


class UidMap:
    """Maps UIDs, the same one always to the same one.

    Parameters
    ----------
    salt : bytes
        Secret of the output folder.
    version : str
        What tells this export from others of the same case (method, pixels, dose policy): its objects are other objects.
    shared : iterable of str
        UIDs whose new ones do not depend on `version`: of the study and of frames of reference.
    kept : iterable of str
        UIDs that stay.
    keep_all : bool
        All stay.
    """

    def __init__(
        self, salt: bytes, version: str, shared: Iterable[str] = (), kept: Iterable[str] = (), *, keep_all: bool = False
    ) -> None:
        self._salt, self._version, self._keep_all = salt, version, keep_all
        self._shared, self._kept = frozenset(shared), frozenset(kept)
        self._made: set[str] = set()
        self.mapped: dict[str, str] = {}

    def new(self, uid: str) -> str:
        """The UID that stands for `uid` in the export; standard, kept and empty UIDs are themselves."""
        if not uid or self._keep_all or uid.startswith(STANDARD_ROOT) or uid in self._kept:
            return uid
        if uid in self._made:
            return uid
        if uid not in self.mapped:
            self.mapped[uid] = self._made_of("" if uid in self._shared else self._version, uid)
        return self.mapped[uid]

    def followed_by(self, changes: Mapping[str, str]) -> UidMap:
        """The same map where another program changed UIDs after this one."""
        result = copy(self)
        result.mapped = {old: changes.get(new, new) for old, new in self.mapped.items()}
        return result

    def made(self, words: str) -> str:
        """A UID for a thing that had none in the source, the same for the same words; it is not mapped again."""
        uid = self._made_of("", words)
        self._made.add(uid)
        return uid

    def _made_of(self, version: str, words: str) -> str:
        digest = sha256(self._salt + version.encode() + b"\0" + words.encode()).hexdigest()
        return str(generate_uid(prefix=UID_PREFIX, entropy_srcs=[digest]))

    def learn(self, uids: Iterable[str]) -> None:
        """Know UIDs before they are met, so that they are found in texts, too."""
        for uid in uids:
            self.new(uid)

    def apply(self, data: Dataset) -> None:
        """Map every UID of a dataset in place, in sequences and inside texts too."""
        for element in instance_uids(data):
            values = element.value if isinstance(element.value, (list, tuple)) or element.VM > 1 else None
            element.value = self.new(str(element.value)) if values is None else [self.new(str(value)) for value in values]
        for text in _texts(data):
            text.value = self._without_old(text.value)

    def _without_old(self, value: object) -> object:
        if isinstance(value, str):
            return UID_PATTERN.sub(lambda found: self.mapped.get(found.group(), found.group()), value)
        if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
            return [self._without_old(each) for each in value]  # type: ignore[attr-defined]
        return value


def instance_uids(data: Dataset) -> Iterator[DataElement]:
    """Every element whose UID names a thing (not a class, not a coding scheme), sequences included."""
    for tag, kind in stored_kinds(data):
        if kind == "SQ":
            for item in data[tag].value or []:
                yield from instance_uids(item)
        elif kind == "UI" and keyword_for_tag(tag) not in NEVER_MAPPED and data[tag].value:
            yield data[tag]


def _texts(data: Dataset) -> Iterator[DataElement]:
    """Texts in which something like a UID stands."""
    for tag, kind in stored_kinds(data):
        if kind == "SQ":
            for item in data[tag].value or []:
                yield from _texts(item)
        elif kind in TEXT_VRS and _may_hold_uid(data, tag):
            yield data[tag]


def _may_hold_uid(data: Dataset, tag: BaseTag) -> bool:
    """Whether something like a UID stands in a text; one that is not decoded yet need not be for that."""
    stored = data.get_item(tag)
    value = stored.value if stored is not None else None
    if isinstance(value, bytes):
        return value.count(b".") >= 4
    return UID_PATTERN.search(str(value)) is not None


def stored_vr(data: Dataset, tag: BaseTag) -> str:
    """The VR of an element that need not be decoded for that (a contour's coordinates cost much to decode)."""
    return kind_of(data, tag, data.get_item(tag))


def stored_kinds(data: Dataset) -> list[tuple[BaseTag, str]]:
    """The tags of a data set's own elements, each with its `stored_vr`; the data set may be changed meanwhile."""
    return [(tag, kind_of(data, tag, stored)) for tag, stored in list(data.items())]


def kind_of(data: Dataset, tag: BaseTag, stored: object) -> str:
    """`stored_vr` of an element at hand, as it is stored."""
    if not isinstance(stored, RawDataElement):
        return "" if stored is None else str(stored.VR)  # type: ignore[attr-defined]
    if stored.VR and stored.VR != "UN":
        return stored.VR
    if tag.is_private:
        return str(data[tag].VR)
    try:
        return dictionary_VR(tag)
    except KeyError:
        return str(data[tag].VR)
