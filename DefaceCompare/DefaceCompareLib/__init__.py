"""The Slicer side of DefaceCompare: nodes, SlicerRT, panel. What is measured lies in `deface_compare`."""
