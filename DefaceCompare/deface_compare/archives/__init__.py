"""In and out where data lives: DICOM archives (DICOMweb and DIMSE) and zip files."""
