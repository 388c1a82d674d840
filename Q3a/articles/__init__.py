"""Articles: read from files, cleaned, cut into words, grouped by near-duplicates."""
