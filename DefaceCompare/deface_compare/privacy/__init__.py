"""From surface to re-identification risk."""
