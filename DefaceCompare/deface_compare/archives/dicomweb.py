"""An archive that speaks DICOMweb (PS3.18: QIDO-RS, WADO-RS, STOW-RS), through dicomweb-client."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from ..errors import NotAvailable
from ..readers.dicom.header import PYDICOM_ERRORS
from .address import WebAddress
from .archive import ATTEMPTS, CONNECT_S, ArchiveError, ArchiveSilent, Instance, Keep, Series, Study, valid_uid
from .credentials import PASSWORD, USER, make_session

STUDY_UID, SERIES_UID, SOP_UID, SOP_CLASS = "0020000D", "0020000E", "00080018", "00080016"
PATIENT_ID, MODALITY, SERIES_COUNT = "00100020", "00080060", "00201209"
"""Attributes of QIDO's answers (PS3.18 tables 10.6.3-3 to 5), as DICOM's JSON names them."""
AS_STORED = (("application/dicom", "*"),)
"""Objects in the transfer syntax in which the archive keeps them: nothing is decoded on the way."""
WAIT_MS = 500
"""Before a request is made again: doubled for each time."""
BATCH_BYTES = 32 * 2**20
"""So much goes out in one STOW request: it stands in memory three times."""
ONE_PIECE = 2**31
"""dicomweb-client sends longer requests in pieces, and empty ones where it then has to try again."""
READ_BYTES = 2**20
PASSING = 409, 400
"""HTTP answers of STOW-RS to a request of which it took nothing (PS3.18 table 10.5.3-1); the reasons stand in their content."""


class WebArchive:
    """A DICOMweb service; see `Archive` for the methods.

    Raises
    ------
    NotAvailable
        If dicomweb-client is not installed.
    """

    def __init__(self, address: WebAddress, header_file: Path | None, timeout_s: float) -> None:
        try:
            from dicomweb_client.web import DICOMwebClient
        except ImportError as error:
            raise NotAvailable("DICOMweb needs dicomweb-client: pip install 'deface-compare[archive]'") from error
        self._address = address
        self._session = make_session(header_file)
        timeouts = (CONNECT_S, timeout_s)
        named: dict[str, Any] = {"session": self._session, "timeout": timeouts, "permissive_uid": True}
        self._client = DICOMwebClient(address.url, chunk_size=READ_BYTES, **named)
        self._sender = DICOMwebClient(address.url, chunk_size=ONE_PIECE, **named)
        for client in (self._client, self._sender):
            client.set_http_retry_params(True, ATTEMPTS, WAIT_MS)

    def studies_of(self, patient_id: str) -> list[Study]:
        """The studies of exactly this patient: archives take an id for a pattern, or ignore case."""
        found = self._all(STUDY_UID, self._client.search_for_studies, search_filters={"PatientID": patient_id})
        return [study for study in map(_study, found) if study.patient_id == patient_id]

    def study(self, uid: str) -> Study | None:
        """A study; None if there is no such one."""
        found = self._all(STUDY_UID, self._client.search_for_studies, search_filters={"StudyInstanceUID": uid})
        return next((study for study in map(_study, found) if study.uid == uid), None)

    def series_of(self, study: str) -> list[Series]:
        """The series of a study."""
        search = self._client.search_for_series
        found = self._all(SERIES_UID, search, study_instance_uid=study, fields=["NumberOfSeriesRelatedInstances", "Modality"])
        return [Series(study, _text(each, SERIES_UID), _text(each, MODALITY), _count(each)) for each in found]

    def instances_of(self, series: Series) -> list[Instance]:
        """The objects of a series."""
        uids = {"study_instance_uid": series.study, "series_instance_uid": series.uid}
        found = self._all(SOP_UID, self._client.search_for_instances, series.count, **uids)
        return [Instance(_text(each, SOP_UID), _text(each, SOP_CLASS)) for each in found]

    def fetch(self, series: Series, wanted: Sequence[Instance], keep: Keep, *, whole: bool) -> None:
        """Fetch objects: a whole series in one stream, or one by one."""
        with _told(self._address):
            if whole:
                for dataset in self._client.iter_series(series.study, series.uid, media_types=AS_STORED):
                    keep(str(dataset.SOPInstanceUID), _file_of(dataset))
                return
            for each in wanted:
                dataset = self._client.retrieve_instance(series.study, series.uid, each.uid, media_types=AS_STORED)
                keep(str(dataset.SOPInstanceUID), _file_of(dataset))

    def store(self, files: Sequence[Path], stored: Callable[[int], None]) -> dict[str, str]:
        """Store files in batches; what the archive did not take, by name."""
        failed: dict[str, str] = {}
        for batch in _batches(files):
            datasets = [pydicom.dcmread(path) for path in batch]
            names = {str(dataset.SOPInstanceUID): path.name for dataset, path in zip(datasets, batch, strict=True)}
            answer = self._stored(datasets)
            for each in answer.get("FailedSOPSequence") or ():
                name = names.get(str(each.get("ReferencedSOPInstanceUID", "")), "a file")
                failed[name] = f"the archive refused it (reason {int(each.get('FailureReason') or 0):#06x})"
            stored(len(batch))
        return failed

    def _stored(self, datasets: Sequence[Dataset]) -> Dataset:
        from requests.exceptions import HTTPError

        with _told(self._address):
            try:
                return self._sender.store_instances(datasets)
            except HTTPError as error:
                if error.response is None or error.response.status_code not in PASSING:
                    raise
                try:
                    return Dataset.from_json(error.response.json())
                except (ValueError, *PYDICOM_ERRORS):
                    raise error from None

    def close(self) -> None:
        """End the connection."""
        self._session.close()

    def _all(
        self, key: str, search: Callable[..., list[dict[str, Any]]], expected: int | None = None, **asked: Any
    ) -> list[dict[str, Any]]:
        """Every answer: archives give so many at once as they like, and some know no further ones but give the first again."""
        found: dict[str, dict[str, Any]] = {}
        while True:
            with _told(self._address):
                answers = search(**asked, offset=len(found) or None)
                new = {valid_uid(_text(each, key)): each for each in answers}
            if not new.keys() - found.keys():
                return list(found.values())
            found |= new
            if expected is not None and len(found) >= expected:
                return list(found.values())


def _batches(files: Sequence[Path]) -> Iterator[list[Path]]:
    batch: list[Path] = []
    size = 0
    for path in files:
        length = path.stat().st_size
        if batch and size + length > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += length
    if batch:
        yield batch


def _file_of(dataset: Dataset) -> bytes:
    """An object as a DICOM file; pydicom writes the elements that nobody looked at byte by byte as they came."""
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _study(answer: Mapping[str, Any]) -> Study:
    return Study(_text(answer, STUDY_UID), _text(answer, PATIENT_ID))


def _text(answer: Mapping[str, Any], tag: str) -> str:
    """The single value of an attribute in DICOM's JSON (PS3.18 annex F), ``""`` where there is none."""
    values = (answer.get(tag) or {}).get("Value") or [""]
    return str(values[0] if values[0] is not None else "").strip()


