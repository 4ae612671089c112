"""Series whose pixels SimpleITK compresses, under headers of pydicom's: what a stream says and what a header says may differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset

COMPRESSORS = {"JPEG": "1.2.840.10008.1.2.4.70", "JPEG2000": "1.2.840.10008.1.2.4.90"}
"""SimpleITK's names and the transfer syntaxes that they write."""


def compress(paths: list[Path], compressor: str, edit: Callable[[Dataset], None] | None = None) -> None:
    """Compress the pixels of files as their headers describe them, then change the headers."""
    for path in paths:
        data = pydicom.dcmread(path)
        stream = path.with_suffix(".stream")
        writer = sitk.ImageFileWriter()
        writer.SetImageIO("GDCMImageIO")
        writer.SetUseCompression(True)
        writer.SetCompressor(compressor)
        writer.SetFileName(str(stream))
        writer.Execute(sitk.GetImageFromArray(data.pixel_array))
        written = pydicom.dcmread(stream)
        stream.unlink()
        assert written.file_meta.TransferSyntaxUID == COMPRESSORS[compressor]
        data.file_meta.TransferSyntaxUID = written.file_meta.TransferSyntaxUID
        data.PixelData = written.PixelData
        data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True
        if edit is not None:
            edit(data)
        data.save_as(path)
