"""ArcFace models through InsightFace's own loader; the only file that imports insightface.

All of them want RGB pictures as ``(x - 127.5) / 127.5``. Sources: AuraFace's model card runs its file by InsightFace's
`FaceAnalysis` on BGR pictures (huggingface.co/fal/AuraFace-v1, Usage Example); InsightFace's `ArcFaceONNX` takes mean and
standard deviation 127.5 unless the graph begins with a subtraction and a multiplication of its own, and `get_feat` swaps BGR
to RGB (insightface, model_zoo/arcface_onnx.py). Other ports of AuraFace v1 feed the same. What InsightFace takes for a file is
compared with ``data/models.json`` when the file is opened.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import NotAvailable
from .alignment import aligned_face
from .models import Model
from .session import normalised, require_onnx, require_shape, session_options

PACKAGES = {
    "onnxruntime": "onnxruntime",
    "insightface": "insightface",
    "cv2": "opencv-python-headless",
    "requests": "requests",
    "skimage": "scikit-image",
    "tqdm": "tqdm",
}
"""What must be importable to run an ArcFace model, and how pip calls it."""


def missing_packages() -> list[str]:
    """Which of `PACKAGES` are not installed, as pip calls them; nothing is imported."""
    return [package for module, package in PACKAGES.items() if find_spec(module) is None]


def how_to_install_packages() -> str:
    """What installs the packages of ArcFace; insightface asks for more than it needs here, and is taken alone."""
    others = " ".join(package for package in PACKAGES.values() if package not in ("insightface", "onnxruntime"))
    return f"pip install --no-deps insightface, then pip install {others}"


class ArcFaceRecogniser:
    """An ArcFace network (arcface, buffalo_l, antelopev2) opened by `insightface`.

    Parameters
    ----------
    model : Model
        Its entry in ``data/models.json``.
    path : Path
        The verified ``.onnx`` file.

    Raises
    ------
    NotAvailable
        If insightface (or OpenCV, which it needs) is missing, or it would scale pictures otherwise than the entry says.
    """

    def __init__(self, model: Model, path: Path) -> None:
        try:
            from insightface.model_zoo import get_model
        except ImportError as error:
            raise NotAvailable(
                f"{model.title} needs the Python package insightface and what that imports ({error.name or error} is missing): "
                f"{how_to_install_packages()}"
            ) from None
        self.model = model
        require_onnx(path)
        try:
            self._network = get_model(str(path), providers=["CPUExecutionProvider"], sess_options=session_options())
        except Exception as error:  # whatever onnxruntime and insightface raise for a file that is no such network
            raise NotAvailable(f"insightface cannot read the face model {path.name}: {_first_line(error)}") from error
        if self._network is None or not hasattr(self._network, "get_feat"):
            raise NotAvailable(f"insightface does not take {path.name} for a face recognition network")
        size = model.preprocessing
        require_shape(self._network.session, model.title, (3, size.height_px, size.width_px), model.output_length)
        scaling = (self._network.input_mean, self._network.input_std)
        if scaling != (model.preprocessing.mean, model.preprocessing.std):
            raise NotAvailable(f"insightface would scale pictures for {path.name} by {scaling}, which is not how it was trained")

    def crop(self, picture: NDArray[np.uint8], landmarks_px: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Cut out a face as it was trained with, shape (112, 112, 3)."""
        return aligned_face(picture, landmarks_px)

    def embedding(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed an aligned RGB face, shape (112, 112, 3); returns a vector of length one, shape (output_length,)."""
        bgr = np.ascontiguousarray(crop[..., ::-1])  # InsightFace takes OpenCV's channel order and swaps it itself
        return normalised(self._network.get_feat(bgr)[0])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
