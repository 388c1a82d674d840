"""The kernel as machine code: compiled once, kept in a file, and loaded without numba.

To load numba takes as long as to scan 100 MB; a kernel that is kept needs only llvmlite, on which
numba is built: https://llvmlite.readthedocs.io/en/latest/user-guide/binding/execution-engine.html
"""

import ctypes
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

import llvmlite
from llvmlite import binding

from common.output import replacing

NAME = "scan"
HERE = Path(__file__).parent
SOURCES = ("kernel.py", "job.py", "fields.py", "names.py")  # all that is compiled in
# What the entry that numba makes would call if the kernel raised anything, which it cannot.
NEVER_CALLED = """
define void @numba_gil_ensure(ptr %state) { unreachable }
define void @PyErr_Clear() { unreachable }
"""


@cache
def scan_function() -> Callable[[int], int]:
    """Return the kernel's `scan`, which runs without Python's lock."""
    engine = loaded(kept_code() or compiled_code())
    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(engine.get_function_address(NAME))
    function.engine = engine  # with which the code ends
    return function


def loaded(code: bytes) -> binding.ExecutionEngine:
    """Return an engine whose functions are those of an object file."""
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


@cache
def machine() -> binding.TargetMachine:
    """Return what LLVM compiles for: this processor, with all that it can."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features().flatten()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=features, opt=3, jit=True
    )


def compiled_code() -> bytes:
    """Compile the kernel to an object file, and keep its bytes where that is possible."""
    code = machine().emit_object(compiled_module())
    for folder in folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(folder / file_name()) as file:
                file.write_bytes(digest(code) + code)
            break
    return code


def compiled_module() -> binding.ModuleRef:
    """Return the kernel as numba compiled it, whole: it calls nothing outside."""
    from logs.kernel import compiled_scan

    compiled = compiled_scan()
    module = binding.parse_assembly(compiled.inspect_llvm())
    module.link_in(binding.parse_assembly(NEVER_CALLED))
    module.get_function(compiled.native_name).name = NAME
    return module


def kept_code() -> bytes | None:
    """Return what an earlier run compiled, unless there is nothing or its file is damaged."""
    for folder in folders():
        with suppress(OSError):
            kept = (folder / file_name()).read_bytes()
            code = kept[len(digest(b"")) :]
            if kept.startswith(digest(code)):
                return code
    return None


def folders() -> Iterator[Path]:
    """Yield where machine code may be kept: next to Python's own, else where users keep such."""
    yield Path(cache_from_source(str(HERE / "kernel.py"))).parent
    from platformdirs import user_cache_path

    yield user_cache_path("cdn-log-kernel")


def file_name() -> str:
    """Return a name that tells what the code was made of and which processor it is for."""
    made_of = [(HERE / name).read_bytes() for name in SOURCES]
    machine = (binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())
    text = "\0".join((llvmlite.__version__, sys.platform, *machine))
    return f"kernel-{digest(b''.join([*made_of, text.encode()])).hex()[:24]}.o"


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).digest()
