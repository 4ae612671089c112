"""A folder of DICOM becomes a `Case`."""
