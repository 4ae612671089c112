"""``deface-compare``: the command line."""
