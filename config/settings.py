"""Settings, all from the environment (see .env.example); every default suits one machine with nothing installed."""

import datetime as dt
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import environ

from config.theme import UNFOLD  # noqa: F401 - a setting

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# Everything the running service writes that is not in the database: SQLite file, queue folder, compile cache.
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("DEBUG", default=False)
# SECURITY: the two development keys are refused by `manage.py check --deploy` (config/checks.py).
SECRET_KEY = env("SECRET_KEY", default="development-only-not-a-secret-set-SECRET_KEY-in-production")
FIELD_ENCRYPTION_KEYS = env.list(
    "FIELD_ENCRYPTION_KEYS", default=["ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtISE="]
)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
BASE_URL = env("BASE_URL", default="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
COMPANY = env("COMPANY", default="Your company")

ADMIN_THEME = env("ADMIN_THEME", default="unfold")  # or "stock": the same admin.py files run on both

INSTALLED_APPS = [
    *(["unfold.apps.BasicAppConfig"] if ADMIN_THEME == "unfold" else []),
    "config.admin_app.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "journal",
    "outbox",
    "accounts",
    "hiring",
    "candidates",
    "interviews",
    "analytics",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # SECURITY: it adds a random length to each answer, and the CSRF token in a page is masked anew each time (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.OwnTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.Devices",
    "accounts.middleware.LogInRules",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.navigation.navigation",
            ],
        },
    },
]

# --- database -----------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'loopwright.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL and immediate transactions: the measured difference between "database is locked" and none at all.
    # The price: every atomic block takes the write lock, so nothing slow may happen inside one.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728;"
            "PRAGMA journal_size_limit=27103364; PRAGMA cache_size=2000;"
        ),
    }
    # Tests run on a file too, one a process: threads and processes meet the same locks as in production.
    DATABASES["default"]["TEST"] = {
        "NAME": str(Path(tempfile.gettempdir()) / f"loopwright-{os.getpid()}.sqlite3")
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- the journal --------------------------------------------------------------------------------------------
EVENT_WIRING = "config.wiring.WIRING"
OUTBOX_CARRIERS = "config.wiring.CARRIERS"
EVENT_READERS = "config.reading.readable"

# --- people -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedSignup"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "accounts.adapter.Factors"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
# A device that may be trusted is not asked for the second factor again for so many days; 0: each log-in asks.
TRUST_DEVICE_DAYS = env.int("TRUST_DEVICE_DAYS", default=30)
MFA_TRUST_ENABLED = TRUST_DEVICE_DAYS > 0
MFA_TRUST_COOKIE_AGE = dt.timedelta(days=TRUST_DEVICE_DAYS)
# The roles whose people must log in with a second factor, such as admin,recruiter.
SECOND_FACTOR_ROLES = env.list("SECOND_FACTOR_ROLES", default=[])
# Single sign-on with the company's own log-in (OpenID Connect). Without an issuer there is none.
OIDC_ISSUER = env("OIDC_ISSUER", default="").rstrip("/")
OIDC_CLIENT_ID = env("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env("OIDC_CLIENT_SECRET", default="")
OIDC_LABEL = env("OIDC_LABEL", default="Log in with your company account")
# Directories that never say whether an address is verified, because the company gave it (Microsoft Entra).
OIDC_VOUCHES_FOR_EMAIL = env.bool("OIDC_VOUCHES_FOR_EMAIL", default=False)
# Off: single sign-on and passkeys only.
PASSWORD_LOG_IN = env.bool("PASSWORD_LOG_IN", default=True)
SESSION_COOKIE_AGE = 14 * 24 * 3600

# --- language, time, files ------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
_collected = (STATIC_ROOT / "staticfiles.json").exists() or "collectstatic" in sys.argv
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _collected

# --- security -------------------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_https = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_https)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000 if _https else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)  # whose address log-in limits count and devices show
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- mail -----------------------------------------------------------------------------------------------------
# Without EMAIL_URL the mails stay in the outbox's log (console); nothing leaves the machine by accident.
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
# Calendars. CALENDAR_HOSTS lists hosts or networks of the company's own that may be read although they are not public.
CALENDAR_HOSTS = env.list("CALENDAR_HOSTS", default=[])
# Chats of the company's own (Mattermost, say) that posts may go to although their address is not public.
CHAT_HOSTS = env.list("CHAT_HOSTS", default=[])
GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET = (
    env("GOOGLE_CLIENT_ID", default=""),
    env("GOOGLE_CLIENT_SECRET", default=""),
)
GOOGLE_API = env("GOOGLE_API", default="https://www.googleapis.com/calendar/v3")
GOOGLE_CONSENT = env("GOOGLE_CONSENT", default="https://accounts.google.com/o/oauth2/v2/auth")
GOOGLE_TOKENS = env("GOOGLE_TOKENS", default="https://oauth2.googleapis.com/token")
MICROSOFT_CLIENT_ID = env("MICROSOFT_CLIENT_ID", default="")
MICROSOFT_CLIENT_SECRET = env("MICROSOFT_CLIENT_SECRET", default="")
MICROSOFT_API = env("MICROSOFT_API", default="https://graph.microsoft.com/v1.0")
MICROSOFT_CONSENT = env(
    "MICROSOFT_CONSENT", default="https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
)
MICROSOFT_TOKENS = env(
    "MICROSOFT_TOKENS", default="https://login.microsoftonline.com/common/oauth2/v2.0/token"
)
# The company's mail gateway signs what it hands to /interviews/hooks/mail with this; empty: the hook is closed.
INBOUND_MAIL_SECRET = env("INBOUND_MAIL_SECRET", default="")
# The folder that answers to invitations come to: imaps://user:password@host/Folder; empty: it is not read.
IMAP_URL = env("IMAP_URL", default="")
# Where interviews take place, with {room} for an unguessable name; empty: people are told another way.
MEETING_LINK = env("MEETING_LINK", default="")
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Loopwright <loopwright@localhost>")

# --- Celery: a wake-up, never the truth (docs/adr/0003) -----------------------------------------------------------
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 1200,  # more than three times the longest task
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 30,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.2,
    }
else:
    _queue = DATA_DIR / "queue"
    for _folder in ("in", "control", "processed"):
        (_queue / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "in"),
        "data_folder_out": str(_queue / "in"),
        "control_folder": str(_queue / "control"),
        "processed_folder": str(_queue / "processed"),
        "store_processed": False,
        "polling_interval": 0.2,
    }

