"""A real Orthanc on loopback, where the distribution's packages orthanc and orthanc-dicomweb are installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive_contents import PASSWORD, USER
from dimse_stand_in import KNOWN, free_port

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
START_S = 30.0


@dataclass(frozen=True)
class Orthanc:
    """A server that runs.

    Parameters
    ----------
    http, dicom, listen : int
        Its two ports, and where it sends to by C-MOVE.
    """

    http: int
    dicom: int
    listen: int

    @property
    def web(self) -> str:
        """Its DICOMweb address."""
        return f"http://127.0.0.1:{self.http}/dicom-web"

    @property
    def dimse(self) -> str:
        """Its address for DIMSE."""
        return f"dicom://ORTHANC@127.0.0.1:{self.dicom}?from={KNOWN}"

    def ask(self, path: str, content: bytes | None = None) -> object:
        """Orthanc's own interface, which the program under test does not use."""
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, f"http://127.0.0.1:{self.http}/", USER, PASSWORD)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
        with opener.open(f"http://127.0.0.1:{self.http}/{path}", content, timeout=10) as answer:
            return json.load(answer)


@contextmanager
def running_orthanc(folder: Path) -> Iterator[Orthanc]:
    """Start one with an empty store; skips, with the reason, where there is none."""
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.is_file():
        pytest.skip("no Orthanc with DICOMweb on this machine (apt-get install orthanc orthanc-dicomweb)")
    server = Orthanc(free_port(), free_port(), free_port())
    settings = {
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": server.http,
        "DicomPort": server.dicom,
        "DicomAet": "ORTHANC",
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "Plugins": [str(PLUGIN)],
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomModalities": {KNOWN: [KNOWN, "127.0.0.1", server.listen]},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with (
        (folder / "log.txt").open("wb") as log,
        subprocess.Popen([program, folder / "orthanc.json"], stdout=log, stderr=log) as process,
    ):
        try:
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(server: Orthanc, process: subprocess.Popen[bytes]) -> None:
    end_s = time.monotonic() + START_S
    while True:
        try:
            server.ask("system")
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end_s:
                raise
            time.sleep(0.1)
