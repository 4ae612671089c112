"""An output folder: what lies where, written whole or not at all, read back."""
