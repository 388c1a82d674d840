"""Listeners drawn from a seed, and the files of them."""
