"""The panel's installation of packages and models."""
