"""Reading patients: DICOM RT folders and image files."""
