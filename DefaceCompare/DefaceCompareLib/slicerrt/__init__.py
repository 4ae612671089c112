"""SlicerRT's DVH of the same structures and doses."""
