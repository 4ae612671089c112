"""One large file over HTTP, taken up again where a transfer stopped; the standard library does it.

`urllib` knows proxies (``https_proxy``, ``no_proxy``), redirects and certificates, and a resumed transfer is one header more.
So neither huggingface_hub nor pooch is needed: the file lies at one address, and its hash is known beforehand.
"""

from __future__ import annotations

import http.client
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, build_opener

from ...errors import NotAvailable
from ...version import __version__

Told = Callable[[int, int], None]
"""``told(done_bytes, total_bytes)``; may raise to stop, and what has come stays for the next time."""
TIMEOUT_S = 30.0
"""A server that says nothing for so long has broken off."""
BREAKS = 4
"""So many transfers in a row may break without one more byte; then it is given up for now."""
WAIT_S = 1.0
"""Before the next try, once more for each break."""
BLOCK_BYTES = 1 << 18
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""HTTP answers that may be another one a moment later."""
PARTIAL, NOT_IN_RANGE = 206, 416
ADVICE = "check the network, the proxy (https_proxy) and DEFACE_COMPARE_MODELS_URL, or pass the file with --file"


class _Broken(Exception):
    """The transfer stopped before the file was whole."""


def download(url: str, part: Path, size_bytes: int, told: Told, further_bytes: int = 0) -> None:
    """Fetch a file.

    Parameters
    ----------
    url : str
        Of ``http`` or ``https``.
    part : Path
        Where it grows. What an earlier transfer left there is kept; the caller checks the whole by its hash.
    size_bytes : int
        Of the whole file, known beforehand.
    told : callable
        Called with the bytes that are there and `size_bytes`.
    further_bytes : int
        Needed on the same disk afterwards.

    Raises
    ------
    NotAvailable
        If the server has no such file or one of another size, the transfer broke for good (what came stays), or no room is
        left on the disk (what came goes).
    """
    breaks, before = 0, _size(part)
    while _size(part) != size_bytes:
        try:
            _transfer(url, part, size_bytes, told, further_bytes)
        except _Broken as broken:
            here = _size(part)
            breaks, before = 1 if here > before else breaks + 1, here
            if breaks >= BREAKS and not here:
                raise NotAvailable(f"{host_of(url)} cannot be reached ({broken}); {ADVICE}") from None
            if breaks >= BREAKS:
                raise NotAvailable(
                    f"the transfer from {host_of(url)} broke at {megabytes(here)} of {megabytes(size_bytes)} ({broken}); "
                    "run the same command again, it goes on from there, or pass the file with --file"
                ) from None
            time.sleep(WAIT_S * breaks)
    told(size_bytes, size_bytes)


def host_of(url: str) -> str:
    """The host of an address, without what may stand before it (a name, a password)."""
    return urlsplit(url).hostname or url


def megabytes(count: float) -> str:
    """A number of bytes for people."""
    return f"{count / 1e6:.1f} MB"


def _transfer(url: str, part: Path, size_bytes: int, told: Told, further_bytes: int) -> None:
    """One connection: on from where the file ends."""
    if _size(part) > size_bytes:
        part.unlink()
    _require_room(part.parent, size_bytes - _size(part) + further_bytes)
    answer = _opened(url, part)
    with answer:
        start = _size(part) if answer.status == PARTIAL else 0
        if answer.status == PARTIAL and not str(answer.headers.get("Content-Range", "")).startswith(f"bytes {start}-"):
            part.unlink()
            raise _Broken("the server went on from another place")
        length = answer.headers.get("Content-Length")
        if length is not None and length.isdigit() and start + int(length) != size_bytes:
            raise NotAvailable(
                f"{host_of(url)} offers {megabytes(start + int(length))}, not the published {megabytes(size_bytes)}: another "
                "file, or a page of a network that asks for a login; pass the file with --file"
            )
        with part.open("ab" if start else "wb") as file:
            done = start
            while block := _block(answer):
                _write(file, block, part)
                done += len(block)
                if done > size_bytes:
                    raise NotAvailable(f"{host_of(url)} sends more than the published {megabytes(size_bytes)}: another file")
                told(done, size_bytes)
    if done < size_bytes:
        raise _Broken("the server ended it")


def _opened(url: str, part: Path) -> Any:
    """The server's answer; asks for the rest where something is there."""
    have = _size(part)
    headers = {"User-Agent": f"DefaceCompare/{__version__}", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        return build_opener().open(Request(url, headers=headers), timeout=TIMEOUT_S)
    except HTTPError as error:
        error.close()
        if error.code == NOT_IN_RANGE:
            part.unlink(missing_ok=True)
            raise _Broken("the server has no such rest of the file") from None
        if error.code in PASSING:
            raise _Broken(f"HTTP {error.code} {error.reason}") from None
        raise NotAvailable(
            f"{host_of(url)} does not give {url.rpartition('/')[2]} (HTTP {error.code} {error.reason}); {ADVICE}"
        ) from None
    except URLError as error:
        raise _Broken(str(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(error) or type(error).__name__) from None


def _block(answer: Any) -> bytes:
    try:
        content: bytes = answer.read(BLOCK_BYTES)
    except http.client.IncompleteRead as error:
        return error.partial
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(error) or type(error).__name__) from None
    return content


def _write(file: Any, block: bytes, part: Path) -> None:
    """Write, or say that the disk is full and leave it as it was."""
    try:
        file.write(block)
        file.flush()
    except OSError as error:
        file.close()
        part.unlink(missing_ok=True)
        raise NotAvailable(f"{part.parent} holds no more ({error.strerror or error}); what had come is removed") from None


def _require_room(folder: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise NotAvailable(
            f"{folder} has {megabytes(free)} of room, and {megabytes(needed_bytes)} are needed; make room, or let "
            "DEFACE_COMPARE_MODELS name another folder"
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
