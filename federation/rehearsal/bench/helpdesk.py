"""
django-helpdesk, the peer of W5: installed from PyPI into an environment of the bench's own, served by gunicorn.

As its documentation has it: its REST endpoint (``POST /api/tickets/``, its own serializer, form and models), two worker processes on
two cores, connections to the database that stay open.  What makes a ticket more expensive there than here is left out in its favour:
no debugging, no sessions, a token instead of a password hash a request, mail into a dummy.  SQLite as the node has it: WAL,
``synchronous=FULL``, ``BEGIN IMMEDIATE``.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from federation.rehearsal.bench.load import Request, serial_mark
from federation.rehearsal.stage import free_port

PACKAGES = ("django-helpdesk==2.6.1", "django<6", "gunicorn", "psycopg[binary]")
start_seconds_max = 60.0
workers, threads = 2, 16

_SETTINGS = """
import json, os
SECRET_KEY = "a-key-of-a-bench"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {"default": json.loads(os.environ["BENCH_DATABASE"])}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites",
    "django.contrib.humanize", "django.contrib.messages", "django.contrib.admin", "rest_framework", "rest_framework.authtoken", "helpdesk",
]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
    "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]}}]
SITE_ID = 1
SILENCED_SYSTEM_CHECKS = ["admin.E409", "admin.E410"]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"]}
HELPDESK_ACTIVATE_API_ENDPOINT = True
HELPDESK_TEAMS_MODE_ENABLED = False
"""
_URLS = """
from django.urls import include, path
urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
"""
_PREPARE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth import get_user_model
from helpdesk.models import Queue
from rest_framework.authtoken.models import Token
user = get_user_model().objects.create_superuser("bench", "bench@example.org", "bench")
queue = Queue.objects.create(title="Enterprises", slug="enterprises", allow_public_submission=True)
print(Token.objects.create(user=user).key, queue.pk)
"""
_COUNT = """
import django
django.setup()
from helpdesk.models import Ticket
print(Ticket.objects.count())
"""


class NoPeer(Exception):
    """It cannot be installed or started here; says why."""


@dataclass(frozen=True)
class Environment:
    """Where it is installed."""

    home: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.home / "bin" / "python"


@dataclass(frozen=True)
class Peer:
    """A server at work on *port*, with one queue and a token."""

    environment: Environment
    settings: dict[str, str]
    port: int
    token: str
    queue: int

    @property
    def request(self) -> Request:
        """A ticket of the need that the node is given (``intake``), as its own endpoint takes it."""
        body = {
            "queue": self.queue,
            "title": f"水渠堵塞 {serial_mark}",
            "description": "园区排水渠堵塞，雨天厂区积水，货车进出困难，希望协调清淤并开临时通道。",
            "submitter_email": f"138{serial_mark}@example.org",
            "priority": 3,
            "resolution": "",
            "due_date": None,
            "merged_to": None,
        }
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        return Request("/api/tickets/", "POST", json.dumps(body), headers)

    def tickets(self) -> int:
        """How many it holds."""
        return int(_say(self.environment, self.settings, _COUNT))


def install(home: Path) -> Environment:
    """
    Make the environment in *home*, from the index that pip is set up to use.

    Raises:
        NoPeer: pip failed.
    """
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    environment = Environment(home)
    pip = [str(environment.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPeer(f"django-helpdesk cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return environment


@contextmanager
def serving(environment: Environment, home: Path, database_url: str) -> Iterator[Peer]:
    """
    A server on a database of its own: at *database_url*, or an SQLite file in *home*.

    Raises:
        NoPeer: it did not start.
    """
    home.mkdir(parents=True)
    (home / "settings.py").write_text(_SETTINGS, encoding="utf-8")
    (home / "urls.py").write_text(_URLS, encoding="utf-8")
    given = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(home), "BENCH_DATABASE": json.dumps(_database(home, database_url))}
    token, queue = _say(environment, given, _PREPARE).split()
    port = free_port()
    command = [str(environment.python), "-m", "gunicorn", "django.core.wsgi:get_wsgi_application()", "-b", f"127.0.0.1:{port}"]
    options = ["-k", "gthread", "-w", str(workers), "--threads", str(threads), "--keep-alive", "60", "--log-level", "warning"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen([*command, *options], cwd=home, stdout=log, stderr=log, env=os.environ | given, start_new_session=True)
    try:
        _wait_until_ready(server, port, home / "server.log")
        yield Peer(environment, given, port, token, int(queue))
    finally:
        server.terminate()
        server.wait()


def _database(home: Path, url: str) -> dict[str, object]:
    if url:
        address, _, name = url.removeprefix("postgresql://").partition("/")
        user, _, place = address.partition("@")
        host, _, port = place.partition(":")
        engine = "django.db.backends.postgresql"
        return {"ENGINE": engine, "NAME": name, "USER": user, "HOST": host, "PORT": port, "CONN_MAX_AGE": 600}
    options = {
        "timeout": 60,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(home / "helpdesk.db"), "CONN_MAX_AGE": 600, "OPTIONS": options}


def _say(environment: Environment, settings: dict[str, str], program: str) -> str:
    done = subprocess.run(
        [str(environment.python), "-W", "ignore", "-c", program], capture_output=True, text=True, env=os.environ | settings, check=False
    )
    if done.returncode:
        raise NoPeer(done.stderr[-2_000:])
    return done.stdout.strip().splitlines()[-1]


def _wait_until_ready(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    given_up = time.monotonic() + start_seconds_max
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/api/tickets/", timeout=start_seconds_max)
        except HTTPError:
            return  # it answers, and wants a token
        except OSError:
            if server.poll() is not None or time.monotonic() > given_up:
                raise NoPeer(f"django-helpdesk did not start:\n{log.read_text()[-2_000:]}") from None
            time.sleep(0.1)
        else:
            return
