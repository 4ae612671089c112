"""Made-up people: a head and shoulders from a few numbers."""
