"""Compiled loops of the recommender."""
