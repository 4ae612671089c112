"""The panel's visual review of a cohort."""
