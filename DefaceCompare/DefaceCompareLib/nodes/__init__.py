"""Slicer nodes to case folders and back: the only library room that knows slicer (no qt)."""
