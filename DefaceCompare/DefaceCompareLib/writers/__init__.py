"""Writing patients as DICOM RT."""
