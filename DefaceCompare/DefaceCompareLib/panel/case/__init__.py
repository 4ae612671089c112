"""The panel's first sections: the patient and the methods."""
