"""An application entity of a few lines: C-FIND, C-GET, C-MOVE and C-STORE over loopback, from `Contents`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydicom.dataset import Dataset

from archive_contents import Contents

TITLE, KNOWN = "STANDIN", "TESTER"
KEYS = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def dimse_stand_in(contents: Contents, listen_port: int | None = None, *, gets: bool = True) -> Iterator[str]:
    """An archive that knows the title `KNOWN` only; gives its address.

    Parameters
    ----------
    listen_port : int, optional
        Where objects go by C-MOVE.
    gets : bool
        Whether it offers C-GET.
    """
    from pynetdicom import AE, AllStoragePresentationContexts, build_context, evt
    from pynetdicom.sop_class import (  # type: ignore[attr-defined]
        StudyRootQueryRetrieveInformationModelFind as Find,
    )
    from pynetdicom.sop_class import (
        StudyRootQueryRetrieveInformationModelGet as Get,
    )
    from pynetdicom.sop_class import (
        StudyRootQueryRetrieveInformationModelMove as Move,
    )

    entity = AE(ae_title=TITLE)
    entity.require_called_aet, entity.require_calling_aet = True, [KNOWN]
    for kind in (Find, Move, *((Get,) if gets else ())):
        entity.add_supported_context(kind)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, scp_role=True, scu_role=True)

    def asked(query: Dataset) -> dict[str, str]:
        return {key: str(query.get(key) or "") for key in ("PatientID", *KEYS.values()) if query.get(key)}

    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        query = event.identifier
        for each in contents.one_a(KEYS[query.QueryRetrieveLevel], **asked(query)):
            answer = Dataset()
            for element in query:
                if element.keyword == "NumberOfSeriesRelatedInstances":
                    answer.NumberOfSeriesRelatedInstances = contents.count(str(each.SeriesInstanceUID))
                else:
                    setattr(answer, element.keyword, each.get(element.keyword, element.value))
            yield 0xFF00, answer

    def give(query: Dataset) -> Iterator[Any]:
        wanted = contents.matching(**asked(query))
        given = contents.given_out(wanted)
        contents.breaks -= bool(contents.breaks) and len(wanted) > len(given)
        yield len(wanted)
        for each in given:
            yield 0xFF00, each
        if len(given) < len(wanted):
            failed = Dataset()
            failed.FailedSOPInstanceUIDList = [each.SOPInstanceUID for each in wanted[len(given) :]]
            yield 0xA702, failed

    def move(event: Any) -> Iterator[Any]:
        if event.move_destination != KNOWN or listen_port is None:
            yield None, None
            return
        kinds = sorted({str(each.SOPClassUID) for each in contents.objects})
        yield "127.0.0.1", listen_port, {"contexts": [build_context(kind) for kind in kinds]}
        yield from give(event.identifier)

    def store(event: Any) -> int:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        contents.take(dataset)
        return 0x0000

    handlers: list[Any] = [
        (evt.EVT_C_FIND, find),
        (evt.EVT_C_GET, lambda event: give(event.identifier)),
        (evt.EVT_C_MOVE, move),
        (evt.EVT_C_STORE, store),
    ]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert server is not None
    assert server.socket is not None
    try:
        yield f"dicom://{TITLE}@127.0.0.1:{server.socket.getsockname()[1]}?from={KNOWN}"
    finally:
        server.shutdown()
