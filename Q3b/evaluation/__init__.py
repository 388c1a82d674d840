"""Recommenders compared on held-out plays, and the choice of their settings."""
