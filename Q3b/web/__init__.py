"""The API over HTTP, and the page for listeners."""
