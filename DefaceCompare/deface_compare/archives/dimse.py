"""An archive that speaks DIMSE (PS3.4: C-FIND, C-GET or C-MOVE, C-STORE), through pynetdicom."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydicom
from pydicom.dataset import Dataset

from ..errors import NotAvailable
from ..readers.dicom_begin import READ_CLASSES, STORAGE
from .address import DimseAddress
from .archive import CONNECT_S, ArchiveError, ArchiveSilent, Instance, Keep, Series, Study, valid_uid
from .received import Received

if TYPE_CHECKING:
    from pynetdicom import AE
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
"""Study Root Query/Retrieve Information Model (PS3.4 annex C.6.2)."""
SYNTAX = "1.2.840.10008.1.2"
UNCOMPRESSED = (f"{SYNTAX}.1", SYNTAX)
COMPRESSED = tuple(f"{SYNTAX}{end}" for end in (".4.70", ".4.57", ".4.80", ".4.81", ".4.90", ".4.91", ".4.50", ".4.51", ".5"))
"""JPEG lossless, JPEG-LS, JPEG 2000, JPEG and RLE (PS3.5 annex A): archives send what they keep, if it may be sent so."""
FURTHER_CLASSES = (f"{STORAGE}481.8", f"{STORAGE}66.3")
"""RT Ion Plan and Deformable Spatial Registration: no pixels, and of modalities that are fetched."""
MOST_CONTEXTS = 128
"""An association has odd context ids up to 255 (PS3.8 section 9.3.2.2)."""
SUCCESS, PENDING, WARNING = 0x0000, (0xFF00, 0xFF01), 0xB000
"""Status of DIMSE's answers (PS3.7 annex C); the first digit of a warning is B."""


