"""dlib's ResNet through dlib itself; the only file that imports dlib.

The network takes RGB pictures of 150 x 150 pixels as they are: its input layer subtracts the means and divides. Its vectors are
compared by their distance, and strangers are to lie more than 0.6 apart (dlib, examples/dnn_face_recognition_ex.cpp). Here they
are brought to length one and compared by their cosine like all others. Both order faces much alike, as the vectors' lengths
differ little; but the cosines of strangers are high, so that no level of another model may be read into them.
"""

from __future__ import annotations

import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import NotAvailable
from .alignment import aligned_face
from .models import Model
from .session import normalised

PACKAGE = "dlib-bin"
"""How pip calls the compiled dlib; the package ``dlib`` is its source, and needs a compiler."""

TEMPLATE_PX = np.array([(47.5492, 46.5990), (100.4761, 46.5990), (74.0127, 76.5625), (50.4149, 103.0233), (97.6104, 103.0233)])
"""Where eyes, nose tip and mouth corners lie in the crop, (x, y), image-left first: the means of 68 points by which dlib cuts out
faces (dlib/image_transforms/interpolation.h, get_face_chip_details), an eye being the mean of its six, at 150 pixels and with a
margin of 0.25 to all sides, as the network was trained. On 12 MR heads (T1 against FLAIR, frontal) the AUC is 0.80 so, and 0.69
to 0.72 with margins of 0.15, 0.35 and 0.5 or by ArcFace's template."""


def missing_packages() -> list[str]:
    """What is not installed, as pip calls it; nothing is imported."""
    return [PACKAGE] if find_spec("dlib") is None else []


def how_to_install_packages() -> str:
    """What installs dlib."""
    return f"pip install {PACKAGE}"


class DlibRecogniser:
    """dlib's face recognition network.

    Parameters
    ----------
    model : Model
        Its entry in ``data/models.json``.
    path : Path
        The verified ``.dat`` file.

    Raises
    ------
    NotAvailable
        If dlib is missing or cannot read the file.
    """

    def __init__(self, model: Model, path: Path) -> None:
        try:
            import dlib
        except ImportError as error:
            raise NotAvailable(
                f"{model.title} needs the Python package dlib ({error.name or error} is missing): {how_to_install_packages()}"
            ) from None
        self.model = model
        self._alone = threading.Lock()  # dlib's network holds what its layers give: it looks at one picture at a time
        try:
            self._network = dlib.face_recognition_model_v1(str(path))
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise NotAvailable(f"dlib cannot read the face model {path.name}: {reason}") from error

    def crop(self, picture: NDArray[np.uint8], landmarks_px: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Cut out a face as dlib does it, shape (150, 150, 3)."""
        return aligned_face(picture, landmarks_px, TEMPLATE_PX, self.model.preprocessing.width_px)

    def embedding(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed an aligned RGB face, shape (150, 150, 3); returns a vector of length one, shape (output_length,)."""
        with self._alone:
            vector = self._network.compute_face_descriptor(np.ascontiguousarray(crop))
        return normalised(np.asarray(vector))
