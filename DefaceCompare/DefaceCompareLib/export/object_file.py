"""Writing one exported DICOM object: new file meta, empty preamble, nothing after the last element."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ..writers.dicom_study import IMPLEMENTATION_UID, replace_file


def write_object(data: Dataset, path: Path, *, plain: bool = False) -> None:
    """Write an object under a temporary name and rename it.

    Parameters
    ----------
    plain : bool
        Explicit VR little endian whatever the source was (pixels were edited). Else the source's syntax stays, so that what was
        not touched stays byte for byte; big endian, retired, becomes little endian.
    """
    syntax = UID(str(data.file_meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian))
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(str(data.SOPClassUID))
    meta.MediaStorageSOPInstanceUID = UID(str(data.SOPInstanceUID))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if plain or syntax == ExplicitVRBigEndian else syntax
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    content = BytesIO()
    data.file_meta, data.preamble = meta, bytes(128)
    dcmwrite(content, data, enforce_file_format=True)  # save_as would refuse to turn big endian round
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content.getvalue())
