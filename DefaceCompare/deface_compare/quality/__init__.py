"""Did it work? The gate of one method on one case."""
