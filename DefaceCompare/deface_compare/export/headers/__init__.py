"""Headers without identity: the Basic Application Level Confidentiality Profile of DICOM PS3.15, and what no table knows."""
