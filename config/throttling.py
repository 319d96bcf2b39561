"""How often one person or one key may ask: a fixed window of a minute, counted atomically in the cache.

(DRF's own throttle keeps a list and loses what is counted at the same time.) The memory cache counts per
process; with REDIS_URL all processes count together. Loaded early by DRF: no REST views are imported here.
"""

import logging
import math
import time
from typing import TYPE_CHECKING

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

WINDOW = 60
USER_LIMIT, KEY_LIMIT = 600, 1200
logger = logging.getLogger(__name__)


class PerActor(BaseThrottle):
    """600 requests a minute for a person, 1,200 for an API key."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.auth, ApiKey):
            who, limit = f"key:{request.auth.pk}", KEY_LIMIT
        elif request.user.is_authenticated:
            who, limit = f"user:{request.user.pk}", USER_LIMIT
        else:
            return True
        return self._count(who) <= limit

    def wait(self) -> float:
        return float(math.ceil(WINDOW - time.time() % WINDOW))

    def _count(self, who: str) -> int:
        name = f"throttle:{who}:{int(time.time() // WINDOW)}"
        try:
            cache.add(name, 0, 2 * WINDOW)
            return cache.incr(name)
        except ValueError:
            return 0  # forgotten between the two calls: the cache is full
        except (RedisError, OSError):
            # A limit that cannot be counted is no reason to turn people away.
            logger.warning("The cache does not answer, so requests are not counted.")
            return 0
