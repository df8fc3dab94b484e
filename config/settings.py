"""
Django's settings.

Those that differ between installations come from the environment, see config.env.
"""

import importlib.util
from datetime import timedelta
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config import env
from config.desk import theme
from config.mail import backend as mail
from config.observe import logs
from config.paths import ROOT, var_dir
from config.storage import databases
from config.storage.bounded import pool_options
from config.storage.cache import IMPATIENT

# Allows generic types at runtime, such as ModelAdmin[Request].
django_stubs_ext.monkeypatch()

ENV = env.load()
VAR_DIR = var_dir()

DEBUG = ENV.debug
EMBEDDED = ENV.embedded
SITE_URL = ENV.site_url
ALLOWED_HOSTS = ENV.hosts
SECRET_KEY = ENV.secret_key.get_secret_value()
ENCRYPTION_KEYS = [key.get_secret_value() for key in ENV.encryption_keys]
ERASURE_KEY = ENV.erasure_key.get_secret_value()
AGENCY_PREFIX = ENV.agency_prefix
SEAL_HEADS_FILE = str(ENV.seal_heads_file or VAR_DIR / "seal-heads.jsonl")
METRICS_TOKEN = ENV.metrics_token.get_secret_value() if ENV.metrics_token else ""

# -- Apps, middleware and templates ----------------------------------------------------------------

INSTALLED_APPS = [
    "config",  # before unfold and allauth, because it overrides some of their templates
    # This config creates no site. It is before django.contrib.admin, whose templates it overrides.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "config.desk.admin_app.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",  # for trigram indexes
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "simple_history",
    "django_celery_beat",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "django_structlog",
    "routing",
    "delivery",
    "integrations",
]
OUR_APPS = ("config", "routing", "delivery", "integrations")
if importlib.util.find_spec("demo"):  # a production image has it only when built with DEMO=yes
    INSTALLED_APPS.append("demo")

MIDDLEWARE = [
    # First: a balancer calls by IP address, needs no session and should not fill the log.
    "config.observe.health.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.observe.metrics.MetricsMiddleware",
    "config.web.caching.CachingMiddleware",
    "config.web.policy.PolicyMiddleware",
    # Before all middleware that uses the database, so that every failure has a request id.
    "django_structlog.middlewares.RequestMiddleware",
    "config.web.direct.DirectMiddleware",
    "config.web.links.LinksMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.web.timezones.ReadersTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.accounts.devices.DeviceMiddleware",
    "config.accounts.signin.SecondFactorMiddleware",
    "config.accounts.signin.ContactsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "config" / "templates"],  # override some of Unfold's
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.desk.context.house",
            ],
        },
    }
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

# -- Data ------------------------------------------------------------------------------------------

_POOL: dict[str, Any] = pool_options(ENV.database_pool) if ENV.database_pool else {}

DATABASES = {
    "default": databases.for_django(ENV.database_url, prepare_threshold=5, **_POOL)
    # A pool keeps its own connections, and config/storage/postgres checks them. Without one, each
    # process keeps a connection and checks it before each request.
    | {
        "CONN_MAX_AGE": 0 if ENV.database_pool else 600,
        "CONN_HEALTH_CHECKS": not ENV.database_pool,
    },
}
if ENV.database_owner_url:  # only for migrations; web, worker and beat never have it
    DATABASES["owner"] = databases.for_django(ENV.database_owner_url)

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "routing.User"
SIMPLE_HISTORY_REVERT_DISABLED = True

CACHES = {
    "default": {
        "BACKEND": "config.storage.cache.Cache",
        "LOCATION": ENV.redis_url,
        "KEY_PREFIX": "tl",
        "OPTIONS": IMPATIENT,
    },
}

