"""The parsers that the scripts make, for tests of what may stand on their command lines."""

import argparse
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest


class Seen(BaseException):
    """What `parse_args` was called on or came back with: there the script is left."""


def loaded(script: Path) -> ModuleType:
    """The script as a module; a benchmark under a name that nothing else has."""
    if script.parent.name != "benchmarks":
        return importlib.import_module(script.stem)
    sys.path.append(str(script.parent))  # at the end: benchmarks/cluster.py is not the cluster
    specification = importlib.util.spec_from_file_location(f"benchmark_{script.stem}", script)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def parser_of(main: Callable) -> argparse.ArgumentParser:
    """The parser that a script makes."""

    def show(parser, *_):
        raise Seen(parser)

    with patch.object(argparse.ArgumentParser, "parse_args", show), pytest.raises(Seen) as seen:
        main([])
    return seen.value.args[0]
