"""What is put on a disk: whole files or none, under names that the system takes."""
