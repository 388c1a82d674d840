"""Who played what: read from files, tables and a database, or drawn from a seed."""
