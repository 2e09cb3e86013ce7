"""Names that are safe on every disk, and what a site's accept list allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.errors import SiteError
from cdp_relay.page import accepts, open_upload_folder, plain_names
from cdp_relay.page.resource import read_data_url


@pytest.mark.parametrize(
    ("given_name", "plain"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.PNG", "photo.PNG"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        (" .hidden ", "hidden"),
        ("a\0b\n\x7f\u202egnp.txt", "abgnp.txt"),
        ('what?<is>:"this"|*.md', "what__is___this___.md"),
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        ("e\u0301te\u0301.txt", "été.txt"),
        ("x" * 300 + ".tar.gz", "x" * 117 + ".gz"),
        ("漢" * 100 + ".md", "漢" * 39 + ".md"),
    ],
)
def test_a_name_loses_what_a_disk_could_not_take(given_name: str, plain: str) -> None:
    assert plain_names([given_name]) == (plain,)


def test_equal_names_get_numbers_before_their_endings() -> None:
    assert plain_names(["a.txt", "b/a.txt", "A.TXT", "a-2.txt", "a"]) == (
        "a.txt",
        "a-2.txt",
        "A-3.TXT",
        "a-2-2.txt",
        "a",
    )


@given(st.lists(st.text(), max_size=6))
def test_whatever_the_names_the_files_are_distinct_and_stay_in_their_folder(names: list[str]) -> None:
    plain = plain_names(names)
    assert len({name.casefold() for name in plain}) == len(names)
    for name in plain:
        assert 0 < len(name.encode()) < 200
        assert name not in (".", "..")
        assert not set(name) & set("/\\\0\n")


@pytest.mark.parametrize(
    ("accept", "name", "media_type", "allowed"),
    [
        ("", "a.exe", "application/octet-stream", True),
        ("image/*,video/*", "a.png", "image/png", True),
        ("image/*", "a.txt", "text/plain", False),
        (" .PDF , .md", "Paper.pdf", "", True),
        (".md", "a.markdown", "text/markdown", False),
        ("*/*", "a", "", True),
        ("application/pdf", "a.pdf", "application/pdf; version=1", True),
        ("image/png", "a.jpg", "image/jpeg", False),
    ],
)
def test_an_accept_list_is_read_as_a_browser_reads_it(
    accept: str, name: str, media_type: str, allowed: bool
) -> None:
    assert accepts(accept.split(","), name, media_type) is allowed


async def test_the_folder_is_private_and_goes_with_its_files() -> None:
    async with open_upload_folder() as folder:
        assert folder.path is None
        file = await folder.write("a.txt", "text/plain", b"secret")
        assert (file.size, file.path.read_bytes()) == (6, b"secret")
        assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert not file.path.parent.exists()


def test_data_addresses_are_read() -> None:
    plain = read_data_url("data:,a%20b%FF", max_bytes=100)
    assert (plain.data, plain.media_type) == (b"a b\xff", "text/plain")
    coded = read_data_url("data:image/PNG;x=y;base64,AAEC\nAw==", max_bytes=4)
    assert (coded.data, coded.media_type) == (b"\0\1\2\3", "image/png")


@pytest.mark.parametrize(
    "address",
    ["data:image/png;base64,AAEC", "data:image/png;base64,A", "data:nothing", "data:,abcde", "https:,x"],
)
def test_a_data_address_that_is_broken_or_too_large_is_refused(address: str) -> None:
    with pytest.raises(SiteError):
        read_data_url(address, max_bytes=2)
