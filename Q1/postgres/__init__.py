"""The PostgreSQL server: the one that is named, or an embedded one."""
