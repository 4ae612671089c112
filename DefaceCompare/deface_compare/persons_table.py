"""The table in which a cohort says who is who."""

PERSONS = "persons.csv"
"""Lies in the cohort's folder."""
FOLDER, PERSON = "folder", "person"
"""Its columns: the folder of a scan session, and whose it is."""
