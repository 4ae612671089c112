"""Stand-ins for the ctk widgets that the panel uses. Only for tests."""

from __future__ import annotations

from typing import Any

import qt

HEADER_PIXELS = 24
"""Height of the clickable header of a ctkCollapsibleButton here."""

WANTED = "visibilityToParent"
"""The property in which ctkCollapsibleButton keeps whether a child is to be seen when its section is unfolded."""


@qt.only_recorded
@qt.in_pythonqt_style
class ctkCollapsibleButton(qt.QWidget):
    """A section with a header that folds."""

    SIGNALS = ("contentsCollapsed(bool)", "toggled(bool)", "clicked(bool)")
    contentsCollapsed = qt.QtCore.Signal(bool)
    toggled = qt.QtCore.Signal(bool)
    clicked = qt.QtCore.Signal(bool)

    def __init__(self, parent: Any = None) -> None:
        qt.QWidget.__init__(self, parent)
        self._text, self._collapsed = "", False
        self._folding = False
        self.setContentsMargins(9, HEADER_PIXELS + 6, 9, 9)

    def paintEvent(self, event: Any) -> None:
        """Draw the header as a button with an arrow."""
        painter = qt.QtWidgets.QStylePainter(self)
        option = qt.QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = qt.QRect(0, 0, self.width, HEADER_PIXELS)
        option.text = (
            "\N{BLACK RIGHT-POINTING TRIANGLE} " if self._collapsed else "\N{BLACK DOWN-POINTING TRIANGLE} "
        ) + self._text
        painter.drawControl(qt.QStyle.ControlElement.CE_PushButton, option)
        painter.end()

    def mousePressEvent(self, event: Any) -> None:
        """Fold on a click on the header."""
        if event.position().y() <= HEADER_PIXELS:
            self.setCollapsed(not self._collapsed)
            self.clicked.emit(not self._collapsed)

    def setCollapsed(self, collapsed: bool) -> None:
        """Fold or unfold; a child that its owner has hidden stays hidden, as in CTK."""
        if bool(collapsed) == self._collapsed:
            return
        self._collapsed = bool(collapsed)
        self._folding = True
        for child in self._children():
            child.removeEventFilter(self)
            if collapsed:
                child.setProperty(WANTED, not child.isHidden())
                child.installEventFilter(self)
            child.setVisible(not collapsed and bool(child.property(WANTED)))
        self._folding = False
        self.setMaximumHeight(HEADER_PIXELS + 4 if collapsed else 16777215)
        self.contentsCollapsed.emit(self._collapsed)
        self.toggled.emit(not self._collapsed)

    def childEvent(self, event: Any) -> None:
        """A child that is added to a folded section is hidden until it is unfolded (ctkCollapsibleButton::childEvent)."""
        if event.added() and event.child().isWidgetType() and self._collapsed:
            event.child().setProperty(WANTED, True)
            event.child().installEventFilter(self)
            self._folding = True
            event.child().setVisible(False)
            self._folding = False

    def _children(self) -> list[Any]:
        return self.findChildren(qt.QtWidgets.QWidget, options=qt.Qt.FindChildOption.FindDirectChildrenOnly)

    def eventFilter(self, child: Any, event: Any) -> bool:
        """While folded, remember what a child's owner wants of it, and keep it hidden."""
        kinds = qt.QtCore.QEvent.Type
        if not self._folding and event.type() in (kinds.ShowToParent, kinds.HideToParent):
            child.setProperty(WANTED, event.type() == kinds.ShowToParent)
            if event.type() == kinds.ShowToParent:
                self._folding = True
                child.setVisible(False)
                self._folding = False
        return False

    def setText(self, text: str) -> None:
        """Set the header's text."""
        self._text = text
        self.update()

    text = qt.QtCore.Property(str, lambda self: self._text, setText)
    collapsed = qt.QtCore.Property(bool, lambda self: self._collapsed, setCollapsed)


@qt.only_recorded
@qt.in_pythonqt_style
class ctkPathLineEdit(qt.QWidget):
    """A path with a browse button."""

    SIGNALS = ("currentPathChanged(QString)",)
    Dirs, Files = 1, 2
    currentPathChanged = qt.QtCore.Signal(str)

    def __init__(self, parent: Any = None) -> None:
        qt.QWidget.__init__(self, parent)
        self._line, self._filters = qt.QtWidgets.QLineEdit(), 0
        browse = qt.QtWidgets.QToolButton()
        browse.setText("…")
        box = qt.QtWidgets.QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._line, 1)
        box.addWidget(browse)
        self._line.textChanged.connect(self.currentPathChanged.emit)

    def setCurrentPath(self, path: str) -> None:
        """Set the path."""
        self._line.setText(path)

    currentPath = qt.QtCore.Property(str, lambda self: self._line.text, setCurrentPath)
    filters = qt.QtCore.Property(int, lambda self: self._filters, lambda self, value: setattr(self, "_filters", value))


STAND_INS = (ctkCollapsibleButton, ctkPathLineEdit)
