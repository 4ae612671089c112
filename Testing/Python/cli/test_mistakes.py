"""What the command line says to a mistyped command, option, method, variant or face model, and what its help shows."""

from __future__ import annotations

import shlex

import pytest

from deface_compare.cli.main import main, make_parser
from deface_compare.cli.parser import CommandParser
from deface_compare.privacy.networks.models import CACHE_VARIABLE, known_models
from deface_compare.settings import VARIANTS

COMMANDS = (
    "sample",
    "fetch",
    "check",
    "case",
    "study",
    "report",
    "pool",
    "export",
    "share",
    "bids-app",
    "send",
    "models",
    "methods",
    "names",
)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of a command that ends with 2."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(str(end.code))
    lines = capsys.readouterr().err.splitlines()
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("deface-compare: ")
    return lines[0]


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("stduy COHORT --out OUT", "there is no command 'stduy'; did you mean study?"),
        ("models lst", "did you mean list?"),
        ("study COHORT --otu OUT", "study: there is no option --otu; did you mean --out?"),
        ("case PATIENT --out OUT --metods=quickshear", "case: there is no option --metods; did you mean --methods?"),
        ("case PATIENT --out OUT --fill backgroud", "there is no value of --fill 'backgroud'; did you mean background?"),
        ("case PATIENT --out OUT --methods quikshear", "there is no method 'quikshear'; did you mean quickshear?"),
        ("case PATIENT --out OUT --methods surface-blur", "there is no method 'surface-blur'; did you mean surface_blur?"),
        ("case PATIENT --out OUT --variant quickshear=nipi", "method quickshear has no variant 'nipi'; did you mean nipy?"),
        ("case PATIENT --out OUT --face-model sfase", "there is no face model 'sfase'; did you mean sface?"),
        ("sample COHORT --difficulty bollus", "there is no difficulty called 'bollus'; did you mean bolus?"),
        ("sample COHORT MORE", "sample: 'MORE' is one argument too many"),
    ],
)
def test_a_mistyped_word_is_told_with_the_nearest_one(line: str, near: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert near in told(capsys, *shlex.split(line))


def test_a_word_that_is_near_to_none_is_told_with_all(capsys: pytest.CaptureFixture[str]) -> None:
    line = told(capsys, "case", "PATIENT", "--out", "OUT", "--protect", "xyz")
    assert "there is no value of --protect 'xyz'; choose one of none, targets, brain+targets" in line
    assert "choose one of quickshear, biometric_mask" in told(capsys, "case", "PATIENT", "--out", "OUT", "--methods", "xyz")


def test_arcface_is_told_with_its_licence_and_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("models")))
    line = told(capsys, "case", "PATIENT", "--out", "OUT", "--face-model", "arcface")
    assert "face model ArcFace (AuraFace v1) is missing: run `deface-compare models get arcface`" in line
    assert known_models()["arcface"].licence in line
    assert line.endswith("or compare without face scores: --face-model none")


def test_a_face_model_that_is_asked_for_and_does_not_lie_here_is_told_before_anything_is_computed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("models")))
    line = told(capsys, "study", "COHORT", "--out", "OUT", "--face-model", "sface")
    assert "face model SFace is missing: run `deface-compare models get sface`" in line


def parsers() -> dict[str, CommandParser]:
    return make_parser().commands()


def test_every_command_is_known_and_none_takes_an_input_called_input() -> None:
    assert set(parsers()) == set(COMMANDS)
    for name, parser in parsers().items():
        assert "INPUT" not in parser.format_usage(), name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_in_a_help_are_command_lines_that_it_takes(name: str) -> None:
    examples = parsers()[name].format_help().partition("examples:\n")[2].splitlines()
    assert examples
    for example in examples:
        program, command, *arguments = shlex.split(example, comments=True)
        assert (program, command) == ("deface-compare", name)
        make_parser().parse_all([command, *arguments])


def test_help_groups_the_options_and_lists_every_variant() -> None:
    for name in ("case", "study"):
        text = parsers()[name].format_help()
        headings = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
        assert headings == [
            *("positional arguments:", "options:", "output:", "methods:", "reading:", "recognition:", "running:", "examples:")
        ]
        for method, variants in VARIANTS.items():
            for variant in variants:
                assert f"{method}={variant}" in text
