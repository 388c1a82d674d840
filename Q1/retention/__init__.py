"""The questions about retention, and their answers as text, CSV, JSON and plots."""
