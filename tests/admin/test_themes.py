"""The same admin.py files run on both themes."""

import os
import pathlib
import subprocess
import sys

import pytest
from django.conf import settings

ROOT = pathlib.Path(__file__).parent.parent.parent
OTHER = "stock" if settings.ADMIN_THEME == "unfold" else "unfold"


def in_the_other_theme(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ADMIN_THEME": OTHER, "OTHER_THEME": "yes"}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_the_other_theme_passes_the_checks():
    done = in_the_other_theme("manage.py", "check")
    assert (done.returncode, done.stdout) == (0, "System check identified no issues (0 silenced).\n"), (
        done.stderr
    )


@pytest.mark.slow
@pytest.mark.skipif("OTHER_THEME" in os.environ, reason="this is the other theme's run")
def test_every_list_and_page_opens_in_the_other_theme():
    done = in_the_other_theme(
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "tests/admin/test_site.py",
        "tests/admin/test_lists.py",
    )
    assert done.returncode == 0, done.stdout
