"""The kernel's functions as machine code: compiled once, kept in files, and loaded without numba.

To load numba takes as long as to scan 100 MB; a kernel that is kept needs only llvmlite, on which
numba is built: https://llvmlite.readthedocs.io/en/latest/user-guide/binding/execution-engine.html
"""

import ctypes
import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path

import llvmlite
from llvmlite import binding

from common.output import replacing

HERE = Path(__file__).parent
# For each function, which is in the module of its name, all that is compiled in
SOURCES = {
    "scan": (
        *("fields.py", "job.py", "names.py", "kernel/__init__.py", "kernel/memory.py"),
        *("kernel/numbers.py", "kernel/urls.py", "kernel/windows.py", "kernel/quotes.py"),
        *("kernel/moments.py", "kernel/lines.py", "kernel/rows.py", "kernel/scan.py"),
    ),
    "json_lines": (
        *("fields.py", "job.py", "kernel/__init__.py", "kernel/memory.py", "kernel/numbers.py"),
        *("kernel/json_text.py", "kernel/json_lines.py"),
    ),
}
# What the entry that numba makes would call if the function raised anything, which it cannot.
NEVER_CALLED = """
define void @numba_gil_ensure(ptr %state) { unreachable }
define void @PyErr_Clear() { unreachable }
"""
LOADING = threading.Lock()


def function(name: str) -> Callable[[int], int]:
    """Return one of the kernel's functions of SOURCES, which runs without Python's lock.

    One thread loads at a time: of threads that need a function at once, each would load it for
    itself, or compile it.
    """
    with LOADING:
        return loaded_function(name)


@cache
def loaded_function(name: str) -> Callable[[int], int]:
    """Load one of the functions, or return it as it was loaded."""
    engine = loaded(kept_code(name) or compiled_code(name))
    found = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(engine.get_function_address(name))
    found.engine = engine  # with which the code ends
    return found


def loaded(code: bytes) -> binding.ExecutionEngine:
    """Return an engine whose functions are those of an object file."""
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def machine() -> binding.TargetMachine:
    """Return what LLVM compiles for: this processor, with all that it can.

    An engine takes it over and frees it at its end, so that each needs one of its own.
    """
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features().flatten()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=features, opt=3, jit=True
    )


def compiled_code(name: str) -> bytes:
    """Compile a function to an object file, and keep its bytes where that is possible.

    Of processes that need it at once, such as the workers of a cluster, one compiles.
    """
    from filelock import FileLock

    code = None
    for folder in folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / f"{name}.lock"):
                code = code or kept_code(name) or machine().emit_object(compiled_module(name))
                with replacing(folder / file_name(name)) as file:
                    file.write_bytes(digest(code) + code)
            break
    return code or machine().emit_object(compiled_module(name))


def compiled_module(name: str) -> binding.ModuleRef:
    """Return a function as numba compiled it, whole: it calls nothing outside."""
    from numba import cfunc, types

    source = getattr(import_module(f"logs.kernel.{name}"), name)
    compiled = cfunc(types.int64(types.int64), error_model="numpy")(source)
    module = binding.parse_assembly(compiled.inspect_llvm())
    module.link_in(binding.parse_assembly(NEVER_CALLED))
    module.get_function(compiled.native_name).name = name
    return module


def kept_code(name: str) -> bytes | None:
    """Return what an earlier run compiled, unless there is nothing or its file is damaged."""
    for folder in folders():
        with suppress(OSError):
            kept = (folder / file_name(name)).read_bytes()
            code = kept[len(digest(b"")) :]
            if kept.startswith(digest(code)):
                return code
    return None


def folders() -> Iterator[Path]:
    """Yield where machine code may be kept: with the user's caches, else next to Python's own."""
    from platformdirs import user_cache_path

    yield user_cache_path("cdn-log-kernel")
    yield Path(cache_from_source(str(HERE / "kernel/scan.py"))).parent


def file_name(name: str) -> str:
    """Return a name in which are a digest of what the code was made of and of its processor."""
    made_of = [(HERE / source).read_bytes() for source in SOURCES[name]]
    machine = (binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())
    text = "\0".join((llvmlite.__version__, sys.platform, *machine))
    return f"{name}-{digest(b''.join([*made_of, text.encode()])).hex()[:24]}.o"


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).digest()
