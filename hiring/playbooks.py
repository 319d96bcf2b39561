"""Publishing playbooks."""

import datetime as dt

from django.db import transaction

from accounts import roles
from accounts.models import User
from hiring import blueprint as blueprints
from hiring.blueprint import Blueprint
from hiring.models import Edition, Playbook
from journal import events
from journal.errors import Refused


@transaction.atomic
def publish(text: str, *, name: str, by: User, at: dt.datetime) -> tuple[Edition, bool]:
    """Make the next numbered edition out of a playbook file; returns it and whether it is new.

    The same content again (comments and spacing aside) makes no edition. Openings and loops that began with an
    earlier edition keep it. Refuses a broken file with every problem: line, column, key and what is expected.
    """
    roles.require(by, roles.May.PUBLISH_PLAYBOOKS)
    try:
        plan = blueprints.read(text, name=name)
    except blueprints.BlueprintError as broken:
        raise Refused(
            f"{name} is not a valid playbook. Mend what is listed and publish it again.",
            code="broken_playbook",
            details=[
                {"where": f"{p.file}:{p.line}:{p.column}", "field": p.key, "problem": p.message}
                for p in broken.problems
            ],
        ) from broken
    playbook, made = Playbook.objects.get_or_create(
        key=plan.key, defaults={"title": plan.title, "created_at": at}
    )
    # Two people publishing at once must not both become the same number.
    Playbook.objects.select_for_update().get(pk=playbook.pk)
    newest = Edition.objects.newest(playbook)
    digest = blueprints.digest(plan)
    if newest and newest.digest == digest:
        return newest, False
    if not made and playbook.title != plan.title:
        playbook.title = plan.title
        playbook.save(update_fields=["title"])
    edition = Edition.objects.create(
        playbook=playbook,
        number=newest.number + 1 if newest else 1,
        content=blueprints.canonical(plan),
        source=text,
        digest=digest,
        published_by=by,
        created_at=at,
    )
    events.record(
        "edition.published", edition, by=by, at=at, data={"number": edition.number, "digest": digest}
    )
    return edition, True


# Editions never change, so what one says is worked out once per process.
_known: dict[str, Blueprint] = {}


def of(edition: Edition) -> Blueprint:
    """The blueprint an edition holds."""
    if edition.digest not in _known:
        _known[edition.digest] = blueprints.from_canonical(edition.content)
    return _known[edition.digest]
