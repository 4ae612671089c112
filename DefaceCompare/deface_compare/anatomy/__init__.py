"""Where the patient, the face and the brain are in an image."""
