"""An answer found a second time, by DuckDB in the original events, to compare with the first.

Nothing here imports how the answer was found: not the readers of files, not the statements.
"""
