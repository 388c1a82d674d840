"""Q3b's loops, which numba compiles for half a minute: once for all processes of pytest-xdist.

numba's cache is not made for two processes that fill it at once, so each process, with the scripts
that it starts, has a copy of its own: https://numba.readthedocs.io/en/stable/developer/caching.html
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numba
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
CACHES = ROOT / ".pytest_cache"


def use_own_cache(worker: str) -> None:
    """Let numba keep what this process compiles apart from that of other processes of pytest."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(CACHES / f"numba-{worker}"))


def take_compiled_kernels() -> None:
    """Copy what the first process compiled into this one's cache, unless that has it already."""
    for folder in compiled().iterdir():
        own = Path(os.environ["NUMBA_CACHE_DIR"]) / folder.name
        if not own.exists():
            shutil.copytree(folder, own)


def compiled() -> Path:
    """Return the folder of what numba compiles for the daily job; one process fills it."""
    folder = CACHES / f"numba-{digest_of_sources()}"
    CACHES.mkdir(exist_ok=True)
    with FileLock(CACHES / "numba.lock"), tempfile.TemporaryDirectory(dir=CACHES) as new:
        if not folder.exists():
            run_jobs(Path(new))
            (Path(new) / "cache").rename(folder)
    return folder


def digest_of_sources() -> str:
    """Return a name for the sources of the kernels and what compiles them."""
    sources = sorted((ROOT / "Q3b" / "recommender" / "kernels").glob("*.py"))
    code = b"\0".join(path.read_bytes() for path in sources)
    return hashlib.sha256(f"{sys.version} {numba.__version__}".encode() + code).hexdigest()[:16]


def run_jobs(folder: Path) -> None:
    """Run both methods on a few users, with `cache` in the folder as numba's."""
    from listening.sample.files import write_listeners

    plays, profiles = write_listeners(folder, users=300, artists=120, seed=4)
    store = f"sqlite:///{folder / 'recommendations.db'}"
    options = ["--store", store, "--plays", plays, "--profiles", profiles, "--force"]
    for method in ([], ["--metric", "euclidean"]):
        subprocess.run(
            [sys.executable, ROOT / "Q3b" / "recommend_daily.py", *options, *method],
            env=os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache")},
            check=True,
            capture_output=True,
        )
