"""What many cases say: tables, tests, trade-off, verdict, reviews."""
