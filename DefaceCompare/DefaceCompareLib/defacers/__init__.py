"""The defacing methods."""
