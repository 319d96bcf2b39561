"""A real mail server on loopback, and messages to send to it."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from aiosmtpd.controller import Controller
from celery import Celery, current_app

from accounts.models import User
from outbox import deliveries, wakeups
from outbox.models import Delivery
from tests.outbox.loopback import Sink, free_port
from tests.outbox.moments import NOON


@pytest.fixture
def sink(settings) -> Iterator[Sink]:
    """A mail server that takes everything, and Django set to use it."""
    server = Sink(port=free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield server
    controller.stop()


@pytest.fixture
def no_mail_server(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()


class Queue:
    """The broker that wake-ups go to in this test."""

    def use(self, url: str) -> None:
        self.app = Celery("tests", broker=url)
        self.app.set_current()

    def take_all(self) -> list[tuple[str, list[str]]]:
        """Every task that waits, as (name, arguments), taken off the queue."""
        taken = []
        with self.app.connection_for_read() as connection:
            simple = connection.SimpleQueue("celery")
            while simple.qsize():
                message = simple.get()
                message.ack()
                taken.append((message.headers["task"], message.payload[0]))
        return taken


@pytest.fixture(autouse=True)
def queue(monkeypatch) -> Iterator[Queue]:
    """A broker in memory, empty at first, and one that never failed before."""
    monkeypatch.setattr(wakeups, "_silent_until", 0.0)
    before = current_app._get_current_object()
    queue = Queue()
    queue.use("memory://")
    queue.take_all()
    yield queue
    before.set_current()


@pytest.fixture
def ada() -> User:
    return User(pk=uuid.uuid4(), email="ada@example.com", name="Ada")


@pytest.fixture
def write(db, ada) -> Callable[..., Delivery]:
    """Writes a message about Ada to a candidate."""

    def write(key: str = "loop.confirmed:1", **changes) -> Delivery:
        values = {
            "to": "grace@example.test",
            "subject": "Your interviews on Thursday",
            "text": "Dear Grace,\n.a line that begins with a dot\nwe look forward to meeting you.\n",
            "about": ada,
            "by": ada,
            "at": NOON,
        }
        return deliveries.mail(key=key, **(values | changes))

    return write
