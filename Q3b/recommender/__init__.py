"""Recommendations of artists: neighbours, votes, charts and reasons."""
