"""Archives of every kind, on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from archive_contents import PASSWORD, USER, Contents
from deface_compare.archives.credentials import PASSWORD as PASSWORD_VARIABLE
from deface_compare.archives.credentials import USER as USER_VARIABLE
from dimse_stand_in import dimse_stand_in, free_port
from orthanc import Orthanc, running_orthanc
from web_stand_in import web_stand_in

WEB, GET, MOVE = "DICOMweb", "C-GET", "C-MOVE"

StandIn = Callable[[Contents], str]
"""Starts a stand-in with these contents; gives its address."""


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own name and password in the environment, no proxy between."""
    pytest.importorskip("dicomweb_client", reason="needs the extra archive (Testing/requirements.txt)")
    pytest.importorskip("pynetdicom", reason="needs the extra archive (Testing/requirements.txt)")
    monkeypatch.setenv(USER_VARIABLE, USER)
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(params=[WEB, GET, MOVE])
def stand_in(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """One archive after the other, of each kind."""
    with ExitStack() as stack:
        yield lambda contents: stand_in_of(request.param, contents, stack)


@pytest.fixture
def web(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A DICOMweb archive."""
    with ExitStack() as stack:
        yield lambda contents: stand_in_of(WEB, contents, stack)


def stand_in_of(kind: str, contents: Contents, stack: ExitStack) -> str:
    """Start an archive that the stack ends."""
    if kind == WEB:
        return stack.enter_context(web_stand_in(contents))
    if kind == GET:
        return stack.enter_context(dimse_stand_in(contents))
    port = free_port()
    return f"{stack.enter_context(dimse_stand_in(contents, port))}&listen={port}"


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    """A real Orthanc with an empty store."""
    folder = tmp_path / "orthanc"
    folder.mkdir()
    with running_orthanc(folder) as server:
        yield server