# -- Language and time -----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [ROOT / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# -- Files -----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
# Private: only views that check permissions serve these files, so there is no MEDIA_URL.
MEDIA_ROOT = VAR_DIR / "files"
SITES_DIR = VAR_DIR / "site"  # pages of static destinations; public, below /site/<connection>/
SIGN_INS_FILE = VAR_DIR / "sign-ins"  # passwords of the demo, mode 0600
_STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"
if ENV.static_hashed and not DEBUG:
    _STATIC = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _STATIC},
    "private": {  # for S3, a backend of django-storages; names are digests, so it may overwrite
        "BACKEND": "routing.kernel.storage.PrivateStorage",
        "OPTIONS": {
            "location": MEDIA_ROOT,
            "allow_overwrite": True,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
FILE_MAX_BYTES = ENV.max_upload_mb * 1_000_000
# Enough for a phone's 48 megapixels. Only one image at a time is decoded, in a process whose memory
# is limited: see routing.work.file_types.drawing.
FILE_MAX_PIXELS = 50_000_000
# Forms say how many files they take. Above this number, Django refuses the request as a whole, with
# the text that was typed.
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000
FILE_UPLOAD_HANDLERS = [
    "routing.kernel.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# -- Security --------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = ENV.https
# With the prefix, browsers take them from this host alone and never over http.
SESSION_COOKIE_NAME = "__Host-throughline_session" if ENV.https else "throughline_session"
CSRF_COOKIE_NAME = "__Host-throughline_csrf" if ENV.https else "throughline_csrf"
CSRF_COOKIE_HTTPONLY = True
SESSION_ENGINE = "config.accounts.sessions"
SESSION_COOKIE_AGE = int(timedelta(days=7).total_seconds())  # in the database
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # nobody is remembered, however they signed in
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if ENV.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENV.https
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.behind_proxy else None
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.web.errors.form_expired"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Alpine, which Unfold uses, evaluates attributes and sets inline styles. Unfold's maintainer will
# not change that (#1344, #2129).
ADMIN_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}

# -- Sign-in ---------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["config.accounts.signin.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
ACCOUNT_ADAPTER = "config.accounts.signin.AccountAdapter"
ACCOUNT_FORMS = {
    "change_password": "config.accounts.forms.PasswordForm",
    "confirm_login_code": "config.accounts.forms.ConfirmCodeForm",
    "request_login_code": "config.accounts.forms.CodeForm",
    "reset_password": "config.accounts.forms.ResetForm",
}
MFA_FORMS = {
    "activate_totp": "config.accounts.second_factor.ActivateForm",
    "authenticate": "config.accounts.second_factor.AuthenticateForm",
    "reauthenticate": "config.accounts.second_factor.ReauthenticateForm",
}
ACCOUNT_LOGIN_BY_CODE_ENABLED = True  # only for contacts, see config.accounts.forms
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = int(timedelta(minutes=10).total_seconds())
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# Guesses and requests for e-mails are limited in config.accounts.guesses: for each account, address
# and device. What allauth would limit for an account alone is left out, because then strangers
# could lock its owner out.
ACCOUNT_RATE_LIMITS = {"reset_password": "20/m/ip"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Colleagues create accounts, and nobody can sign up with another person's address.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ENV.https else "http"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if ENV.behind_proxy else 0
MFA_ADAPTER = "config.accounts.signin.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Throughline"
MFA_TOTP_TOLERANCE = 1  # one step in both directions: clocks of phones are not exact
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENV.https

# -- Mail ------------------------------------------------------------------------------------------

if ENV.smtp_url:
    _SMTP = mail.parse(ENV.smtp_url.get_secret_value())
    EMAIL_HOST, EMAIL_PORT = _SMTP.host, _SMTP.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _SMTP.user, _SMTP.password
    EMAIL_USE_SSL, EMAIL_USE_TLS = _SMTP.implicit_tls, not _SMTP.implicit_tls
    EMAIL_BACKEND = "config.mail.smtp.DeadlineBackend"
    EMAIL_TIMEOUT = 10  # from one byte to the next; the backend limits the whole conversation
else:
    EMAIL_BACKEND = "config.mail.stored_emails.FolderBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.from_email

# -- Celery: tasks only wake workers; all work is in rows with a due time --------------------------

# Longer than any task may run. Otherwise Redis would deliver a running task a second time.
_VISIBILITY_S = 900
CELERY_BROKER_URL = ENV.broker
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Workers reconnect after an outage of any length. By default, they give up.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": _VISIBILITY_S,
    # Tasks of a lost worker come back soon. By default, that can take minutes.
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": _VISIBILITY_S}
CELERY_VISIBILITY_TIMEOUT = _VISIBILITY_S
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [
    *(Queue(name) for name in ("default", "process", "sweep")),
    *(Queue(name) for name in ("reading", "outbound", "outbound-bulk", "outbound-slow")),
]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
DJANGO_CELERY_BEAT_TZ_AWARE = True

# -- Observing -------------------------------------------------------------------------------------

LOGGING_CONFIG = "config.observe.logs.configure"
LOGGING = logs.config(level=ENV.log_level, console=DEBUG or ENV.log_format == "console")
# For requests and SQL statements: pages take tenths of a second, most statements milliseconds.
PROMETHEUS_LATENCY_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
    float("inf"),
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# The number on an error page must find exactly one request, so callers cannot choose it.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = False
DJANGO_STRUCTLOG_TRUST_UPSTREAM_CORRELATION_ID = False
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # personal data, which the proxy can log if needed
SILENCED_SYSTEM_CHECKS = [
    "security.W021",  # HSTS preloading binds a whole domain, so its owner must choose it
]

UNFOLD = theme.UNFOLD