# --- REST API -------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["config.throttling.PerActor"],
    "EXCEPTION_HANDLER": "config.api.problem_details",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%SZ",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Loopwright API",
    "VERSION": "1",
    "DESCRIPTION": "Interview loops over REST. Verbs are POSTs below their noun; errors are RFC 9457 problem details.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "AccountKind": "accounts.models.User.Kind",
        "OpeningStatus": "hiring.models.Opening.Status",
        "TransitionPlanStatus": "hiring.models.TransitionPlan.Status",
        "ApplicationStatus": "candidates.models.Application.Status",
        "OfferStatus": "candidates.models.Offer.Status",
        "LoopStatus": "interviews.models.Loop.Status",
        "ProposalStatus": "interviews.models.Proposal.Status",
        "InterviewStatus": "interviews.models.Interview.Status",
        "ScorecardStatus": "interviews.models.Scorecard.Status",
        "FlagStatus": "interviews.models.Flag.Status",
        "DebriefStatus": "interviews.models.Debrief.Status",
        "RatingValue": "interviews.models.Rating.Value",
        "Recommendation": "interviews.models.scorecards.Recommendation",
        "Specificity": "interviews.models.scorecards.Specificity",
        "QualificationLevel": "interviews.models.Qualification.Level",
        "Level": "candidates.api.LEVEL_CHOICES",
        "RejectReason": "candidates.models.Application.RejectReason",
        "WithdrawReason": "candidates.models.Application.WithdrawReason",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api.document_problems",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {"django.request": {"level": "ERROR"}},
}
