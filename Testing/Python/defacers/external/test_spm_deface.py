"""The ready entry of SPM12's De-Face: Octave's words, by a stand-in for Octave, and by Octave itself where it is installed."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare.case import CaseImage
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacing
from deface_compare.defacers.external.command import ExternalCommand
from deface_compare.defacers.external.templates import ready_templates
from deface_compare.settings import Settings

GRID = synthetic.grid((3.0, 3.0, 3.0))
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Octave is a script for a Unix shell")

STAND_IN = r"""
import re, sys
import SimpleITK as sitk
flag, code = sys.argv[1:]
source = re.search(r"spm_deface\('(.+?)'\)", code)[1]
target = re.search(r"movefile\(.+?, '(.+?)'\)", code)[1]
image = sitk.ReadImage(source)
values = sitk.GetArrayFromImage(image)
values[:, : values.shape[1] // 4] = 0
out = sitk.GetImageFromArray(values)
out.CopyInformation(image)
sitk.WriteImage(out, target)
print(flag, source.rpartition("/")[2], target.rpartition("/")[2])
"""
"""What the code asks SPM and Octave to do: deface the first file (the front quarter becomes 0) and move it to the second."""


def spm(**environment: str) -> ExternalCommand:
    return ExternalCommand(next(one for one in ready_templates() if one.key == "spm_deface"), environment)


def mr() -> CaseImage:
    """The synthetic CT with air at 0, under the name of an MR."""
    ct = synthetic.ct(GRID)
    return replace(ct, key="MR_T1", modality="MR", image=sitk.Cast(sitk.Maximum(ct.image + 1000, 0), sitk.sitkInt16))


def run(method: ExternalCommand, image: CaseImage) -> Defacing:
    return deface(method, synthetic.case(image), {image.key: synthetic.head(image_key=image.key)}, Settings())


@pytest.fixture
def octave(tmp_path: Path) -> Path:
    """A folder with an ``octave-cli`` that is the stand-in, run by this Python."""
    (tmp_path / "octave.py").write_text(STAND_IN, encoding="ascii")
    script = tmp_path / "octave-cli"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path / "octave.py"}" "$@"\n', encoding="ascii")
    script.chmod(0o755)
    return tmp_path


def test_octave_is_given_one_text_of_code_with_both_files_in_it(octave: Path) -> None:
    image = mr()
    result = run(spm(PATH=str(octave)), image)
    assert (result.status, result.logs["MR_T1"]) == ("ok", "--eval MR_T1.nii MR_T1_defaced.nii\n"), result.note
    expected = image.array().copy()
    expected[:, : expected.shape[1] // 4] = 0
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(image)), expected)


def test_spm_takes_mr_and_no_ct(octave: Path) -> None:
    assert "knows no type for image CT" in run(spm(PATH=str(octave)), synthetic.ct(GRID)).note


@pytest.mark.skipif(shutil.which("octave-cli") is None, reason="needs GNU Octave")
def test_octave_without_spm_says_so_in_the_log(tmp_path: Path) -> None:
    result = run(spm(PATH=os.environ["PATH"], HOME=str(tmp_path)), mr())
    assert "ended with exit code 1 on image MR_T1" in result.note
    assert "SPM12 is not on the path of Octave" in result.logs["MR_T1"]
