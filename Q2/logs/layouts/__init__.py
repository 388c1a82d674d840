"""The registry of log formats, and the choice of one by the first lines of a file."""

from common.command import UserError

from logs.fields import LayoutOptions, LogFormat
from logs.layouts import combined, tsv, w3c

# Each entry is a `logs.fields.LogFormat`: a module or an object. The first that recognises a file
# reads it. Blocks of an entry whose layouts are of a type of their own are scanned by its module.
FORMATS: dict[str, LogFormat] = {"w3c": w3c, "tsv": tsv, "combined": combined}

HEAD = 1 << 16  # bytes in which a format is looked for


def format_of(head: bytes | memoryview, file: str, options: LayoutOptions) -> LogFormat:
    """The format that the options name, or else that recognises the first lines of a file."""
    if options.log_format:
        return FORMATS[options.log_format]
    lines = bytes(head[:HEAD]).splitlines()
    for log_format in FORMATS.values():
        if log_format.recognises(lines):
            return log_format
    known = "; ".join(f"{name}: {it.description}" for name, it in FORMATS.items())
    raise UserError(f"{file}: its first lines are of no known format ({known}); see --log-format")