class DimseArchive:
    """An application entity; see `Archive` for the methods.

    Raises
    ------
    NotAvailable
        If pynetdicom is not installed.
    """

    def __init__(self, address: DimseAddress, timeout_s: float) -> None:
        try:
            from pynetdicom import AE
        except ImportError as error:
            raise NotAvailable("dicom:// needs pynetdicom: pip install 'deface-compare[archive]'") from error
        self._address = address
        self._entity: AE = AE(ae_title=address.own_title)
        self._entity.connection_timeout = self._entity.acse_timeout = CONNECT_S
        self._entity.dimse_timeout = self._entity.network_timeout = timeout_s
        self._finder: Association | None = None

    def studies_of(self, patient_id: str) -> list[Study]:
        """The studies of exactly this patient: archives take an id for a pattern, or ignore case."""
        found = self._found("STUDY", {"PatientID": patient_id, "StudyInstanceUID": ""})
        return [study for study in map(_study, found) if study.patient_id == patient_id]

    def study(self, uid: str) -> Study | None:
        """A study; None if there is no such one."""
        found = self._found("STUDY", {"PatientID": "", "StudyInstanceUID": uid})
        return next((study for study in map(_study, found) if study.uid == uid), None)

    def series_of(self, study: str) -> list[Series]:
        """The series of a study."""
        asked = {"StudyInstanceUID": study, "SeriesInstanceUID": "", "Modality": "", "NumberOfSeriesRelatedInstances": None}
        found = self._found("SERIES", asked)
        return [Series(study, _uid(each, "SeriesInstanceUID"), _text(each, "Modality"), _count(each)) for each in found]

    def instances_of(self, series: Series) -> list[Instance]:
        """The objects of a series."""
        asked = {"StudyInstanceUID": series.study, "SeriesInstanceUID": series.uid, "SOPInstanceUID": "", "SOPClassUID": ""}
        return [Instance(_uid(each, "SOPInstanceUID"), _text(each, "SOPClassUID")) for each in self._found("IMAGE", asked)]

    def fetch(self, series: Series, wanted: Sequence[Instance], keep: Keep, *, whole: bool) -> None:
        """Fetch objects by C-MOVE to a port of ours, if the address names one, else by C-GET."""
        asked = {"StudyInstanceUID": series.study, "SeriesInstanceUID": series.uid}
        queries = [_query("SERIES", asked)] if whole else [_query("IMAGE", asked | {"SOPInstanceUID": i.uid}) for i in wanted]
        received = Received(frozenset(each.uid for each in wanted), keep)
        contexts = storage_contexts(each.sop_class for each in wanted)
        if self._address.listen_port is not None:
            self._move(queries, contexts, received)
        else:
            self._get(queries, contexts, received)

    def _get(self, queries: Sequence[Dataset], contexts: list[PresentationContext], received: Received) -> None:
        from pynetdicom import build_context, build_role, evt

        roles = [build_role(each, scp_role=True) for each in {str(context.abstract_syntax) for context in contexts}]
        asked = [build_context(GET, list(UNCOMPRESSED)), *contexts[: MOST_CONTEXTS - 1]]
        with self._association(asked, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, received.store)]) as association:
            if not any(context.abstract_syntax == GET for context in association.accepted_contexts):
                raise ArchiveSilent(
                    f"{self._address} does not offer C-GET to {self._address.own_title}; add &listen=PORT to its address for"
                    " C-MOVE, and have this computer entered at the archive under that title and port"
                )
            for query in queries:
                self._finished("C-GET", association.send_c_get(query, GET), received)

    def _move(self, queries: Sequence[Dataset], contexts: list[PresentationContext], received: Received) -> None:
        from pynetdicom import build_context, evt

        assert self._address.listen_port is not None
        ours = self._entity
        ours.require_called_aet, ours.require_calling_aet = True, [self._address.title]
        try:
            # only from where the archive is reached, and only for as long as something is expected
            place = (_own_address(self._address), self._address.listen_port)
            handlers: list[Any] = [(evt.EVT_C_STORE, received.store), (evt.EVT_DATA_SENT, _without_delay)]
            server = ours.start_server(place, block=False, contexts=_offered(contexts), evt_handlers=handlers)
        except OSError as error:
            raise ArchiveSilent(
                f"port {self._address.listen_port} cannot be opened ({error.strerror}); choose another"
            ) from error
        assert server is not None
        try:
            with self._association([build_context(MOVE, list(UNCOMPRESSED))]) as association:
                for query in queries:
                    answers = association.send_c_move(query, self._address.own_title, MOVE)
                    self._finished("C-MOVE", answers, received)
        finally:
            server.shutdown()

    def _finished(self, what: str, answers: Iterable[tuple[Dataset, Dataset | None]], received: Received) -> None:
        """Wait for the last answer; objects come meanwhile."""
        status = None
        for answer, _ in answers:
            received.raise_error()
            status = answer.get("Status")
        received.raise_error()
        if status is None:
            raise ArchiveError(f"the transfer broke off ({what})")
        if status != SUCCESS and status & 0xF000 != WARNING:
            raise ArchiveError(f"the archive refused {what} (status {status:#06x})")

    def store(self, files: Sequence[Path], stored: Callable[[int], None]) -> dict[str, str]:
        """Store files one by one; what the archive did not take, by name."""
        from pynetdicom import build_context

        heads = [pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"]) for path in files]
        kinds = {(str(head.SOPClassUID), str(head.file_meta.TransferSyntaxUID)) for head in heads}
        failed: dict[str, str] = {}
        with self._association([build_context(kind, [syntax]) for kind, syntax in sorted(kinds)][:MOST_CONTEXTS]) as association:
            for path in files:
                reason = _stored(association, path)
                if reason:
                    failed[path.name] = reason
                if not association.is_established:
                    raise ArchiveError("the transfer broke off (C-STORE)")
                stored(1)
        return failed

    def close(self) -> None:
        """End the connection."""
        if self._finder is not None and self._finder.is_established:
            self._finder.release()
        self._finder = None

    def _found(self, level: str, asked: Mapping[str, str | None]) -> list[Dataset]:
        from pynetdicom import build_context

        if self._finder is None or not self._finder.is_established:
            self._finder = self._connected([build_context(FIND, list(UNCOMPRESSED))])
        found: list[Dataset] = []
        status = None
        for answer, identifier in self._finder.send_c_find(_query(level, asked), FIND):
            status = answer.get("Status")
            if status in PENDING and identifier is not None:
                found.append(identifier)
        if status is None:
            raise ArchiveSilent(f"{self._address} broke off while it was asked (C-FIND)")
        if status != SUCCESS:
            raise ArchiveError(f"the archive refused C-FIND (status {status:#06x})")
        return found

    @contextmanager
    def _association(self, contexts: list[PresentationContext], **named: Any) -> Iterator[Association]:
        association = self._connected(contexts, **named)
        try:
            yield association
        except BaseException:
            association.abort()
            raise
        if association.is_established:
            association.release()

    def _connected(self, contexts: list[PresentationContext], **named: Any) -> Association:
        from pynetdicom import evt

        place = self._address
        handlers = [*named.pop("evt_handlers", ()), (evt.EVT_DATA_SENT, _without_delay)]
        association = self._entity.associate(place.host, place.port, contexts, place.title, evt_handlers=handlers, **named)
        if association.is_established:
            return association
        if association.is_rejected:
            raise ArchiveSilent(
                f"{place} rejects {place.own_title}; have this title (?from=...) entered there, and check the archive's own title"
            )
        if association.is_aborted and association.rejected_contexts:
            raise ArchiveSilent(f"{place} does not offer to {place.own_title} what is asked of it")
        raise ArchiveSilent(f"{place} cannot be reached; check address, port and network")


def storage_contexts(classes: Iterable[str]) -> list[PresentationContext]:
    """One context for each class and transfer syntax: the archive then keeps each object's own one.

    Parameters
    ----------
    classes : iterable of str
        SOP classes of what is expected; an empty one stands for all that are read.
    """
    from pynetdicom import build_context

    given = set(classes)
    wanted = [*READ_CLASSES, *FURTHER_CLASSES] if "" in given else given
    return [build_context(kind, [syntax]) for syntax in (*UNCOMPRESSED, *COMPRESSED) for kind in sorted(wanted)]


def _offered(contexts: Sequence[PresentationContext]) -> list[PresentationContext]:
    """The same as one who accepts lists them: each class once."""
    from pynetdicom import build_context

    kinds = sorted({str(context.abstract_syntax) for context in contexts})
    return [build_context(kind, [*UNCOMPRESSED, *COMPRESSED]) for kind in kinds]


def _without_delay(event: Any) -> None:
    """Confirm what comes at once: systems hold back confirmations of short messages, and archives wait 40 ms for each object.

    The system forgets this with each message that goes out, so it is said again after each.
    """
    connection = event.assoc.dul.socket.socket
    if connection is not None and hasattr(socket, "TCP_QUICKACK"):  # of Linux
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _stored(association: Association, path: Path) -> str:
    """Store one file; why the archive did not take it, ``""`` if it did."""
    try:
        status = association.send_c_store(path).get("Status")
    except (ValueError, RuntimeError):  # no context for its class or transfer syntax was accepted, or the connection is gone
        return "the archive does not take this kind of object"
    if status is None:
        return "the archive did not answer"
    return "" if status == SUCCESS or status & 0xF000 == WARNING else f"the archive refused it (status {status:#06x})"


def _own_address(address: DimseAddress) -> str:
    """The address of this computer towards the archive; a datagram socket finds it without sending anything."""
    try:
        family, _, _, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(place)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise ArchiveSilent(f"{address} cannot be reached ({error.strerror})") from error


def _query(level: str, asked: Mapping[str, str | None]) -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = level
    if not all(value is None or value.isascii() for value in asked.values()):
        query.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in asked.items():
        setattr(query, keyword, value)
    return query


def _text(answer: Dataset, keyword: str) -> str:
    return str(answer.get(keyword) or "").strip()


def _uid(answer: Dataset, keyword: str) -> str:
    return valid_uid(_text(answer, keyword))


def _study(answer: Dataset) -> Study:
    return Study(_uid(answer, "StudyInstanceUID"), _text(answer, "PatientID"))


def _count(answer: Dataset) -> int | None:
    text = _text(answer, "NumberOfSeriesRelatedInstances")
    return int(text) if text.isdigit() else None
