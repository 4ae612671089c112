"""How often the faces of a cohort are linked: AUCs, intervals, controls, curves."""
