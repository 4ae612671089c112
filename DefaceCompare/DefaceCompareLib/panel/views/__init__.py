"""The panel's views: skins and slices side by side."""
