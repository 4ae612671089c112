"""Downloads against a server on loopback: whole, broken, resumed, another file, a proxy, no room; the network is a stand-in.

The published ArcFace file lies on the internet and is not fetched here: a small graph of the same signature (1x3x112x112 to
1x512) takes its place, with its own hash in the list of models.
"""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deface_compare.cli.main import main
from deface_compare.errors import NotAvailable, UnusableInput
from deface_compare.privacy.networks import download as transfer
from deface_compare.privacy.networks import install_model, models
from deface_compare.progress import Cancelled
from file_server import FileServer

onnx = pytest.importorskip("onnx")
LENGTH, BLOCKS = 512, 147
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


def stand_in() -> bytes:
    """An ONNX network of ArcFace's signature: block means times random weights, 1x3x112x112 to 1x512; 0.3 MB."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = np.random.default_rng(1).normal(size=(LENGTH, BLOCKS)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["x"], ["means"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("x", kind, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("y", kind, [1, LENGTH])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(made.SerializeToString())


NETWORK = stand_in()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    made = FileServer(NETWORK)
    monkeypatch.setattr(transfer, "WAIT_S", 0.0)
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FileServer) -> Path:
    """An empty models folder, and a list of models in which the stand-in's hash and address stand for ArcFace."""
    monkeypatch.setenv(models.CACHE_VARIABLE, str(tmp_path / "models"))
    monkeypatch.delenv(models.MIRROR_VARIABLE, raising=False)
    digest = hashlib.sha256(NETWORK).hexdigest()
    entry = dataclasses.replace(
        models.known_model("arcface"),
        sha256=digest,
        size_bytes=len(NETWORK),
        download_bytes=len(NETWORK),
        url=f"{server.address}/glintr100.onnx",
    )
    zipped = _zipped("w600k_r50.onnx", NETWORK)
    research = dataclasses.replace(
        models.known_model("buffalo_l"),
        sha256=digest,
        size_bytes=len(NETWORK),
        download_bytes=len(zipped),
        url=f"{server.address}/buffalo_l.zip",
    )
    known = {**models.known_models(), "arcface": entry, "buffalo_l": research}
    monkeypatch.setattr(models, "known_models", lambda: known)
    return tmp_path / "models"


def _zipped(name: str, content: bytes) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("det_10g.onnx", b"another network of the archive")
        archive.writestr(name, content)
    return stream.getvalue()


def _file(folder: Path) -> Path:
    return folder / models.known_model("arcface").file


def test_the_entry_names_one_file_at_one_revision_under_a_free_licence() -> None:
    entry = models.known_models()["arcface"]
    assert entry.title == "ArcFace (AuraFace v1)"
    assert entry.sha256 == "a7933ea5330113b01c9b60351d8f4c33003f145d8470ac5f0e52ee2effe25c60"
    assert entry.url.startswith("https://huggingface.co/fal/AuraFace-v1/resolve/af6d057c9b0ec4071d4c49c80e3539258798b609/")
    assert entry.url.endswith("/glintr100.onnx")
    assert (entry.licence.split()[0], entry.research_only) == ("Apache-2.0", False)
    files = [model.file for model in models.known_models().values()]
    assert len(set(files)) == len(files)  # antelopev2's network has AuraFace's name


def test_a_model_is_downloaded_checked_and_noted(folder: Path, server: FileServer) -> None:
    told: list[tuple[int, int]] = []
    state = install_model.get_model("arcface", told=lambda done, total: told.append((done, total)))
    assert state.status == "ok"
    assert _file(folder).read_bytes() == NETWORK
    assert told[-1] == (len(NETWORK), len(NETWORK))
    assert json.loads((folder / f"{state.path.name}.json").read_text())["sha256"] == hashlib.sha256(NETWORK).hexdigest()
    install_model.get_model("arcface")
    assert server.seen == [("/glintr100.onnx", "")]  # what is there is not fetched again


