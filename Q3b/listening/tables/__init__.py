"""Tables of plays, profiles and items in any kind of file: all are read to columns of text."""
