"""``python -m deface_compare``: the same as ``deface-compare``."""

from __future__ import annotations

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
