"""`make demo`: a made-up company's season of hiring, then the service itself."""

import time
from typing import Any

from django.core.management import BaseCommand, CommandParser, call_command
from django.test.utils import override_settings
from django.utils import timezone

from accounts.models import User
from config.celery import app
from config.demo import summary
from config.demo.cast import PASSWORD, STAFF
from config.demo.season import Season, log_ins
from outbox import deliveries


class Command(BaseCommand):
    help = "Walk a made-up season of hiring through the rules, print it, and serve it. Run twice it adds nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="End after the summary.")
        parser.add_argument("--bind", default="127.0.0.1")
        parser.add_argument("--port", default="8000")

    def handle(self, *args: Any, no_serve: bool, bind: str, port: str, **options: Any) -> None:
        began = time.monotonic()
        call_command("migrate", verbosity=0, interactive=False)
        if User.objects.filter(email=STAFF[0].email).exists():
            self.stdout.write("The season is here already; nothing is added.")
        elif User.objects.filter(kind=User.Kind.PERSON).exists():
            self.stderr.write(
                "This database is in use. Point DATABASE_URL or DATA_DIR at an empty one for the demo."
            )
            raise SystemExit(1)
        else:
            self._walk()
        for line in summary.lines():
            self.stdout.write(line)
        self.stdout.write(
            f"\n{time.monotonic() - began:.0f} seconds.\n\nLog in at http://{bind}:{port}/ with"
        )
        for role, email in log_ins().items():
            self.stdout.write(f"  {role:<16} {email:<22} password {PASSWORD}")
        self.stdout.write("")
        if not no_serve:
            call_command("up", bind=bind, port=port, no_migrate=True)

    def _walk(self) -> None:
        # The mails of a made-up season go to nobody, and no worker needs to be woken for them.
        app.conf.update(broker_url="memory://localhost", broker_transport_options={})
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
            Season(now=timezone.now(), tell=self.stdout.write).walk()
            deliveries.sweep(at=timezone.now(), limit=10_000)
