"""The synthetic RT cohort."""
