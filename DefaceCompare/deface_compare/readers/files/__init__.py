"""Image files with a ``case.json`` become a `Case`."""