def _count(answer: Mapping[str, Any]) -> int | None:
    text = _text(answer, SERIES_COUNT)
    return int(text) if text.isdigit() else None


@contextmanager
def _told(address: WebAddress) -> Iterator[None]:
    """Turn what the libraries raise into sentences; their own would show queries, in which patients' ids stand."""
    import requests
    from retrying import RetryError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dicomweb-client and pydicom about the archive's ways
            yield
    except requests.exceptions.HTTPError as error:
        raise _of_status(address, error.response.status_code if error.response is not None else 0) from error
    except RetryError as error:
        raise ArchiveSilent(f"{address} is too busy to answer; try again later") from error
    except requests.exceptions.SSLError as error:
        raise ArchiveSilent(
            f"the certificate of {address} is not trusted; name your site's certificates in REQUESTS_CA_BUNDLE"
        ) from error
    except requests.exceptions.TooManyRedirects as error:
        raise ArchiveSilent(f"{address} sends on to another address; give that one") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise ArchiveError("the transfer broke off") from error
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise ArchiveSilent(
            f"{address} cannot be reached, or broke off; check address, network and proxy (https_proxy)"
        ) from error
    except requests.exceptions.JSONDecodeError as error:
        raise ArchiveSilent(f"{address} does not speak DICOMweb; Orthanc's address ends with /dicom-web") from error
    except requests.exceptions.RequestException as error:
        raise ArchiveError(f"the request failed ({type(error).__name__})") from error
    except (InvalidDicomError, *PYDICOM_ERRORS) as error:
        raise ArchiveError(f"the archive's answer is not what DICOMweb says ({type(error).__name__})") from error


def _of_status(address: WebAddress, status: int) -> Exception:
    if status in (401, 403):
        return ArchiveSilent(
            f"{address} lets only known users in (HTTP {status}); put name and password into ~/.netrc or into {USER} and"
            f" {PASSWORD}, or a token into a file for --header-file"
        )
    if status in (404, 405):
        return ArchiveError(f"the archive does not have what was asked for, or {address} is no DICOMweb service (HTTP {status})")
    return ArchiveError(f"the archive answered HTTP {status}")
