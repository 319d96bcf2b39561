"""Settings of a product that was broken on purpose, to see that the bench notices (README.md, “Can it fail?”)."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench.chaos.sabotaged.Sabotaged"]
