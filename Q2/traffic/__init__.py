"""Requests and bytes by group: the question, its answer, reports and plots."""
