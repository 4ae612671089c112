"""The files of one image series: what all slices share is encoded once, each slice adds its own elements."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.tag import BaseTag

from .dicom_study import replace_file

PREAMBLE = bytes(128) + b"DICM"


class SliceFiles:
    """Writes DICOM files (explicit VR, little endian) that differ in a few elements only.

    Encoding 70 elements with pydicom takes 10 ms, splicing six into them 1 ms; the bytes are those of `Dataset.save_as`.

    Parameters
    ----------
    shared : pydicom.Dataset
        All elements, with `file_meta`, that the slices have in common.
    """

    def __init__(self, shared: Dataset) -> None:
        self.meta = shared.file_meta
        self.encoding = shared.SpecificCharacterSet
        self.shared = self._encoded(shared)

    def save(self, own: Dataset, path: Path) -> None:
        """Write one slice: the shared elements and `own`, which must hold SOPInstanceUID and replaces what it repeats."""
        self.meta.MediaStorageSOPInstanceUID = own.SOPInstanceUID
        head = _little_endian_buffer()
        write_file_meta_info(head, self.meta)
        elements = self.shared | self._encoded(own)
        replace_file(path, PREAMBLE + head.getvalue() + b"".join(elements[tag] for tag in sorted(elements)))

    def _encoded(self, data: Dataset) -> dict[BaseTag, bytes]:
        """The bytes of each element."""
        elements = {}
        for element in data:
            buffer = _little_endian_buffer()
            write_data_element(buffer, element, self.encoding)
            elements[element.tag] = buffer.getvalue()
        return elements


def _little_endian_buffer() -> DicomBytesIO:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    return buffer
