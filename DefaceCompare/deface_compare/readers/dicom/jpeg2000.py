"""What a JPEG 2000 stream says of its numbers beside the DICOM header: decoders follow the header without a word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import get_j2k_parameters
from pydicom.uid import HTJ2K, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, JPEG2000Lossless

from ...errors import UnusableInput
from .dicom_file import read_file
from .header import Header, naming_file

SYNTAXES = frozenset({JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K})


@naming_file
def refuse_other_sign(header: Header, stored: NDArray[np.integer]) -> None:
    """Raise `UnusableInput` if pixels were compressed as signed numbers, and a header makes large ones of the negative.

    Parameters
    ----------
    stored : ndarray, shape (rows, columns)
        The slice's integers, as the header has them.
    """
    data = header.dataset
    if str(data.file_meta.get("TransferSyntaxUID")) not in SYNTAXES or int(data.PixelRepresentation):
        return
    if not int(stored.max()) >> (int(data.BitsStored) - 1):
        return  # read alike with a sign and without one
    stream = next(generate_frames(read_file(header.path).data.PixelData, number_of_frames=1))
    if get_j2k_parameters(stream).get("is_signed"):
        raise UnusableInput(
            f"{header.path.name} says that its pixels have no sign (PixelRepresentation), and they were compressed with one;"
            " export the series uncompressed from its archive"
        )
