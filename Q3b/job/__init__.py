"""The daily job: fit, write a set, verify it, report."""
