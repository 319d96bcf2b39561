"""A real CalDAV server, and the answers of worse ones."""

from zoneinfo import ZoneInfo

import pytest

from interviews.calendars.adapters import CalendarReader, CalendarUnreadable
from interviews.calendars.adapters.caldav import CalDav, Conflict, Found, discover
from tests.fakes import radicale
from tests.fakes.loopback import Loopback, Reply
from tests.interviews.calendars.ics import at, calendar, event, spans

BERLIN = ZoneInfo("Europe/Berlin")
WINDOW = {"starts_at": at("2026-03-01"), "ends_at": at("2026-04-01"), "zone": BERLIN}
NINE_TO_TEN = ("DTSTAMP:20260201T000000Z", "DTSTART:20260302T090000Z", "DTEND:20260302T100000Z")
STAMP = "DTSTAMP:20260201T000000Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with radicale.running(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture
def work(server, request):
    """The address of a calendar of this test's own."""
    return server.calendar(f"work-{abs(hash(request.node.nodeid))}")


@pytest.fixture
def caldav(server, work):
    return CalDav(work, radicale.USER, radicale.PASSWORD, allow=(server.host,))


def store(server, work, uid, *lines):
    server.store(f"{work}{uid}.ics", calendar(event(STAMP, *lines, uid=uid), head="PRODID:-//Example//EN\n"))


def in_calendar(*lines, uid="loop-1"):
    return calendar(event(STAMP, *lines, uid=uid), head="PRODID:-//Example//EN\n").encode()


# --- reading -------------------------------------------------------------------------------------------------


def test_the_busy_times_of_a_calendar(server, work, caldav):
    store(
        server, work, "one", "DTSTART:20260302T090000Z", "DTEND:20260302T100000Z", "SUMMARY:Cancer check-up"
    )
    store(server, work, "free", "DTSTART:20260303T090000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT")
    store(server, work, "off", "DTSTART:20260304T090000Z", "DURATION:PT1H", "STATUS:CANCELLED")
    store(server, work, "perhaps", "DTSTART:20260305T090000Z", "DURATION:PT1H", "STATUS:TENTATIVE")
    store(server, work, "other", "DTSTART:20260602T090000Z", "DURATION:PT1H")

    reader: CalendarReader = caldav
    found = reader.read(**WINDOW)

    assert spans(found) == ["03-02 09:00-10:00", "03-05 09:00-10:00"]
    assert found.is_whole
    assert "Cancer" not in repr((found, caldav))
    assert radicale.PASSWORD not in repr(caldav)


def test_days_and_floating_times_are_the_owners_and_not_the_servers(server, work, caldav):
    """Radicale's own free/busy takes both as UTC, and the day at the edge of the window not at all."""
    store(server, work, "day", "DTSTART;VALUE=DATE:20260302")
    store(server, work, "time", "DTSTART:20260303T090000", "DURATION:PT1H")
    store(server, work, "edge", "DTSTART;VALUE=DATE:20260401")

    assert spans(caldav.read(**WINDOW)) == [
        "03-01 23:00-03-02 23:00",
        "03-03 08:00-09:00",
        "03-31 22:00-04-01 00:00",
    ]


