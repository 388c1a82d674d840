"""How good a tagger is and which words decide, as text, CSV, JSON and plots."""
