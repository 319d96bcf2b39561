"""Addresses that somebody typed do not reach into our own network (threat T9)."""

import ipaddress
import socket
import time

import pytest

from interviews.calendars.adapters import CalendarUnreadable
from interviews.calendars.net import Web, is_public
from tests.fakes.loopback import Loopback, Reply


@pytest.fixture
def server():
    with Loopback(lambda asked: Reply(body=asked.path.encode())) as served:
        yield served


@pytest.fixture
def names(monkeypatch):
    """A name server: host to the answers it gives, one after another; the last one stays."""
    answers = {}

    def getaddrinfo(host, port, **_options):
        if host not in answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        given = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        family = socket.AF_INET6 if ":" in given[0] else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for address in given]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return answers


def refused(web, url, **options):
    with pytest.raises(CalendarUnreadable) as found:
        web.request("GET", url, **options)
    return found.value.sentence


# --- which addresses are public ----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",  # where clouds keep a machine's secrets
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


# --- what is refused before anything is sent ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
    ],
)
def test_private_hosts_in_any_spelling_are_refused(host):
    sentence = refused(Web(seconds=3), f"http://{host}/")
    assert any(
        words in sentence
        for words in ("is not a public address", "cannot be reached", "is not a web address")
    )


def test_a_name_of_a_private_address_is_refused(names, server):
    names["calendar.example.com"] = [["127.0.0.1"]]
    assert refused(Web(), "http://calendar.example.com/") == (
        "calendar.example.com is not a public address. Ask your administrator to allow it, if it is one of yours."
    )
    assert server.asked == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(names):
    names["calendar.example.com"] = [["8.8.8.8", "10.0.0.5"]]
    assert "is not a public address" in refused(Web(), "http://calendar.example.com/")


def test_the_address_that_was_checked_is_the_one_that_is_used(names, server, monkeypatch):
    """A name server that answers publicly to the check and privately to the connection wins nothing."""
    names["rebind.example.com"] = [["8.8.8.8"], ["127.0.0.1"]]
    reached = []

    def create_connection(address, *_arguments, **_options):
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", create_connection)

    assert "cannot be reached" in refused(Web(), "http://rebind.example.com/")
    assert reached == [("8.8.8.8", 80)]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://calendar.example.com/", "This is not a web address; it should begin with https://."),
        ("file:///etc/passwd", "This is not a web address; it should begin with https://."),
        ("calendar.example.com/feed.ics", "This is not a web address; it should begin with https://."),
        ("", "This is not a web address; it should begin with https://."),
        ("http://[::1", "This is not a web address; it should begin with https://."),
        ("https://calendar.example.com:8443/", "Calendars are only read from the ports 80 and 443."),
        ("http://calendar.example.com:6379/", "Calendars are only read from the ports 80 and 443."),
        (
            "https://grace:secret@calendar.example.com/",
            "Give the user name and the password in their own fields, not in the address.",
        ),
    ],
)
def test_addresses_that_are_refused_by_their_form(url, sentence):
    assert refused(Web(), url) == sentence


def test_a_secret_only_travels_encrypted(names):
    for options in ({"sign_in": ("grace", "secret")}, {"headers": {"Authorization": "Bearer secret"}}):
        assert refused(Web(), "http://calendar.example.com/", **options) == (
            "A password only goes to an address that begins with https://."
        )


# --- what an administrator allows -------------------------------------------------------------------------------------


def test_an_allowed_host_may_be_private_on_its_port_only(server):
    port = server.host.partition(":")[2]
    assert Web((server.host,)).request("GET", f"{server.url}/a").body == b"/a"
    assert "ports 80 and 443" in refused(Web((f"127.0.0.1:{int(port) + 1}",)), server.url)
    assert "ports 80 and 443" in refused(Web(("127.0.0.1",)), server.url)
    assert "ports 80 and 443" in refused(Web(), server.url)


