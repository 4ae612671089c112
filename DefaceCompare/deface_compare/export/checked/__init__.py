"""The verification of an export."""
