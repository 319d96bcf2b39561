"""The switch for compiling. With `LOOPWRIGHT_COMPILE=1` this whole folder is tested on the compiled kernel."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

HAS_NUMBA = find_spec("numba") is not None


def python(code, **environment):
    """Run a piece of Python in a process of its own and return what it prints."""
    keep = {key: value for key, value in os.environ.items() if not key.startswith(("LOOPWRIGHT_", "NUMBA_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=keep | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LOADED = "import sys, {module}; print(*(name for name in ('numpy', 'numba', 'django') if name in sys.modules), 'end')"
SWITCH = "from interviews.scheduling import compiled; print(compiled.COMPILED, compiled.keeps_code())"


def test_importing_the_package_loads_no_number_library():
    assert python(LOADED.format(module="interviews.scheduling")) == ["end"]


def test_plain_python_needs_no_numba():
    assert python(LOADED.format(module="interviews.scheduling.kernel")) == ["numpy", "end"]
    assert python(SWITCH) == ["False", "False"]
    assert python(SWITCH, LOOPWRIGHT_COMPILE="0") == ["False", "False"]


@pytest.mark.skipif(not HAS_NUMBA, reason="Numba is not installed")
def test_compiled_code_is_kept_where_it_is_told(tmp_path):
    assert python(SWITCH, LOOPWRIGHT_COMPILE="1", LOOPWRIGHT_CACHE_DIR=str(tmp_path / "code")) == [
        "True",
        "True",
    ]
    assert python(SWITCH, LOOPWRIGHT_COMPILE="1") == ["True", "False"]


@pytest.mark.skipif(not HAS_NUMBA, reason="Numba is not installed")
def test_a_place_that_cannot_be_written_does_not_break_the_import(tmp_path):
    file = tmp_path / "file"
    file.write_text("no directory")
    nowhere = str(file / "code")
    imported = (
        "from interviews.scheduling import compiled, kernel; print(compiled.COMPILED, compiled.keeps_code())"
    )

    assert python(imported, LOOPWRIGHT_COMPILE="1", LOOPWRIGHT_CACHE_DIR=nowhere, HOME=nowhere) == [
        "True",
        "False",
    ]


def test_without_numba_the_switch_changes_nothing():
    blocked = "import sys; sys.modules['numba'] = None; " + SWITCH

    assert python(blocked, LOOPWRIGHT_COMPILE="1") == ["False", "False"]


def test_warm_says_whether_the_kernel_is_compiled():
    assert python("from interviews import scheduling; print(scheduling.warm())") == ["False"]
