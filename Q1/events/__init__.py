"""Events from files or a table, as the view `piwik_track`."""
