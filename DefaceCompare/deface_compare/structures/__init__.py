"""What was planned: names (TG-263), contours, masks, regions."""
