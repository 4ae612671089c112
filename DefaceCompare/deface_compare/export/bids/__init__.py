"""Writing a BIDS derivative: the images of a data set, defaced by one method."""
