"""A real tool as a child process: its own program, on a copy of each image, watched, timed and checked."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...anatomy.face_region import face_region
from ...anatomy.head import Head
from ...case import Case, CaseImage
from ...errors import MethodFailed, UnusableInput
from ...machine.child_process import run_child, said_in
from ...settings import Settings
from ..defacing import Defacer
from ..edit import Edit
from .check import checked_values, own_grid
from .edit import ExternalEdit, ToolVoxels, of_one_frame, tissue_to_air
from .folder import OWN_FILL

SQUARE_TOLERANCE = 1e-4
"""Axes further from square than this (gantry tilt) do not fit into NIfTI."""
NIFTI = (".nii", ".nii.gz")


@dataclass(frozen=True)
class CommandTemplate:
    """One table of ``data/external_tools.toml`` or of a user's file; see the comments there.

    `command` is empty for a tool that can only be imported from.
    """

    key: str
    title: str
    command: tuple[str, ...] = ()
    input: str = "{key}.nii"
    output: str = "{stem}_deFaced.nii"
    types: Mapping[str, str] = field(default_factory=dict)
    time_limit_s: float = 3600.0
    reference: str = "the tool's own makers"
    limits: str = "as the tool's"
    licence: str = "the tool's own"
    install: str = ""
    axes: str = ""
    """Order and sense of the axes in which the tool wants its input (``RAS``: to the right, front and top); none: as stored."""


class ExternalCommand(Defacer):
    """Run a tool's own program on every image of a case.

    Parameters
    ----------
    template : CommandTemplate
    environment : mapping of str to str
        The child's whole environment; the program is looked for on its PATH. Nothing of this process's own is added.
    """

    verbatim = True
    starts_programs = True
    fill = OWN_FILL

    def __init__(self, template: CommandTemplate, environment: Mapping[str, str] | None = None) -> None:
        self.template = template
        self.environment = dict(environment or {})
        self.key, self.title = template.key, template.title
        self.reference, self.limits, self.licence = template.reference, template.limits, template.licence

    def in_environment(self, environment: Mapping[str, str]) -> ExternalCommand:
        """The same tool in another environment."""
        return ExternalCommand(self.template, environment)

    def available(self) -> str:
        """The program must lie on the environment's PATH."""
        if not self.template.command:
            how = f"{self.template.install}, then " if self.template.install else ""
            return f"it has no public command line for one image; {how}import its results with --external {self.key}=FOLDER"
        program = self.template.command[0]
        if self._program() is None:
            how = f"install it: {self.template.install}, or" if self.template.install else "or"
            return f"{program} is not on the PATH ({how} import its results with --external {self.key}=FOLDER)"
        return ""

    def mark(self) -> str:
        """What the tool's results depend on, besides the image: its template."""
        return repr(self.template)

    def _program(self) -> str | None:
        return shutil.which(self.template.command[0], path=self.environment.get("PATH", ""))

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Run the tool on the image and find where tissue became air (see `Defacer.find_edit`)."""

        def make(one: CaseImage, voxels: ToolVoxels) -> NDArray[np.generic]:
            with tempfile.TemporaryDirectory(prefix="deface-compare-") as folder:  # mode 0700: it holds the original face
                return self._deface(one, head, Path(folder), voxels)

        voxels = ToolVoxels(self.title, make)
        gone = tissue_to_air(voxels, of_one_frame(case, image))
        return ExternalEdit(voxels, gone, face_region(head).face, {"command": list(self.template.command)})

    def _deface(self, image: CaseImage, head: Head, folder: Path, voxels: ToolVoxels) -> NDArray[np.generic]:
        """Write the input, run the program, read and check the output."""
        arguments, output = self._prepared(image, head, folder)
        log = folder / "log.txt"
        try:
            code = run_child(arguments, self.environment, folder, log, self.template.time_limit_s)
        except OSError as failure:
            raise MethodFailed(f"{self.title}: {arguments[0]} cannot be started ({failure.strerror})") from failure
        finally:
            voxels.logs[image.key] = said_in(log)
        if code is None:
            raise MethodFailed(f"{self.title} was killed on image {image.key} after {self.template.time_limit_s:g} s")
        if code != 0:
            raise MethodFailed(f"{self.title} ended with exit code {code} on image {image.key}; its log says why")
        if not output.is_file():
            raise MethodFailed(f"{self.title} ended well on image {image.key} but wrote no {output.name}")
        from ...readers.files.volume import read_voxels  # brings pydicom, which a list of methods does not need

        try:
            volume = read_voxels(output)
        except (UnusableInput, RuntimeError) as failure:
            raise MethodFailed(f"{self.title} wrote {output.name} for image {image.key}, which cannot be read") from failure
        return checked_values(self.title, output.name, volume, image, head)

    def _in_axes(self, grid: sitk.Image) -> sitk.Image:
        """The same voxels in the tool's order of axes; the check of the output puts them back."""
        return sitk.DICOMOrient(grid, self.template.axes) if self.template.axes else grid

    def _prepared(self, image: CaseImage, head: Head, folder: Path) -> tuple[list[str], Path]:
        """The filled-in command and the file that must come out; the input lies in the folder."""
        template = self.template
        input = folder / template.input.format(key=image.key)
        from .match import stem_of  # brings pydicom, which a list of methods does not need

        stem = stem_of(input)
        outdir = folder / "out"
        outdir.mkdir()
        output = outdir / template.output.format(key=image.key, stem=stem)
        kind = template.types.get(image.key, template.types.get(image.modality, ""))
        wanted = " ".join(template.command)
        if ("{type}" in wanted or template.types) and not kind:
            raise MethodFailed(f"{self.title} knows no type for image {image.key} (table `types` of its command template)")
        grid = own_grid(image)
        _refuse_slant(self.title, image, grid, input)
        _write(self._in_axes(grid), input)
        brain = folder / f"{stem}_brain{input.name[len(stem) :]}"
        if "{brain}" in wanted:
            mask = sitk.Resample(head.brain, image.image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
            mask.CopyInformation(grid)
            _write(self._in_axes(mask), brain)
        words = {"input": input, "output": output, "outdir": outdir, "type": kind, "stem": stem, "brain": brain}
        program = self._program() or template.command[0]
        return [program, *(part.format(**words) for part in template.command[1:])], output


def _refuse_slant(title: str, image: CaseImage, grid: sitk.Image, input: Path) -> None:
    direction = np.array(grid.GetDirection()).reshape(3, 3)
    if input.name.endswith(NIFTI) and np.abs(direction.T @ direction - np.eye(3)).max() > SQUARE_TOLERANCE:
        raise MethodFailed(f"{title} takes NIfTI, which cannot hold the gantry tilt of image {image.key}")


def _write(image: sitk.Image, path: Path) -> None:
    """Write an image without any header text (it may name the patient)."""
    bare = sitk.Image(image)
    for key in bare.GetMetaDataKeys():
        bare.EraseMetaData(key)
    sitk.WriteImage(bare, str(path))