def test_a_broken_transfer_goes_on_where_it_stopped(folder: Path, server: FileServer) -> None:
    server.cuts = [100_000, 50_000]
    assert install_model.get_model("arcface").status == "ok"
    assert server.seen == [("/glintr100.onnx", ""), ("/glintr100.onnx", "bytes=100000-"), ("/glintr100.onnx", "bytes=150000-")]


def test_a_transfer_that_breaks_for_good_is_one_sentence_and_the_next_call_goes_on(folder: Path, server: FileServer) -> None:
    server.cuts = [100_000, *[0] * 20]
    with pytest.raises(
        NotAvailable, match=r"transfer from 127\.0\.0\.1 broke at 0\.1 MB of 0\.3 MB .* it goes on from there"
    ) as raised:
        install_model.get_model("arcface")
    assert "\n" not in str(raised.value)
    assert len(server.seen) == transfer.BREAKS
    assert models.verify_model("arcface").status == "missing"
    server.cuts, server.seen = [], []
    assert install_model.get_model("arcface").status == "ok"
    assert server.seen == [("/glintr100.onnx", "bytes=100000-")]


def test_a_server_without_ranges_starts_over(folder: Path, server: FileServer) -> None:
    server.ranges, server.cuts = False, [100_000]
    assert install_model.get_model("arcface").status == "ok"
    assert _file(folder).read_bytes() == NETWORK


def test_a_part_of_another_file_is_thrown_away_and_fetched_again(folder: Path, server: FileServer) -> None:
    folder.mkdir()
    models.part_path(_file(folder)).write_bytes(b"x" * 1000)
    assert install_model.get_model("arcface").status == "ok"
    assert [asked for _, asked in server.seen] == ["bytes=1000-", ""]
    assert _file(folder).read_bytes() == NETWORK


def test_a_part_longer_than_the_file_is_thrown_away(folder: Path, server: FileServer) -> None:
    folder.mkdir()
    models.part_path(_file(folder)).write_bytes(b"x" * (len(NETWORK) + 1))
    assert install_model.get_model("arcface").status == "ok"
    assert server.seen == [("/glintr100.onnx", "")]


def test_another_file_of_the_same_size_is_never_installed(folder: Path, server: FileServer) -> None:
    server.content = NETWORK[:-1] + bytes([NETWORK[-1] ^ 1])
    with pytest.raises(
        UnusableInput, match=r"what 127\.0\.0\.1 sent is not the published file of ArcFace .*SHA-256 is .* removed"
    ):
        install_model.get_model("arcface")
    assert [path.suffix for path in folder.iterdir()] == [".lock"]


@pytest.mark.parametrize("page", [b"<html>please log in</html>", NETWORK + b"more"])
def test_a_file_of_another_size_is_refused_before_it_is_fetched(folder: Path, server: FileServer, page: bytes) -> None:
    server.content = page
    with pytest.raises(NotAvailable, match=r"127\.0\.0\.1 offers .* not the published 0\.3 MB: another file"):
        install_model.get_model("arcface")
    assert not models.part_path(_file(folder)).exists()


@pytest.mark.parametrize(("code", "words"), [(404, "HTTP 404 Not Found"), (403, "HTTP 403 Forbidden")])
def test_a_file_that_the_server_does_not_give_is_one_sentence(folder: Path, server: FileServer, code: int, words: str) -> None:
    server.answers = [code]
    with pytest.raises(NotAvailable, match=rf"does not give glintr100\.onnx \({words}\); check the network, the proxy"):
        install_model.get_model("arcface")
    assert len(server.seen) == 1


def test_a_server_that_is_busy_for_a_moment_is_asked_again(folder: Path, server: FileServer) -> None:
    server.answers = [503, 429]
    assert install_model.get_model("arcface").status == "ok"


def test_a_redirected_download_keeps_its_place(folder: Path, server: FileServer) -> None:
    server.moved, server.cuts = True, [100_000]
    assert install_model.get_model("arcface").status == "ok"
    assert server.seen[-1] == ("/elsewhere/file", "bytes=100000-")


