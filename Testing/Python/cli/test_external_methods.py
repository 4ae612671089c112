"""The options that bring in tools that are not ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from deface_compare.cli import methods as cli_methods
from deface_compare.cli.main import main, make_parser
from deface_compare.defacers import REGISTRY
from deface_compare.defacers.external.command import ExternalCommand
from deface_compare.defacers.external.folder import ExternalFolder
from deface_compare.errors import UnusableInput

TOOL = "[my_tool]\ncommand = ['tool', '{input}', '{output}']\n"


def methods_of(*options: str) -> list[object]:
    return list(cli_methods.methods_of(make_parser().parse_args(["case", "IN", "--out", "OUT", *options])))


def test_every_known_tool_is_listed_with_what_it_lacks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["methods"]) == 0
    printed = capsys.readouterr().out
    keys = [line.split()[0] for line in printed.splitlines() if not line.startswith(" ")]
    ready = [
        "mri_reface",
        "curatai",
        "pydeface",
        "afni_refacer",
        "deepdefacer",
        "spm_deface",
        "totalsegmentator_face",
        "petdeface",
        "luwakx",
        "mede",
    ]
    assert keys == [*(method.key for method in REGISTRY), "quickshear_1.2.0", *ready]
    assert "not available: run_mri_reface.sh is not on the PATH" in printed
    assert (
        "not available: pydeface is not on the PATH (install it: pip install pydeface, and FSL, or import its results" in printed
    )
    assert "octave-cli is not on the PATH (install it: GNU Octave, and SPM12 with its mex files" in printed
    assert "or import its results with --external spm_deface=FOLDER" in printed
    assert "it has no public command line for one image; import its results with --external curatai=FOLDER" in printed
    assert (
        "mede-deidentify is not on the PATH (install it: pip install mede, or import its results with --external mede=" in printed
    )


def test_a_tool_of_a_file_is_named_like_any_other_method(tmp_path: Path) -> None:
    (tmp_path / "tools.toml").write_text(
        TOOL + TOOL.replace("my_tool", "other") + TOOL.replace("my_tool", "mede"), encoding="utf-8"
    )
    given = ("--external-command", str(tmp_path / "tools.toml"))
    keys = [getattr(each, "key") for each in methods_of("--methods", "mede,quickshear", *given)]  # noqa: B009
    assert keys == ["mede", "quickshear"]  # of the file only what was named
    named = methods_of("--methods", "mede", *given)[0]
    assert isinstance(named, ExternalCommand)
    assert named.template.command[0] == "tool"  # the user's own table, not the ready entry of that name
    unnamed = [getattr(each, "key") for each in methods_of("--methods", "quickshear", *given)]  # noqa: B009
    assert unnamed == ["quickshear", "my_tool", "other", "mede"]
    with pytest.raises(UnusableInput, match="there is no method 'my_tool'"):
        methods_of("--methods", "my_tool")
    (tmp_path / "built_in.toml").write_text(TOOL.replace("my_tool", "quickshear"), encoding="utf-8")
    with pytest.raises(UnusableInput, match="there is a method quickshear already; rename the table"):
        methods_of("--methods", "quickshear", "--external-command", str(tmp_path / "built_in.toml"))


def test_tools_are_chosen_by_name_by_folder_and_by_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tools.toml").write_text(TOOL, encoding="utf-8")
    monkeypatch.setenv("TOOL_HOME", "here")
    real, known, mine, command = methods_of(
        *("--methods", "quickshear_1.2.0"),
        *("--external", f"mri_reface={tmp_path}", "--external", f"other={tmp_path}"),
        *("--external-command", str(tmp_path / "tools.toml")),
    )
    assert getattr(real, "title") == "quickshear 1.2.0"  # noqa: B009
    assert isinstance(known, ExternalFolder)
    assert isinstance(mine, ExternalFolder)
    assert (known.title, mine.title) == ("mri_reface", "other")
    assert isinstance(command, ExternalCommand)
    assert (command.key, command.environment["TOOL_HOME"]) == ("my_tool", "here")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--external", "quickshear={folder}"], "other than a built-in or chosen method's"),
        (["--methods", "mri_reface", "--external", "mri_reface={folder}"], "other than a built-in or chosen method's"),
        (["--external", "a b={folder}"], "give the tool's own name in letters"),
        (["--external", "tool={folder}/nowhere"], "is not a folder"),
        (["--external-command", "{folder}/nowhere.toml"], "cannot be read as a text file"),
        (["--external", "my_tool={folder}", "--external-command", "{folder}/tools.toml"], "there is a method my_tool already"),
        (["--methods", "quickshear_1.2.0", "--variant", "quickshear_1.2.0=nipy"], "has no variant 'nipy'"),
        (["--methods", "quickshear_1.3"], r"there is no method 'quickshear_1.3'; did you mean quickshear_1\.2\.0\?"),
    ],
)
def test_a_tool_that_cannot_be_chosen_is_told_in_one_sentence(tmp_path: Path, options: list[str], reason: str) -> None:
    (tmp_path / "tools.toml").write_text(TOOL, encoding="utf-8")
    with pytest.raises(UnusableInput, match=reason):
        methods_of(*(option.format(folder=tmp_path) for option in options))
