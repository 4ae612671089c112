"""A server of one file on loopback, for tests of downloads; its faults are set by the test."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class FileServer:
    """A server of one file, whose faults a test sets.

    Parameters
    ----------
    content : bytes
        What it serves.

    Attributes
    ----------
    cuts : list of int
        Of each answer to come, after how many bytes it breaks off.
    answers : list of int
        HTTP errors to come first.
    seen : list of (str, str)
        Path and Range of each request.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.cuts: list[int] = []  # of each answer to come, after how many bytes it breaks off
        self.answers: list[int] = []  # HTTP errors to come first
        self.ranges = True
        self.moved = False
        self.seen: list[tuple[str, str]] = []  # path, Range
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *of: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range", "")
        self.seen.append((request.path, wanted))
        if self.answers:
            request.send_error(self.answers.pop(0))
            return
        if self.moved and not request.path.startswith("/elsewhere"):
            request.send_response(302)
            request.send_header("Location", f"{self.address}/elsewhere/file")
            request.end_headers()
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(self.content):
            request.send_error(416)
            return
        body = self.content[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body)))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.end_headers()
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
