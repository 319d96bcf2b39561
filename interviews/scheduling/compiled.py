"""The switch between compiled and plain Python for the kernel; both run the same source and give the same
answers.

`LOOPWRIGHT_COMPILE=1` compiles with Numba when it is installed; anything else, or no Numba, means plain
Python. It is read once, when the kernel is first imported. Compiled code is kept in `LOOPWRIGHT_CACHE_DIR`;
without a directory that can be written it is compiled anew in each process, because Numba refuses to import
where it finds no place for its cache.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def _writable(directory: str) -> bool:
    try:
        os.makedirs(directory, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def _edition() -> str:
    """Changes with any compiled source. Numba looks at one file at a time, and would go on using a function
    that has an older one of another file inside.
    """
    here = Path(__file__).parent
    sources = b"".join((here / name).read_bytes() for name in ("kernel.py", "placing.py", "board.py"))
    return hashlib.sha256(sources).hexdigest()[:12]


def _numba() -> Any:
    if os.environ.get("LOOPWRIGHT_COMPILE") != "1":
        return None
    directory = os.environ.get("LOOPWRIGHT_CACHE_DIR") or os.environ.get("NUMBA_CACHE_DIR") or ""
    if directory:
        directory = os.path.join(directory, _edition())
    cached = bool(directory) and _writable(directory)
    if cached:
        os.environ["NUMBA_CACHE_DIR"] = directory  # Numba reads it when it is imported
        os.environ.setdefault("LOOPWRIGHT_CACHE_DIR", os.path.dirname(directory))  # for our own processes
    try:
        import numba
    except ImportError:
        return None
    if cached:
        numba.config.CACHE_DIR = directory  # type: ignore[attr-defined]  # and here, should somebody have imported it before
    return numba, cached


_found = _numba()
COMPILED: bool = _found is not None


def keeps_code() -> bool:
    """Whether the next process finds the compiled code again."""
    return _found is not None and bool(_found[1])


def entry(function: Function) -> Function:
    """Compile a function that plain Python calls."""
    if _found is None:
        return function
    numba, cached = _found
    return numba.njit(cache=cached, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


def inner(function: Function) -> Function:
    """Compile a function that only compiled code calls; without wrappers for Python it compiles in half the
    time.
    """
    if _found is None:
        return function
    numba, cached = _found
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return numba.njit(cache=cached, nogil=True, error_model="numpy", **options)(function)  # type: ignore[no-any-return]
