"""Questions about activity, all of which are answered from one row per user."""
