"""The defaced patient as DICOM RT, ready to share: written from a finished case, checked, and taken back if a check fails."""