def test_a_series_with_a_changed_date(server, work, caldav):
    series = ("DTSTART;TZID=Europe/Berlin:20260302T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
    moved = ("RECURRENCE-ID;TZID=Europe/Berlin:20260309T100000", "DTSTART;TZID=Europe/Berlin:20260310T140000")
    text = calendar(event(STAMP, *series, uid="s"), event(STAMP, *moved, "DURATION:PT2H", uid="s"))
    server.store(f"{work}s.ics", text)

    assert spans(caldav.read(**WINDOW)) == ["03-02 09:00-10:00", "03-10 13:00-15:00", "03-16 09:00-10:00"]


def test_the_server_may_work_out_the_repetitions(server, work, caldav):
    store(
        server,
        work,
        "s",
        "DTSTART:20240101T090000Z",
        "DURATION:PT1H",
        "RRULE:FREQ=MONTHLY",
        "EXDATE:20260201T090000Z",
    )
    caldav.expands = True
    assert spans(caldav.read(**WINDOW)) == ["03-01 09:00-10:00"]


def test_an_empty_calendar_is_free(caldav):
    found = caldav.read(**WINDOW)
    assert (found.intervals, found.is_whole) == ((), True)


def test_an_unchanged_calendar_is_not_read_again(server, work, caldav):
    store(server, work, "one", "DTSTART:20260302T090000Z", "DURATION:PT1H")
    first = caldav.read(**WINDOW)
    remembered = caldav.remembered

    assert caldav.read(**WINDOW) is first
    assert caldav.remembered is remembered

    store(server, work, "two", "DTSTART:20260303T090000Z", "DURATION:PT1H")
    assert spans(caldav.read(**WINDOW)) == ["03-02 09:00-10:00", "03-03 09:00-10:00"]
    assert caldav.remembered.version != remembered.version


def test_what_was_read_for_another_zone_is_not_reused(server, work, caldav):
    store(server, work, "day", "DTSTART;VALUE=DATE:20260302")
    caldav.read(**WINDOW)
    assert spans(caldav.read(**(WINDOW | {"zone": ZoneInfo("UTC")}))) == ["03-02 00:00-03-03 00:00"]


def test_a_wrong_password(server, work):
    reader = CalDav(work, radicale.USER, "wrong", allow=(server.host,))
    with pytest.raises(CalendarUnreadable, match="no longer accepts our sign-in") as found:
        reader.read(**WINDOW)
    assert not found.value.may_pass


def test_a_calendar_that_is_gone(server, work, caldav):
    server.request("DELETE", work).raise_for_status()
    with pytest.raises(CalendarUnreadable, match="has no such calendar"):
        caldav.read(**WINDOW)


def test_a_password_does_not_travel_in_the_open(work):
    with pytest.raises(CalendarUnreadable, match="ports 80 and 443"):
        CalDav(work, radicale.USER, radicale.PASSWORD).read(**WINDOW)
    with pytest.raises(CalendarUnreadable, match="only goes to an address that begins with https"):
        CalDav("http://calendar.example.com/", radicale.USER, radicale.PASSWORD).read(**WINDOW)


# --- writing -------------------------------------------------------------------------------------------------


def test_an_event_is_written_changed_and_removed(caldav):
    first = caldav.put("loop-1", in_calendar("DTSTART:20260302T090000Z", "DURATION:PT1H"))
    assert spans(caldav.read(**WINDOW)) == ["03-02 09:00-10:00"]

    second = caldav.put("loop-1", in_calendar("DTSTART:20260303T090000Z", "DURATION:PT1H"), etag=first)
    assert second != first
    assert spans(caldav.read(**WINDOW)) == ["03-03 09:00-10:00"]

    caldav.delete("loop-1", etag=second)
    assert caldav.read(**WINDOW).intervals == ()


def test_of_two_people_who_change_an_event_the_second_is_told(server, work, caldav):
    seen = caldav.put("loop-1", in_calendar("DTSTART:20260302T090000Z", "DURATION:PT1H"))
    other = CalDav(work, radicale.USER, radicale.PASSWORD, allow=(server.host,))
    theirs = other.put("loop-1", in_calendar("DTSTART:20260302T110000Z", "DURATION:PT1H"), etag=seen)

    with pytest.raises(Conflict) as found:
        caldav.put("loop-1", in_calendar("DTSTART:20260302T140000Z", "DURATION:PT1H"), etag=seen)

    assert found.value.etag == theirs
    assert b"DTSTART:20260302T110000Z" in found.value.ics
    assert spans(caldav.read(**WINDOW)) == ["03-02 11:00-12:00"]

    mine = in_calendar("DTSTART:20260302T140000Z", "DURATION:PT1H")
    assert caldav.put("loop-1", mine, etag=found.value.etag) not in (seen, theirs)
    assert spans(caldav.read(**WINDOW)) == ["03-02 14:00-15:00"]


def test_a_new_event_does_not_replace_one_that_is_there(caldav):
    caldav.put("loop-1", in_calendar("DTSTART:20260302T090000Z", "DURATION:PT1H"))
    with pytest.raises(Conflict) as found:
        caldav.put("loop-1", in_calendar("DTSTART:20260303T090000Z", "DURATION:PT1H"))
    assert b"DTSTART:20260302T090000Z" in found.value.ics
    assert spans(caldav.read(**WINDOW)) == ["03-02 09:00-10:00"]


def test_an_event_changed_since_is_not_removed(caldav):
    seen = caldav.put("loop-1", in_calendar("DTSTART:20260302T090000Z", "DURATION:PT1H"))
    theirs = caldav.put("loop-1", in_calendar("DTSTART:20260302T110000Z", "DURATION:PT1H"), etag=seen)
    with pytest.raises(Conflict) as found:
        caldav.delete("loop-1", etag=seen)
    assert found.value.etag == theirs
    assert spans(caldav.read(**WINDOW)) == ["03-02 11:00-12:00"]


def test_a_change_to_an_event_that_is_gone_is_a_conflict_without_a_version(caldav):
    seen = caldav.put("loop-1", in_calendar("DTSTART:20260302T090000Z", "DURATION:PT1H"))
    caldav.delete("loop-1")
    with pytest.raises(Conflict) as found:
        caldav.put("loop-1", in_calendar("DTSTART:20260302T110000Z", "DURATION:PT1H"), etag=seen)
    assert (found.value.etag, found.value.ics) == (None, None)


def test_removing_what_is_gone_is_no_error(caldav):
    etag = caldav.put("loop-1", in_calendar("DTSTART:20260302T090000Z", "DURATION:PT1H"))
    caldav.delete("loop-1", etag=etag)
    caldav.delete("loop-1")
    caldav.delete("loop-1", etag=etag)


def test_an_identifier_cannot_leave_its_calendar(server, caldav):
    other = server.calendar("not-ours")
    uid = "../not-ours/x"
    caldav.put(uid, in_calendar("DTSTART:20260302T090000Z", "DURATION:PT1H", uid=uid))

    assert (
        CalDav(other, radicale.USER, radicale.PASSWORD, allow=(server.host,)).read(**WINDOW).intervals == ()
    )
    assert spans(caldav.read(**WINDOW)) == ["03-02 09:00-10:00"]


# --- finding calendars -----------------------------------------------------------------------------------------


def test_the_calendars_of_a_person_are_found_from_the_servers_address(server, tmp_path):
    with radicale.running(tmp_path) as fresh:
        work = fresh.calendar("work", name="Work & play")
        private = fresh.calendar("private", name="Privat")
        fresh.calendar("tasks", name="Tasks", kind="VTODO")
        options = {"username": radicale.USER, "password": radicale.PASSWORD, "allow": (fresh.host,)}

        found = discover(fresh.url, **options)

        assert sorted(found, key=lambda one: one.url) == [
            Found(private, "Privat"),
            Found(work, "Work & play"),
        ]
        assert discover(f"{fresh.url}.well-known/caldav", **options) == found
        assert discover(work, **options) == [Found(work, "Work & play")]
        with pytest.raises(CalendarUnreadable, match="no longer accepts our sign-in"):
            discover(fresh.url, **(options | {"password": "wrong"}))


# --- servers that answer badly -------------------------------------------------------------------------------------

VERSION = (
    '<?xml version="1.0"?><multistatus xmlns="DAV:"><response><href>/work/</href><propstat><prop>'
    "<sync-token>v1</sync-token></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
)


def events_of(*texts, status="HTTP/1.1 200 OK"):
    responses = "".join(
        f"<d:response><d:href>/work/{number}.ics</d:href><d:propstat><d:prop><c:calendar-data>{text}"
        f"</c:calendar-data></d:prop><d:status>{status}</d:status></d:propstat></d:response>"
        for number, text in enumerate(texts)
    )
    return (
        '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
        f"{responses}</d:multistatus>"
    ).encode()


def xml(body, status=207):
    return Reply(
        status, body if isinstance(body, bytes) else body.encode(), kind="application/xml; charset=utf-8"
    )


@pytest.fixture
def poor():
    """A server that gives what the test says, and a reader of its one calendar."""
    with Loopback(lambda asked: xml(VERSION) if asked.method == "PROPFIND" else Reply(500)) as served:
        yield served, CalDav(f"{served.url}/work/", "grace", "secret", allow=(served.host,), seconds=1.0)


def failure(reader):
    with pytest.raises(CalendarUnreadable) as found:
        reader.read(**WINDOW)
    return found.value


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
BOMB = f'<?xml version="1.0"?>{ENTITIES}<multistatus xmlns="DAV:">&b;</multistatus>'


@pytest.mark.parametrize(
    ("reply", "sentence", "may_pass"),
    [
        (xml(events_of()[:-9]), "The calendar server answers with something that cannot be read.", True),
        (
            xml("<html><body>Sign in</body></html>"),
            "The calendar server answers with something that cannot be read.",
            True,
        ),
        (
            Reply(207, b"<html><br>Sign in", kind="text/html"),
            "The calendar server answers with something that cannot be read.",
            True,
        ),
        (xml(BOMB), "The calendar server answers with something that cannot be read.", False),
        (
            xml(BOMB.encode("utf-16")),
            "The calendar server answers with something that cannot be read.",
            False,
        ),
        (xml("<a>" * 5000), "The calendar server answers with something that cannot be read.", False),
        (
            xml(events_of("", status="HTTP/1.1 403 Forbidden")),
            "The calendar server keeps some events of the calendar to itself.",
            False,
        ),
        (
            xml(events_of("no calendar")),
            "This is not a calendar; check that the address or the file is the right one.",
            False,
        ),
        (
            xml(events_of("x"), 401),
            "The calendar server no longer accepts our sign-in. Connect the calendar again.",
            False,
        ),
        (
            xml("", 404),
            "The calendar server has no such calendar. Check the address, or choose another one.",
            False,
        ),
        (xml("", 429), "The calendar server asks us to wait before the next try.", True),
        (xml("", 500), "The calendar server has a fault of its own at the moment.", True),
        (xml("", 302), "The calendar server answers in a way we do not understand (status 302).", False),
        (
            xml(events_of(), 200),
            "The calendar server answers in a way we do not understand (status 200).",
            False,
        ),
        (
            Reply(207, b"<multistatus", promises=900),
            "127.0.0.1 breaks off in the middle of its answer.",
            True,
        ),
        (Reply(waits=3.0), "127.0.0.1 takes too long to answer.", True),
    ],
)
def test_a_broken_answer_is_no_free_time(poor, reply, sentence, may_pass):
    server, reader = poor
    server.faults.extend([xml(VERSION), reply])
    error = failure(reader)
    assert (error.sentence, error.may_pass) == (sentence, may_pass)
    assert reader.remembered is None


def test_a_part_of_a_calendar_is_no_answer(poor):
    server, reader = poor
    too_many = "<d:response><d:href>/work/</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response>"
    server.faults.extend(
        [xml(VERSION), xml(events_of().replace(b"</d:multi", too_many.encode() + b"</d:multi"))]
    )
    assert failure(reader).sentence.startswith("The calendar server gives only a part of the calendar")


def test_an_event_deleted_meanwhile_is_left_out(poor):
    server, reader = poor
    gone = "<d:response><d:href>/work/9.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>"
    text = calendar(event(*NINE_TO_TEN))
    server.faults.extend(
        [xml(VERSION), xml(events_of(text).replace(b"</d:multi", gone.encode() + b"</d:multi"))]
    )
    assert spans(reader.read(**WINDOW)) == ["03-02 09:00-10:00"]


def test_a_calendar_too_large_for_one_reading_is_read_in_several(poor):
    server, reader = poor
    padding = "X-PADDING:" + "x" * 1_500_000
    texts = [
        calendar(event(f"DTSTART:202603{day:02}T090000Z", "DURATION:PT1H", padding, uid=str(day)))
        for day in (2, 3, 4)
    ]
    server.faults.extend([xml(VERSION), xml(events_of(*texts))])
    assert spans(reader.read(**WINDOW)) == [f"03-{day:02} 09:00-10:00" for day in (2, 3, 4)]


@pytest.mark.parametrize("status", [400, 403, 501])
def test_where_events_are_hidden_the_servers_free_busy_counts(poor, status):
    server, reader = poor
    published = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VFREEBUSY\r\nFREEBUSY:20260302T090000Z/PT1H\r\n"
        "FREEBUSY;FBTYPE=FREE:20260303T090000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )
    server.faults.extend(
        [xml(VERSION), xml("", status), Reply(200, published.encode(), kind="text/calendar")]
    )

    assert spans(reader.read(**WINDOW)) == ["03-02 09:00-10:00"]
    assert b"free-busy-query" in server.asked[2].body


def test_where_everything_is_hidden_nothing_is_known(poor):
    server, reader = poor
    server.faults.extend([xml(VERSION), xml("", 403), xml("", 403)])
    assert (
        failure(reader).sentence
        == "The calendar server does not let us read this calendar. Check its sharing."
    )


def test_a_server_that_cannot_work_out_repetitions_is_asked_without(poor):
    server, reader = poor
    reader.expands = True
    server.faults.extend([xml(VERSION), xml("", 403), xml(events_of(calendar(event(*NINE_TO_TEN))))])

    assert spans(reader.read(**WINDOW)) == ["03-02 09:00-10:00"]
    assert [b"expand" in asked.body for asked in server.asked] == [False, True, False]


def test_a_server_without_versions_is_read_each_time(poor):
    server, reader = poor
    for _ in range(2):
        server.faults.extend([xml("", 405), xml(events_of(calendar(event(*NINE_TO_TEN))))])
        assert spans(reader.read(**WINDOW)) == ["03-02 09:00-10:00"]
    assert (len(server.asked), reader.remembered) == (4, None)


def test_an_address_without_calendars(poor):
    server, _ = poor
    with pytest.raises(CalendarUnreadable, match="No calendars were found at this address"):
        discover(server.url, username="grace", password="secret", allow=(server.host,))
