"""The panel's results: summary, tables, DVHs."""
