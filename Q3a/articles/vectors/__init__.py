"""A vector for each article, from files or from an embedding model."""
