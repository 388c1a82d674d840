"""The registry of log formats, and the choice of one by the first lines of a file."""

from common.command import UserError

from types import ModuleType

from logs.layouts import combined, tsv, w3c

# A format is a module with DESCRIPTION, `recognises`, which judges the first lines of a file, and
# `pieces`, which lays out the file's blocks: each piece is a layout and whole lines of it, and no
# line of the file is missing, so that lines can be counted.
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
