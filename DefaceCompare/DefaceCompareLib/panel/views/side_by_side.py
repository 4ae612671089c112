"""Our own views: faces, slices and DVH, shown on their toggle only, and the user's layout back afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import VTK_OBJECT

import qt

from ...nodes.batch import in_one_go
from ...nodes.volumes import is_ct
from ..event_loop import only_paint
from .arrangements import FACE, ROW, face_height_over_width
from .camera import Direction
from .contours import Contours
from .face_row import FaceRow
from .face_thumbnail import face_thumbnail
from .face_view import ORIGINAL_LABEL, FaceView
from .head_field import HeadField, head_field
from .isodoses import Isodoses
from .other_displays import OtherDisplays
from .own_layout import OwnLayout
from .skins import Skins, SkinSurfaces
from .slice_row import SliceRow
from .soft_tissue import SoftTissue


class SideBySide:
    """Views of an original and its defaced versions.

    Parameters
    ----------
    scene : vtkMRMLScene
    on_left : callable
        Called without arguments when the views went by themselves: a scene is loaded into this one.
    on_gone : callable
        Called without arguments when something that the views show was deleted, once the event loop runs.
    """

    def __init__(
        self, scene: Any, on_left: Callable[[], None] = lambda: None, on_gone: Callable[[], None] = lambda: None
    ) -> None:
        self._scene = scene
        self._on_left, self._on_gone = on_left, on_gone
        self._changing = self._gone = False
        self._tag = scene.AddObserver(scene.NodeRemovedEvent, self._on_removed)
        self._layout = OwnLayout(scene, self._leave)
        self._others = OtherDisplays(scene)
        self._skins = SkinSurfaces()
        self._faces: FaceRow | FaceView | None = None
        self._slices: SliceRow | None = None
        self._head: HeadField | None = None
        self._versions: dict[str, Any] = {}
        self._surfaces: list[Any] = []
        self._pictures: dict[str, NDArray[np.uint8]] = {}
        self._isodoses: Isodoses | None = None
        self._contours: Contours | None = None
        self._altered: dict[str, NDArray[np.int64]] = {}
        self._soft_tissue = SoftTissue()
        self._content: tuple[Any, dict[str, Any], Any, Any] | None = None
        self.arrangement = FACE
        """One of `ARRANGEMENTS`: what `show` takes."""
        self.looked_at = ""
        """What the version that is looked at is called."""

    @property
    def on(self) -> bool:
        """Whether the views are ours now."""
        return self._layout.on

    @property
    def labels(self) -> list[str]:
        """What the shown versions are called."""
        return list(self._versions)

    def show(
        self,
        original: Any,
        versions: Mapping[str, Any],
        segmentation: Any | None = None,
        dose: Any | None = None,
        drawn: Skins | None = None,
    ) -> None:
        """Change the layout and fill the views; while it is on, only fill them anew.

        Parameters
        ----------
        original : vtkMRMLScalarVolumeNode
        versions : mapping of label to vtkMRMLScalarVolumeNode
        segmentation : vtkMRMLSegmentationNode, optional
            Drawn in the slices; what else the scene draws is kept out of our views.
        dose : vtkMRMLScalarVolumeNode, optional
            Drawn as lines in the slices, in Gy.
        drawn : Skins, optional
            The skins, if they were drawn beforehand.

        Raises
        ------
        FaceNotFound, UnusableInput
            If the original shows no head; the layout is then the user's.
        """
        self._content = (original, dict(versions), segmentation, dose)
        try:
            if drawn is None and not self.on:
                self._layout.take(self.arrangement, len(versions))
                only_paint()  # the views come to the screen: half of the time, and the skins are not needed for it
            skins = self._skins.of(original, list(versions.values()), drawn, only_paint)
        except BaseException:
            self.restore()
            raise
        with slicer.util.RenderBlocker():
            if not self._fits(len(versions)):
                self._empty()
            seen = self._layout.take(self.arrangement, len(versions))
            try:
                self._fill(original, versions, segmentation, skins)
                self._draw_dose(dose)
            except BaseException:
                self.restore()
                raise
            if seen:
                self._when_on_screen()
        if not seen:
            qt.QTimer.singleShot(0, self._when_on_screen)

    def _fits(self, versions: int) -> bool:
        """Whether what is there can be filled anew: each node that goes or comes costs Slicer 10 to 25 ms in its selectors."""
        if not self.on or self._faces is None or self._slices is None:
            return False
        return self._slices.intact and self._faces.fits(self.arrangement, versions)

    def _fill(self, original: Any, versions: Mapping[str, Any], segmentation: Any | None, skins: list[Any]) -> None:
        self._changing = True
        self._head = head_field(skins[0])
        self._soft_tissue.put_back()
        if is_ct(original):
            self._soft_tissue.show(original, versions.values())
        if self._slices is None:
            self._slices = SliceRow(self._scene)
        self._slices.fill(original, self._skins.body_from)
        self._others.keep_out()
        self._draw_contours(segmentation)
        narrow = face_height_over_width(self.arrangement, len(versions))
        if self._faces is None:
            self._faces = self._new_faces(len(versions))
        self._faces.fill({ORIGINAL_LABEL: original, **versions}, skins, self._head, narrow)
        self._versions, self._surfaces, self._pictures = dict(versions), skins, {}
        self._altered = dict(zip(versions, self._skins.altered, strict=False))
        if self._versions:
            self.look_at(self.looked_at if self.looked_at in self._versions else next(iter(self._versions)))
        self._changing = False

    def _new_faces(self, versions: int) -> FaceRow | FaceView:
        return FaceRow(self._scene, versions) if self.arrangement == ROW else FaceView(self._scene)

    def _draw_contours(self, segmentation: Any | None) -> None:
        assert self._slices is not None
        if self._contours is not None and not self._contours.draws(segmentation):
            self._contours.remove()
            self._contours = None
        if self._contours is not None:
            self._contours.refresh()
        elif segmentation is not None:
            self._contours = Contours(self._scene, segmentation, self._slices.views)

    def _draw_dose(self, dose: Any | None) -> None:
        drawn = dose is not None and dose.GetImageData() is not None and dose.GetParentTransformNode() is None
        if self._isodoses is not None and not (drawn and self._isodoses.intact):
            self._isodoses.remove()
            self._isodoses = None
        if self._isodoses is not None:
            self._isodoses.fill(dose)
        elif drawn and self._slices is not None:
            self._isodoses = Isodoses(self._scene, dose, self._slices.views)

    def rearrange(self) -> None:
        """Let the views that are on stand as `arrangement` now says."""
        if self._content is not None and self.on:
            self.bring_back()
            self.show(*self._content)

    def bring_back(self) -> None:
        """The user asks for our views, also where he has chosen another layout meanwhile: the next `show` brings them."""
        self._layout.ask()

    def _when_on_screen(self) -> None:
        """What only views on the screen can do: they come there, and get their size, when the event loop runs."""
        if self._faces is not None and self._slices is not None and self._head is not None:
            self._slices.look_at_face(self._head)
            self._faces.draw()

    def look_at(self, label: str) -> int:
        """Show one version in face and slices; returns how many voxels of the body it altered."""
        self.looked_at = label
        if isinstance(self._faces, FaceView):
            self._faces.show(label)
        return self._slices.show(self._versions[label], self._altered.get(label)) if self._slices is not None else 0

    @property
    def face(self) -> FaceView | None:
        """The one big face; None while the faces stand in a row, or the views are not ours."""
        return self._faces if isinstance(self._faces, FaceView) else None

    def thumbnails(self) -> dict[str, NDArray[np.uint8]]:
        """A small picture of each shown version's skin, RGB."""
        if not self._pictures and self._head is not None:
            skins = zip(self._versions, self._surfaces[1:], strict=True)
            self._pictures = {label: face_thumbnail(skin, self._head) for label, skin in skins}
        return self._pictures

    def look_from(self, direction: Direction) -> None:
        """Turn all faces."""
        if self._faces is not None:
            self._faces.look_from(direction)

    def fade(self, share: float) -> None:
        """Fade the slices from the original (0) to the defaced version (1)."""
        if self._slices is not None:
            self._slices.fade(share)

    def mark_altered(self, marked: bool) -> None:
        """Outline altered voxels in the slices, or not."""
        if self._slices is not None:
            self._slices.mark_altered(marked)

    @property
    def has_dose(self) -> bool:
        """Whether there are isodoses to show."""
        return self._isodoses is not None

    @property
    def isodoses(self) -> str:
        """The doses that have a line."""
        return ", ".join(f"{level_gy:g}" for level_gy in self._isodoses.levels_gy) + " Gy" if self._isodoses else ""

    def show_isodoses(self, shown: bool) -> None:
        """Draw lines of equal dose in the slices, or not."""
        if self._isodoses is not None:
            self._isodoses.show(shown)

    def jump(self, ras_mm: NDArray[np.float64]) -> None:
        """Centre our slices on a point, RAS mm; while the views are not ours, every slice of the scene."""
        if self._slices is not None:
            self._slices.jump(ras_mm)
        else:
            node = slicer.vtkMRMLSliceNode
            node.JumpAllSlices(self._scene, *ras_mm, node.CenteredJumpSlice)

    def blank(self, versions: int) -> None:
        """Show our layout with nothing in it: what comes next is not there yet.

        The views come to the screen meanwhile, which takes longer than to fill them.

        Parameters
        ----------
        versions : int
            How many there will probably be.
        """
        with slicer.util.RenderBlocker():
            self._changing = True
            if self._faces is not None and self._slices is not None and self._slices.intact:
                self._slices.let_go()
                self._faces.blank()
                self._remove_lines()
                self._forget_content()
            else:
                self._empty()
            self._changing = False
            self._layout.take(self.arrangement, versions)
        self._content = None
        qt.QTimer.singleShot(0, lambda: self._make_ready(versions))

    def _make_ready(self, versions: int) -> None:
        """Make what every case needs, while the views are empty."""
        if self.on and self._content is None and self._faces is None and self._slices is None:
            self._slices = SliceRow(self._scene)
            self._faces = self._new_faces(versions)

    def restore(self) -> None:
        """Take everything of ours out of the scene; give the layout back unless the user has chosen another meanwhile."""
        self._empty()
        self._content = None
        self._layout.give_back()

    def _leave(self) -> None:
        self.restore()
        self._on_left()

    def forget(self) -> None:
        """Give the layout back, and let go of what is kept for the next time (the scene closes)."""
        self.restore()
        self._skins.forget()

    def close(self) -> None:
        """Follow the scene no longer (the panel goes away)."""
        self.forget()
        self._scene.RemoveObserver(self._tag)
        self._layout.close()
        self._others.close()

    def _on_removed(self, scene: Any, event: str, node: Any) -> None:
        if self._changing or self._gone or scene.IsClosing() or self._content is None:
            return
        original, versions, segmentation, dose = self._content
        shown = (original, *versions.values(), segmentation, dose, *(self._faces.models if self._faces is not None else ()))
        if any(node is each for each in shown):
            self._gone = True
            qt.QTimer.singleShot(0, self._tell_gone)

    _on_removed.CallDataType = VTK_OBJECT  # type: ignore[attr-defined]

    def _tell_gone(self) -> None:
        self._gone = False
        if self._content is not None:
            self._on_gone()

    def _empty(self) -> None:
        self._changing = True
        self._others.put_back()
        self._soft_tissue.put_back()
        if self._slices is not None:
            self._slices.let_go()
        with in_one_go(self._scene):
            self._remove_lines()
            for part in (self._faces, self._slices):
                if part is not None:
                    part.remove()
        if self._slices is not None:
            self._slices.let_go_of_voxels()
        self._changing = False
        self._faces = self._slices = None
        self._forget_content()

    def _remove_lines(self) -> None:
        for part in (self._isodoses, self._contours):
            if part is not None:
                part.remove()
        self._isodoses = self._contours = None

    def _forget_content(self) -> None:
        self._head = None
        self._versions, self._surfaces, self._pictures, self._altered = {}, [], {}, {}
