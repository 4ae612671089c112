"""A DICOMweb service of a few lines: QIDO, WADO and STOW over loopback, from `Contents`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pydicom

from archive_contents import PASSWORD, USER, Contents

PAGE = 3
"""So many answers come at once."""
LEVELS = ("studies", "series", "instances")
KEYS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
BOUNDARY = "a-boundary"
AUTHORISATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@contextmanager
def web_stand_in(contents: Contents) -> Iterator[str]:
    """A service on loopback; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            if not self._known():
                return
            parts = urlsplit(self.path)
            steps = parts.path.strip("/").split("/")[1:]
            named = dict(zip(steps[::2], steps[1::2], strict=False))
            asked = {key: named[level] for level, key in zip(LEVELS, KEYS, strict=True) if level in named}
            if len(steps) % 2:
                self._search(LEVELS.index(steps[-1]), asked, parse_qs(parts.query))
            else:
                self._retrieve(asked)

        def _search(self, level: int, asked: dict[str, str], query: dict[str, list[str]]) -> None:
            asked |= {key: query[key][0] for key in ("PatientID", "StudyInstanceUID") if key in query}
            begin = int(query.get("offset", ["0"])[0])
            found = contents.one_a(KEYS[level], **asked)[begin : begin + PAGE]
            answers = [
                {
                    "0020000D": _value("UI", str(each.StudyInstanceUID)),
                    "0020000E": _value("UI", str(each.SeriesInstanceUID)),
                    "00080018": _value("UI", str(each.SOPInstanceUID)),
                    "00080016": _value("UI", str(each.SOPClassUID)),
                    "00100020": _value("LO", str(each.PatientID)),
                    "00080060": _value("CS", str(each.Modality)),
                    "00201209": _value("IS", contents.count(str(each.SeriesInstanceUID))),
                }
                for each in found
            ]
            self._answer(200, "application/dicom+json", json.dumps(answers).encode())

        def _retrieve(self, asked: dict[str, str]) -> None:
            wanted = contents.matching(**asked)
            given = contents.given_out(wanted)
            broken = bool(contents.breaks) and len(wanted) > len(given)
            contents.breaks -= broken
            if not given:
                self._answer(404, "text/plain", b"")
                return
            body = b"".join(
                b"--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n" % (BOUNDARY.encode(), _file(o)) for o in given
            )
            body += b"--%s--\r\n" % BOUNDARY.encode()
            kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
            self._answer(200, kind, body, missing_bytes=1000 * broken)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not self._known():
                return
            boundary = re.search(r'boundary="?([^";]+)', self.headers["Content-Type"])
            assert boundary is not None
            for part in body.split(b"--" + boundary[1].encode())[1:-1]:
                contents.take(pydicom.dcmread(BytesIO(part.partition(b"\r\n\r\n")[2][:-2])))
            self._answer(200, "application/dicom+json", b"{}")

        def _known(self) -> bool:
            if self.headers.get("Authorization") == AUTHORISATION:
                return True
            self._answer(401, "text/plain", b"")
            return False

        def _answer(self, status: int, kind: str, body: bytes, missing_bytes: int = 0) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) + missing_bytes))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _value(vr: str, value: str | int) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


def _file(dataset: pydicom.FileDataset) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()
