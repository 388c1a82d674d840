"""Models of tags: searched for, trained, calibrated, saved and used."""
