"""The Slicer panel: the only room with qt and ctk besides DefaceCompare.py."""
