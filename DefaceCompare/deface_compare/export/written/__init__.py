"""The objects of an export, as they are written."""
