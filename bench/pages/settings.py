"""The service as the image serves it (static files collected and compressed), with each answer telling its queries."""

import os
from pathlib import Path

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE, REST_FRAMEWORK, STORAGES

STATIC_ROOT = Path(os.environ["BENCH_STATIC"])
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = False
MIDDLEWARE = ["bench.pages.counting.QueriesOfAnswer", *MIDDLEWARE]
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}  # one person asks for everything here
