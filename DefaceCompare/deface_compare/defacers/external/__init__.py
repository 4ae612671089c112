"""Tools that are not ours: as child processes, and as folders of images defaced elsewhere."""
