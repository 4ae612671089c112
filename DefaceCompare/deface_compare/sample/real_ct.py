"""A real head CT for ``make demo-ct``: asks, fetches Debian's package ``invesalius-examples`` and converts its example head."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import DefaceCompareError, UnusableInput

PACKAGE = "invesalius-examples"
MEMBER = Path("usr/share/doc/invesalius-examples/examples/Cranium.inv3")
MEMBER_SHA256 = "3b34f11f7c4f557f4c65cd6543c412a2f6ceb0cfecfd9c41184420e02d9b7e2a"
"""Of version 3.1.99998-4; the head was checked in that version only."""
SHAPE_ZYX = (108, 256, 256)
SPACING_MM = (0.9570312, 0.9570312, 1.5)
"""Read from the file's own plist; ``matrix.dat`` is int16 in HU, rows stored from posterior to anterior."""
QUESTION = (
    f"This downloads Debian's package {PACKAGE} (GPL-2), which holds the CT of a real head, into {{folder}}.\n"
    "Its pictures show a real person: keep them to yourself. Continue? [y/N] "
)


def fetch_package_member(folder: Path) -> bytes:
    """Download the package without root (``apt-get download``, ``dpkg -x``) and return the example, hash-checked.

    Raises
    ------
    UnusableInput
        If apt or dpkg are missing or fail, or the file is not the known one.
    """
    try:
        subprocess.run(["apt-get", "download", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = folder.glob(f"{PACKAGE}_*.deb")
        subprocess.run(["dpkg", "-x", archive.name, "unpacked"], cwd=folder, check=True)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise UnusableInput(
            f"the Debian package {PACKAGE} could not be fetched ({error}); this demo needs Debian or Ubuntu with apt lists"
        ) from error
    content = (folder / "unpacked" / MEMBER).read_bytes()
    if hashlib.sha256(content).hexdigest() != MEMBER_SHA256:
        raise UnusableInput(f"{MEMBER.name} of package {PACKAGE} is not the version this demo knows; nothing was converted")
    return content


def convert(content: bytes) -> sitk.Image:
    """Convert the InVesalius project to a CT in LPS mm; rows are flipped, since it keeps them bottom-up."""
    with tarfile.open(fileobj=io.BytesIO(content)) as project:
        name = next(member.name for member in project.getmembers() if member.name.endswith("matrix.dat"))
        stream = project.extractfile(name)
        assert stream is not None
        voxels = np.frombuffer(stream.read(), dtype="<i2").reshape(SHAPE_ZYX)
    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels[:, ::-1, :]))
    image.SetSpacing(SPACING_MM)
    return image


def main(argv: list[str] | None = None) -> int:
    """Ask, fetch, convert; write ``OUT/ct.nrrd`` and ``OUT/case.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(argv)
    if (options.out / "case.json").is_file():
        return 0
    if not options.yes and input(QUESTION.format(folder=options.out)).strip().lower() not in ("y", "yes"):
        print("Nothing was downloaded.", file=sys.stderr)
        return 2
    try:
        with tempfile.TemporaryDirectory() as folder:
            image = convert(fetch_package_member(Path(folder)))
    except DefaceCompareError as error:
        print(error, file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    sitk.WriteImage(image, str(options.out / "ct.nrrd"), True)
    (options.out / "case.json").write_text(json.dumps({"id": "cranium", "images": {"CT": "ct.nrrd"}}) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
