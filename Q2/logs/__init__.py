"""Access logs: found, inflated, recognised and scanned into records."""
