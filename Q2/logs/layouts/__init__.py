"""The registry of log formats, and the choice of one by the first lines of a file."""

from common.command import UserError

from logs.fields import LayoutOptions, LogFormat
from logs.layouts import bunny, json_lines, servers, table, template, w3c
from logs.layouts.refusal import look_of
from logs.layouts.whole import WholeFormat, first_lines

# Each entry is a `logs.fields.LogFormat`: a module or an object. The first that recognises a file
# reads it. Blocks of an entry whose layouts are of a type of their own are scanned by its module.
FORMATS: dict[str, LogFormat] = {
    "w3c": w3c,
    "json": json_lines.json_format(lambda *said: format_of(*said)),
    "tsv": table.TSV,
    "csv": table.CSV,
    "combined": servers.COMBINED,
    "s3": servers.S3,
    "alb": servers.ALB,
    "elb": servers.ELB,
    "squid": servers.SQUID,
    "cloudfront": servers.CLOUDFRONT_TAIL,
    "cloudfront-real-time": servers.CLOUDFRONT_REAL_TIME,
    "bunny": bunny.BUNNY,
}
# What GoAccess calls formats that are not format strings
GOACCESS = {
    "goaccess:w3c": "w3c",
    "goaccess:cloudfront": "w3c",
    "goaccess:cloudstorage": "csv",
    "goaccess:awss3": "s3",
    "goaccess:awselb": "elb",
    "goaccess:awsalb": "alb",
    "goaccess:squid": "squid",
}
COMPILED = tuple(f"{kind}:" for kind in template.PARSERS)


def format_of(head: bytes | memoryview, file: str, options: LayoutOptions) -> LogFormat:
    """The format that the options name, or else that recognises the first lines of a file.

    Raises `UserError` where none does, naming what the lines look like.
    """
    if options.log_format:
        return named_format(options.log_format)
    lines = first_lines(head)
    if options.fields or (options.delimiter and not w3c.recognises(lines, file, options)):
        return FORMATS["csv"]
    for log_format in FORMATS.values():
        if log_format.recognises(lines, file, options):
            return log_format
    known = ", ".join(FORMATS)
    raise UserError(f"{file}: its first lines are of no known format ({known}); {look_of(lines)}")


def named_format(name: str) -> LogFormat:
    """The format of a name, or one compiled from a format string. Raises `UserError`."""
    name = GOACCESS.get(name.lower(), name)
    if name.startswith(COMPILED):
        return WholeFormat(
            "a format string", lambda lines, file, options, named: template.compiled(name, options)
        )
    return FORMATS[name]


def name_of(log_format: LogFormat, options: LayoutOptions) -> str:
    """The name by which `named_format` finds a format that was recognised."""
    return options.log_format or next(name for name, it in FORMATS.items() if it is log_format)
