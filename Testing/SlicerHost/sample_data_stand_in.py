"""A stand-in for Slicer's module SampleData: its two registration functions (branch 5.12). Only for tests."""

from __future__ import annotations

import sys
import types
from types import SimpleNamespace
from typing import Any


def install(monkeypatch: Any) -> SimpleNamespace:
    """Put the module where ``import SampleData`` finds it, for one test; gives what was registered."""
    registered = SimpleNamespace(titles={}, sources=[])

    class SampleDataLogic:
        """In place of Modules/Scripted/SampleData/SampleData.py, class SampleDataLogic."""

        @staticmethod
        def registerCustomSampleDataCategory(category: str, title: str) -> None:
            registered.titles[category] = title

        @staticmethod
        def registerCustomSampleDataSource(
            category: str = "Custom",
            sampleName: Any = None,
            uris: Any = None,
            fileNames: Any = None,
            nodeNames: Any = None,
            customDownloader: Any = None,
            thumbnailFileName: Any = None,
            loadFileTypes: Any = None,
            loadFiles: Any = None,
            loadFileProperties: Any = None,
            checksums: Any = None,
            loadFileType: Any = None,
        ) -> None:
            if not isinstance(uris, str):
                raise TypeError("without a text as uris Slicer's SampleDataSource takes the length of None")
            registered.sources.append(SimpleNamespace(**{k: v for k, v in locals().items() if k != "registered"}))

    module = types.ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "SampleData", module)
    return registered