def test_an_allowed_network_may_be_private(names, monkeypatch):
    names["dav.corp.example"] = [["10.1.2.3"]]
    reached = []

    def create_connection(address, *_arguments, **_options):
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", create_connection)

    assert "cannot be reached" in refused(Web(("10.1.0.0/16",)), "http://dav.corp.example/")
    assert "is not a public address" in refused(Web(("10.2.0.0/16",)), "http://dav.corp.example/")
    assert reached == [("10.1.2.3", 80)]


# --- redirects ----------------------------------------------------------------------------------------------------------


def test_no_redirect_is_followed_unasked(server):
    server.faults.append(Reply(302, headers={"Location": "/b"}))
    assert Web((server.host,)).request("GET", f"{server.url}/a").status == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("http://127.0.0.1/latest/meta-data", "127.0.0.1 is not a public address."),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 is not a public address."),
        ("http://127.0.0.1:6379/", "Calendars are only read from the ports 80 and 443."),
        ("file:///etc/passwd", "This is not a web address; it should begin with https://."),
        ("//[::1]/", "::1 is not a public address."),
    ],
)
def test_each_step_of_a_redirect_is_checked(server, location, sentence):
    server.faults.append(Reply(302, headers={"Location": location}))
    found = refused(Web((server.host,)), f"{server.url}/a", redirects=3)
    assert found.startswith(sentence)


def test_a_secret_does_not_follow_to_another_host(server):
    server.faults.append(Reply(302, headers={"Location": "https://elsewhere.example.com/"}))
    found = refused(Web((server.host,)), f"{server.url}/a", redirects=3, sign_in=("grace", "secret"))
    assert found == (
        "127.0.0.1 sends us on to elsewhere.example.com. Enter that address, if it is the right one."
    )


# --- bounds ---------------------------------------------------------------------------------------------------------------


def test_an_answer_has_a_greatest_size(server):
    web = Web((server.host,), most_bytes=1024 * 1024)
    server.faults.extend([Reply(body=b"x" * 1024 * 1024), Reply(body=b"x" * (1024 * 1024 + 1))])
    assert len(web.request("GET", server.url).body) == 1024 * 1024
    assert refused(web, server.url) == "127.0.0.1 answers with more than 1 MB."


@pytest.mark.parametrize(
    "reply", [Reply(waits=5), Reply(body=b"x" * 100, drips=0.1)], ids=["silent", "dripping"]
)
def test_the_whole_exchange_has_an_end(server, reply):
    server.faults.append(reply)
    begun = time.monotonic()
    assert refused(Web((server.host,), seconds=0.5), server.url) == "127.0.0.1 takes too long to answer."
    assert time.monotonic() - begun < 2


def test_a_head_that_drips_has_an_end_too():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        begun = time.monotonic()
        sentence = refused(Web((f"127.0.0.1:{port}",), seconds=0.5), f"http://127.0.0.1:{port}/")
        assert sentence == "127.0.0.1 takes too long to answer."
        assert time.monotonic() - begun < 2


def test_a_name_server_that_does_not_answer_has_an_end(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: time.sleep(5) or [])
    begun = time.monotonic()
    assert refused(Web(seconds=0.5), "https://calendar.example.com/") == (
        "calendar.example.com takes too long to answer."
    )
    assert time.monotonic() - begun < 2


def test_a_host_that_does_not_exist(names):
    assert refused(Web(), "https://nowhere.example.com/") == (
        "nowhere.example.com cannot be reached. Check the address."
    )


def test_the_environment_names_no_proxy(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert Web((server.host,)).request("GET", f"{server.url}/a").status == 200


def test_a_server_without_a_certificate_is_told_nothing(server):
    with pytest.raises(CalendarUnreadable):
        Web((server.host,), seconds=2).request(
            "GET", server.url.replace("http:", "https:"), sign_in=("grace", "secret")
        )
    assert server.asked == []
