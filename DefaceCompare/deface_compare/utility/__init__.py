"""What defacing does to volumes, intensities and dose."""
