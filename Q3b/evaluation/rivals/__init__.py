"""Recommenders of other kinds that ours is compared with, each a function of plays and settings."""
