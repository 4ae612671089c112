"""Where sample patients have their tumours."""

BRAIN, HEAD_AND_NECK = "brain", "hn"
SITES = (BRAIN, HEAD_AND_NECK)
