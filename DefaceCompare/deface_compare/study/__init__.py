"""Many cases: run, resume, spread, pool."""
