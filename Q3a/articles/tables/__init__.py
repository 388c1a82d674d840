"""Tables of articles in each kind of file: all are read to the same rows of text."""
