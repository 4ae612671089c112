"""How the average head was made."""
