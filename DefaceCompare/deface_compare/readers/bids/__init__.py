"""Reading patients of a BIDS data set (Brain Imaging Data Structure, https://bids-specification.readthedocs.io)."""
