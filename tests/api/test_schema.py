"""The description of the API: true, complete, and served without anybody else's server."""

import pathlib
import re

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from config.api import NOUNS
from tests import stories

PUBLISHED = pathlib.Path(__file__).parent.parent.parent / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def described(tmp_path_factory) -> dict:
    """The description as it is made now; a warning of its maker, or an invalid document, fails here."""
    made = tmp_path_factory.mktemp("schema") / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(made))
    return yaml.safe_load(made.read_text())


def test_the_published_description_is_the_current_one(described):
    assert yaml.safe_load(PUBLISHED.read_text()) == described


def test_every_verb_is_described(described):
    addresses = set(described["paths"])
    verbs = {
        f"/api/v1/{name}/{{id}}/{verb.url_path}"
        for name, noun in NOUNS.items()
        for verb in noun.get_extra_actions()
    }
    things = {f"/api/v1/{name}{rest}" for name in NOUNS for rest in ("", "/{id}")}

    assert addresses == verbs | things | {"/api/v1/me"}


def test_every_operation_tells_how_it_says_no(described):
    operations = [
        (address, method, operation)
        for address, operations in described["paths"].items()
        for method, operation in operations.items()
    ]
    told = {
        f"{method} {address}": {status for status in operation["responses"] if status >= "400"}
        for address, method, operation in operations
    }

    assert told["get /api/v1/me"] == {"401", "403", "429"}
    assert told["get /api/v1/openings"] == {"400", "401", "403", "429"}
    assert told["get /api/v1/openings/{id}"] == {"401", "403", "404", "429"}
    assert told["post /api/v1/openings"] == {"400", "401", "403", "409", "413", "415", "422", "429"}
    assert told["post /api/v1/openings/{id}/close"] == told["post /api/v1/openings"] | {"404"}


def test_inputs_take_no_unknown_fields(described):
    inputs = {
        name: schema for name, schema in described["components"]["schemas"].items() if "Request" in name
    }

    assert inputs != {}
    assert [name for name, schema in inputs.items() if schema.get("additionalProperties") is not False] == []


def test_parts_that_not_everybody_reads_are_not_promised(described):
    schemas = described["components"]["schemas"]

    assert "pay_band" in schemas["Opening"]["properties"]
    assert "pay_band" not in schemas["Opening"]["required"]
    assert "contact" not in schemas["Candidate"]["required"]
    assert "title" in schemas["Opening"]["required"]


@pytest.mark.django_db
def test_description_and_its_page_are_for_people_who_are_logged_in(described):
    client = Client()
    assert client.get("/api/schema/").status_code == 401
    assert client.get("/api/docs/")["Location"] == "/accounts/login/?next=/api/docs/"

    client.force_login(stories.recruiter())
    served = client.get("/api/schema/")
    assert served["Content-Type"] == "application/vnd.oai.openapi+json"
    assert served.json() == described


@pytest.mark.django_db
def test_the_page_loads_nothing_from_elsewhere():
    client = Client()
    client.force_login(stories.recruiter())

    page = client.get("/api/docs/")
    script = client.get("/api/docs/?script=")

    assert re.findall(r'(?:src|href)="(?!/)', page.content.decode()) == []
    assert re.findall(r"<script>(?!\s*</script>)", page.content.decode()) == []
    assert script["Content-Type"] == "application/javascript"
    policy = page["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src" not in policy
    assert "default-src 'self'" in policy
