"""Stores of recommendations: one protocol, SQLite and DynamoDB."""
