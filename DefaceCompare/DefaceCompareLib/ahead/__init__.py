"""What is read and drawn beside Slicer, in a process of its own: nothing here knows slicer or qt."""
