"""The registry of log formats, and the choice of one by the first lines of a file."""

from common.command import UserError

from types import ModuleType

from logs.layouts import combined, tsv, w3c

# A format is a module with DESCRIPTION and three functions, so that all of it is in one place:
# `recognises` judges the first lines of a file. `pieces` lays out the file's blocks: each piece is
# a layout and whole lines of it, and no line is missing, so that lines can be counted.
# `preludes` returns, for each place at which a large file is cut, the line that says how the lines
# from there on are read, such as the header; b"" where lines speak for themselves.
FORMATS = {"w3c": w3c, "tsv": tsv, "combined": combined}

HEAD = 1 << 16  # bytes in which a format is looked for


def detect(block: memoryview, file: str) -> ModuleType:
    """The format that recognises the first lines of a file."""
    lines = bytes(block[:HEAD]).splitlines()
    for log_format in FORMATS.values():
        if log_format.recognises(lines):
            return log_format
    known = "; ".join(f"{name}: {module.DESCRIPTION}" for name, module in FORMATS.items())
    raise UserError(f"{file}: its first lines are of no known format ({known}); see --log-format")
