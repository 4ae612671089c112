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
from .arrangements import FACE, ROW, face_height_over_width, tags_of_faces
from .camera import Direction
from .face_row import FaceRow, show_nothing
from .face_view import ORIGINAL_LABEL, FaceView
from .head_field import head_field
from .other_displays import OtherDisplays
from .own_layout import OwnLayout
from .shown import Shown
from .skins import Skins, SkinSurfaces
from .slice_lines import SliceLines
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
        self._shown: Shown | None = None
        self._soft_tissue = SoftTissue()
        self._content: tuple[Any, dict[str, Any], Any, Any] | None = None
        self.lines = SliceLines(scene)
        """Contours and isodoses in the slices."""
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
        return list(self._shown.versions) if self._shown is not None else []

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
            comes = drawn is None and not self.on
            if comes:
                self._layout.take(self.arrangement, len(versions))
                only_paint()  # the views come to the screen: half of the time, and the skins are not needed for it
                show_nothing(self._scene, tags_of_faces(self.arrangement, len(versions)))
            skins = self._skins.of(original, list(versions.values()), drawn, only_paint)
        except BaseException:
            self.restore()
            raise
        if any(node.GetScene() is None for node in (original, *versions.values())):
            self.restore()  # deleted while the skins were drawn
            return
        with slicer.util.RenderBlocker():
            if not self._fits(len(versions)):
                self._empty()
            seen = self._layout.take(self.arrangement, len(versions)) and not comes
            try:
                self._fill(original, versions, segmentation, skins)
                self.lines.draw_dose(dose, self._slices.views if self._slices is not None else ())
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
        head = head_field(skins[0])
        self._soft_tissue.put_back()
        if is_ct(original):
            self._soft_tissue.show(original, versions.values())
        self._slices = self._slices or SliceRow(self._scene)
        self._slices.fill(original, self._skins.body_from)
        self._others.keep_out()
        self.lines.draw_contours(segmentation, self._slices.views)
        narrow = face_height_over_width(self.arrangement, len(versions))
        self._faces = self._faces or self._new_faces(len(versions))
        self._faces.fill({ORIGINAL_LABEL: original, **versions}, skins, head, narrow)
        self._shown = Shown(head, dict(versions), skins, self._skins.altered)
        if versions:
            self.look_at(self.looked_at if self.looked_at in versions else next(iter(versions)))
        self._changing = False

    def _new_faces(self, versions: int) -> FaceRow | FaceView:
        return FaceRow(self._scene, versions) if self.arrangement == ROW else FaceView(self._scene)

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
        if self._faces is not None and self._slices is not None and self._shown is not None:
            self._slices.look_at_face(self._shown.head)
            self._faces.draw()

    def look_at(self, label: str) -> int:
        """Show one version in face and slices; returns how many voxels of the body it altered."""
        self.looked_at = label
        if isinstance(self._faces, FaceView):
            self._faces.show(label)
        if self._slices is None or self._shown is None:
            return 0
        return self._slices.show(self._shown.versions[label], self._shown.altered_by(label))

    @property
    def face(self) -> FaceView | None:
        """The one big face; None while the faces stand in a row, or the views are not ours."""
        return self._faces if isinstance(self._faces, FaceView) else None

    def thumbnails(self) -> dict[str, NDArray[np.uint8]]:
        """A small picture of each shown version's skin, RGB."""
        return self._shown.thumbnails() if self._shown is not None else {}

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
                self.lines.remove()
                self._shown = None
            else:
                self._empty()
            self._changing = False
            self._layout.take(self.arrangement, versions)
        self._content = None
        qt.QTimer.singleShot(0, lambda: self._make_ready(versions))

    def _make_ready(self, versions: int) -> None:
        """Make what every case needs, while the views are empty."""
        if self.on and self._content is None:
            show_nothing(self._scene, tags_of_faces(self.arrangement, versions))
            self._slices = self._slices or SliceRow(self._scene)
            self._faces = self._faces or self._new_faces(versions)

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
            self.lines.remove()
            for part in (self._faces, self._slices):
                if part is not None:
                    part.remove()
        if self._slices is not None:
            self._slices.let_go_of_voxels()
        self._changing = False
        self._faces = self._slices = None
        self._shown = None
