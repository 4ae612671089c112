"""Grids, boxes, masks, level sets, meshes; knows no patient."""
