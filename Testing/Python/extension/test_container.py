"""Container, XNAT command and conda recipe: what their readers ask of them, and that they agree with the project."""

from __future__ import annotations

import json
import re
import shlex
import sys
from typing import Any

import pytest

from deface_compare.cli.main import make_parser
from deface_compare.settings import DEFAULT_METHODS
from deface_compare.version import __version__
from places import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONTAINER = ROOT / "Resources" / "Container"
CONDA_NAMES = {"vtk": "vtk-base", "dask": "dask-core"}
"""Packages that conda-forge calls otherwise."""


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments; continued lines are joined."""
    lines = [line for line in (CONTAINER / "Dockerfile").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest.strip()) for line in text.splitlines() if line.strip() for word, _, rest in [line.partition(" ")]]


def test_the_image_ends_as_another_user_than_root_and_is_checked() -> None:
    found = instructions()
    users = [rest for word, rest in found if word == "USER"]
    assert users == ["10001"]
    last_run = max(number for number, (word, _) in enumerate(found) if word == "RUN")
    assert last_run < [word for word, _ in found].index("USER")
    assert [rest for word, rest in found if word == "HEALTHCHECK"] == [
        '--interval=5m --timeout=30s CMD ["deface-compare", "--version"]'
    ]
    assert ("ENTRYPOINT", '["deface-compare"]') in found


def test_the_base_is_pinned_and_can_be_chosen() -> None:
    (base,) = [rest for word, rest in instructions() if word == "ARG" and rest.startswith("BASE=")]
    assert re.fullmatch(r"BASE=docker\.io/library/python:\d+\.\d+\.\d+-slim-\w+", base)
    assert [rest.split()[0] for word, rest in instructions() if word == "FROM"] == ["${BASE}", "${BASE}"]


def test_nothing_but_the_library_goes_into_the_image() -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert allowed[0] == "*"
    copied = [word for key, rest in instructions() if key == "COPY" and "--from" not in rest for word in rest.split()[:-1]]
    assert set(copied) == {line[1:] for line in allowed if line.startswith("!")}
    assert not re.search(r"secret|password|token", (CONTAINER / "Dockerfile").read_text(encoding="utf-8"), re.IGNORECASE)


def test_the_version_of_image_command_and_recipe_is_that_of_the_library() -> None:
    assert ("ARG", f"VERSION={__version__}") in instructions()
    assert command()["version"] == __version__
    assert command()["image"].endswith(f":{__version__}")
    assert recipe()["context"]["version"] == __version__
    assert f"deface-compare:{__version__}" in (ROOT / "Resources" / "Cluster" / "kubernetes.yaml").read_text(encoding="utf-8")


def command() -> dict[str, Any]:
    return json.loads((CONTAINER / "xnat_command.json").read_text(encoding="utf-8"))


def test_the_command_of_xnat_is_a_command_of_ours_when_its_inputs_are_filled_in() -> None:
    line = command()["command-line"]
    for each in command()["inputs"]:
        assert each["replacement-key"] in line
        line = line.replace(each["replacement-key"], each["default-value"])
    arguments = make_parser().parse_args(shlex.split(line))
    assert arguments.methods == list(DEFAULT_METHODS)
    assert (str(arguments.input), str(arguments.out)) == ("/input", "/outputs")


def test_every_name_that_the_command_of_xnat_refers_to_is_there() -> None:
    told = command()
    mounts = {mount["name"]: mount for mount in told["mounts"]}
    assert (mounts["input"]["writable"], mounts["outputs"]["writable"]) == (False, True)
    assert {output["mount"] for output in told["outputs"]} <= set(mounts)
    for wrapper in told["xnat"]:
        inputs = {each["name"] for each in wrapper["external-inputs"]}
        assert {each["provides-files-for-command-mount"] for each in wrapper["external-inputs"]} == {"input"}
        for handler in wrapper["output-handlers"]:
            assert handler["accepts-command-output"] in {output["name"] for output in told["outputs"]}
            assert handler["as-a-child-of"] in inputs


def recipe() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / "Resources" / "Conda" / "recipe.yaml").read_text(encoding="utf-8"))


def test_the_recipe_of_conda_asks_for_what_the_package_asks_for() -> None:
    lines = (ROOT / "DefaceCompare/deface_compare/data/requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {}
    for line in lines:
        name, bound = re.match(r"([\w.-]+)>=([\d.]+)", line).groups()  # type: ignore[union-attr]
        wanted[CONDA_NAMES.get(name.lower(), name.lower())] = bound
    asked = dict(re.match(r"([\w-]+) >=(.+)", line).groups() for line in recipe()["requirements"]["run"])  # type: ignore[union-attr,misc]
    assert asked.pop("python") == "${{ python_min }}"
    assert asked == wanted


def test_the_recipe_of_conda_makes_the_command_and_names_the_licences() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((name, place),) = project["scripts"].items()
    assert recipe()["build"]["python"]["entry_points"] == [f"{name} = {place}"]
    assert recipe()["about"]["license_file"] == project["license-files"]
    assert recipe()["context"]["python_min"] == project["requires-python"].removeprefix(">=")


def test_rattler_build_renders_the_recipe() -> None:
    rattler = pytest.importorskip("rattler_build")
    stage = rattler.Stage0Recipe.from_yaml((ROOT / "Resources" / "Conda" / "recipe.yaml").read_text(encoding="utf-8"))
    (variant,) = stage.render(rattler.VariantConfig())
    assert str(variant.recipe.package.version) == __version__