def test_a_server_that_cannot_be_reached_is_one_sentence(folder: Path, server: FileServer) -> None:
    server.close()
    with pytest.raises(NotAvailable, match=r"127\.0\.0\.1 cannot be reached \(.*refused.*\); check the network, the proxy"):
        install_model.get_model("arcface")


def test_a_mirror_serves_the_file_by_its_name_here(folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(models.MIRROR_VARIABLE, f"{server.address}/models/")
    assert install_model.get_model("arcface").status == "ok"
    assert install_model.get_model("buffalo_l", research_only=True).status == "ok"  # the network itself, no zip file
    assert [path for path, _ in server.seen] == ["/models/auraface_v1_glintr100.onnx", "/models/w600k_r50.onnx"]
    monkeypatch.setenv(models.MIRROR_VARIABLE, "file:///mnt/models")
    with pytest.raises(UnusableInput, match="DEFACE_COMPARE_MODELS_URL is 'file:///mnt/models'; give an address that begins"):
        models.address(models.known_model("arcface"))


def test_a_proxy_named_in_the_environment_is_used(folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.setenv(models.MIRROR_VARIABLE, "http://models.invalid")  # no such host: only the proxy can answer
    assert install_model.get_model("arcface").status == "ok"
    assert server.seen == [("http://models.invalid/auraface_v1_glintr100.onnx", "")]


def test_too_little_room_is_said_before_a_byte_is_fetched(
    folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100_000))
    with pytest.raises(NotAvailable, match=r"models has 0\.1 MB of room, and 0\.3 MB are needed; make room"):
        install_model.get_model("arcface")
    assert server.seen == []


def test_a_disk_that_fills_up_on_the_way_is_left_as_it_was(
    folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = transfer._write

    def full(file: Any, block: bytes, part: Path) -> None:
        class Full:
            def write(self, content: bytes) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            def close(self) -> None:
                file.close()

        real(Full(), block, part)

    monkeypatch.setattr(transfer, "_write", full)
    with pytest.raises(NotAvailable, match=r"models holds no more \(No space left on device\); what had come is removed"):
        install_model.get_model("arcface")
    assert [path.suffix for path in folder.iterdir()] == [".lock"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_an_interrupted_download_is_taken_up_again(folder: Path, server: FileServer, stop: type[BaseException]) -> None:
    def told(done: int, total: int) -> None:
        if done >= transfer.BLOCK_BYTES:
            raise stop

    with pytest.raises(stop):
        install_model.get_model("arcface", told=told)
    here = models.part_path(_file(folder)).stat().st_size
    assert here == transfer.BLOCK_BYTES
    assert install_model.get_model("arcface").status == "ok"
    assert server.seen[-1] == ("/glintr100.onnx", f"bytes={here}-")


def test_a_second_process_that_fetches_the_same_is_told(folder: Path, server: FileServer) -> None:
    from deface_compare.output.lock import sole_use

    folder.mkdir()
    with (
        sole_use(folder / f"{_file(folder).name}.lock", "busy"),
        pytest.raises(UnusableInput, match=r"another process is fetching ArcFace \(AuraFace v1\)"),
    ):
        install_model.get_model("arcface")


def test_of_a_zip_file_only_the_listed_network_is_kept(folder: Path, server: FileServer) -> None:
    server.content = _zipped("w600k_r50.onnx", NETWORK)
    server.cuts = [100_000]
    assert install_model.get_model("buffalo_l", research_only=True).status == "ok"
    assert sorted(path.name for path in folder.iterdir()) == ["w600k_r50.onnx", "w600k_r50.onnx.json", "w600k_r50.onnx.lock"]


def test_a_zip_file_of_another_network_is_never_installed(folder: Path, server: FileServer) -> None:
    server.content = _zipped("w600k_r50.onnx", NETWORK[::-1])
    with pytest.raises(UnusableInput, match=r"not the published file of ArcFace buffalo_l .*SHA-256"):
        install_model.get_model("buffalo_l", research_only=True)
    assert models.verify_model("buffalo_l").status == "missing"


@pytest.mark.parametrize("options", [(), ("--yes",), ("--file", "{tmp}/own.onnx"), ("--yes", "--file", "{tmp}/own.onnx")])
def test_a_licence_for_research_only_needs_its_own_consent(
    folder: Path, server: FileServer, tmp_path: Path, capsys: Any, options: tuple[str, ...]
) -> None:
    (tmp_path / "own.onnx").write_bytes(NETWORK)
    given = [option.format(tmp=tmp_path) for option in options]
    assert main(["models", "get", "buffalo_l", *given]) == 2
    told = capsys.readouterr().err
    assert "available for non-commercial research purposes only" in told  # the licence's own words
    assert "is for non-commercial research only: if that is your use, say so with --research-only" in told
    assert server.seen == []
    assert models.verify_model("buffalo_l").status == "missing"
    server.content = _zipped("w600k_r50.onnx", NETWORK)
    assert main(["models", "get", "buffalo_l", "--research-only", *(given or ["--yes"])]) == 0
    assert models.verify_model("buffalo_l").status == "ok"


@pytest.mark.parametrize(("answer", "status"), [("y\n", "ok"), ("n\n", "missing"), ("\n", "missing"), ("", "missing")])
def test_a_person_is_asked_with_size_licence_and_source(
    folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch, capsys: Any, answer: str, status: str
) -> None:
    terminal = SimpleNamespace(isatty=lambda: True, readline=lambda: answer)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert main(["models", "get", "arcface"]) == 0
    told = capsys.readouterr()
    for words in (
        "ArcFace (AuraFace v1), 0.3 MB, licence: Apache-2.0",
        server.address,
        "fal/AuraFace-v1",
        str(_file(folder)),
        "[y/N]",
    ):
        assert words in told.err
    assert models.verify_model("arcface").status == status
    assert (told.out.strip() == "nothing was fetched") == (status == "missing")


def test_nobody_to_ask_is_said(folder: Path, server: FileServer, capsys: Any) -> None:
    assert main(["models", "get", "arcface"]) == 2
    assert "nobody is there to be asked; --yes downloads without a question" in capsys.readouterr().err
    assert server.seen == []


def test_without_internet_a_file_is_enough(folder: Path, server: FileServer, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "glintr100.onnx").write_bytes(NETWORK)
    assert main(["models", "get", "arcface", "--file", str(tmp_path / "glintr100.onnx")]) == 0
    assert "arcface: ok (Apache-2.0 (weights))" in capsys.readouterr().out
    assert server.seen == []


def test_progress_is_told_a_percent_at_a_time(folder: Path, server: FileServer, capsys: Any) -> None:
    assert main(["models", "get", "arcface", "--yes", "--progress", "json"]) == 0
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert steps[-1] == {"done": 100, "total": 100, "text": "models are in place"}
    assert "arcface: 0 of 0 MB" in [step["text"] for step in steps]


def test_a_downloaded_network_runs_through_insightface(folder: Path, server: FileServer) -> None:
    pytest.importorskip("insightface")
    pytest.importorskip("cv2")
    from deface_compare.privacy.networks.recogniser import open_recogniser

    install_model.get_model("arcface")
    opened = open_recogniser("arcface")
    assert opened.model.title == "ArcFace (AuraFace v1)"
    crop = np.random.default_rng(2).integers(0, 256, (112, 112, 3)).astype(np.uint8)
    session = pytest.importorskip("onnxruntime").InferenceSession(NETWORK, providers=["CPUExecutionProvider"])
    pixels = ((crop.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]  # RGB, as the entry says
    wanted = session.run(None, {"x": pixels})[0][0]
    np.testing.assert_allclose(opened.embedding(crop), wanted / np.linalg.norm(wanted), atol=1e-6)  # measured 5e-8
