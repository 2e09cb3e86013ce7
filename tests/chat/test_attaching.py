"""What becomes of a request's files before any page is touched."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_relay.chat.attaching import plan_files, prompt_as_file
from cdp_relay.chat.composing import Composed, check_length
from cdp_relay.chat.contract import (
    AttachmentRule,
    FileSeen,
    Insertion,
    Pages,
    Selectors,
    SiteDefinition,
    Submission,
    SubmissionRule,
)
from cdp_relay.chat.media import guess_type
from cdp_relay.chat.produced import produced
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.vocabulary import FilePart, Message, Part, Role, TextPart
from cdp_relay.errors import AttachmentRefused, PromptTooLong, RelayError, SiteError, UnsupportedValue
from cdp_relay.page import Insertion as Inserted
from cdp_relay.page import Resource

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def site(*, max_chars: int | None = None, ladder: tuple[str, ...] = ("drop",), **rule: Any) -> SiteDefinition:
    """A site that takes files by its input, or as *rule* says."""
    return SiteDefinition(
        name="here",
        title="Here",
        pages=Pages(new_chat="https://here.test/"),
        selectors=Selectors(composer=("c",), send=("s",), stop=("t",), attachment=("chip",)),
        insertion=Insertion(ladder={"textarea": ladder}, max_chars=max_chars),
        submission=SubmissionRule(paths=("/ask",)),
        attachments=AttachmentRule(**{"ways": ("input",), **rule}),
    )


def file(name: str, data: bytes = b"data", media_type: str = "text/plain") -> FilePart:
    return FilePart(name=name, media_type=media_type, data=data)


def user(*parts: Part | str) -> Message:
    said = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
    return Message(role=Role.USER, parts=said)


def test_files_are_named_where_they_stood_and_go_once() -> None:
    cat = file("pictures/cat.png", PNG, "image/png")
    again = file("same cat.png", PNG, "image/png")
    messages = [
        user("Look: ", cat, "Nice?"),
        Message(role=Role.ASSISTANT, parts=(TextPart("Yes."),)),
        user(again, file("cat.png", b"a dog"), "And now?\n"),
    ]
    planned = plan_files(messages, site())
    assert [(one.name, one.data) for one in planned.files] == [("cat.png", PNG), ("cat-2.png", b"a dog")]
    assert [message.text for message in planned.messages] == [
        "Look: \n\n[file: cat.png]\n\nNice?",
        "Yes.",
        "[file: cat.png]\n[file: cat-2.png]\n\nAnd now?\n",
    ]
    assert "[file: cat.png]\n[file: cat-2.png]\n\nAnd now?" in render_prompt(planned.messages)


def test_a_request_without_files_is_left_as_it_is() -> None:
    messages = (user("a", "b"),)
    assert plan_files(messages, site()).messages == messages


def test_a_picture_alone_is_something_to_answer() -> None:
    assert (
        render_prompt(plan_files([user(file("a.png", PNG, "image/png"))], site()).messages) == "[file: a.png]"
    )


def test_a_site_without_attachments_gets_texts_as_text() -> None:
    code = file("folder/a.py", b"x = '''```'''\n", "text/x-python")
    planned = plan_files([user("Review:", code, "Thanks")], site(ways=()))
    assert planned.files == ()
    assert planned.messages[0].text == ("Review:\n\n[file: a.py]\n````\nx = '''```'''\n````\n\nThanks")


@pytest.mark.parametrize(
    ("definition", "bad", "kind", "words"),
    [
        (site(ways=()), file("a.png", PNG, "image/png"), UnsupportedValue, "takes no files"),
        (site(ways=()), file("a.txt", b"a\0b"), UnsupportedValue, "is no text"),
        (
            site(accept=("image/*", ".pdf")),
            file("a.zip", b"PK", "application/zip"),
            AttachmentRefused,
            r"image/\*, \.pdf",
        ),
        (site(max_bytes=3), file("a.txt", b"four"), AttachmentRefused, "up to 3"),
        (site(max_files=1), file("a.txt", b"second"), AttachmentRefused, "2 files; Here takes 1"),
    ],
)
def test_what_the_site_does_not_take_is_refused_by_the_parts_name(
    definition: SiteDefinition, bad: FilePart, kind: type[RelayError], words: str
) -> None:
    fine = file("fine.pdf", b"ok", "application/pdf")
    first = user("hello", fine) if definition.attachments.ways else user("hello")
    said, asked = user("said before"), user("text", bad)
    with pytest.raises(kind, match=words) as error:
        plan_files([first, asked], definition, of=[said, first, asked])
    assert error.value.param == "messages[2].content[1]"
    assert error.value.status == 400


def test_a_long_prompt_may_go_as_a_file_where_the_ladder_and_the_site_allow_it() -> None:
    paper = prompt_as_file("é" * 10, site(), [])
    assert paper is not None
    assert (paper.name, paper.media_type, paper.data) == ("prompt.md", "text/markdown", ("é" * 10).encode())
    taken = plan_files([user(file("PROMPT.md"))], site()).files
    beside = prompt_as_file("long", site(accept=(".md",)), taken)
    assert beside is not None
    assert beside.name == "prompt-2.md"
    as_text = prompt_as_file("long", site(accept=("text/plain",)), [])
    assert as_text is not None
    assert as_text.name == "prompt.txt"
    for no in (site(ways=()), site(accept=("image/*",)), site(max_files=1), site(max_bytes=3)):
        assert prompt_as_file("long", no, taken) is None


def test_a_prompt_that_fits_nowhere_is_too_long() -> None:
    check_length("12345", site(max_chars=5), ())
    check_length("123456", site(max_chars=5, ladder=("drop", "file")), ())
    for no in (site(max_chars=5), site(max_chars=5, ladder=("file",), ways=())):
        with pytest.raises(PromptTooLong):
            check_length("123456", no, ())


@pytest.mark.parametrize(
    ("seen", "served", "name", "media_type"),
    [
        (FileSeen(url="https://h.test/a/cat.webp?x=1"), ("image/webp", ""), "cat.webp", "image/webp"),
        (
            FileSeen(url="https://h.test/content?id=1"),
            ("application/octet-stream", ""),
            "image.png",
            "image/png",
        ),
        (FileSeen(url="/x", name="Plan"), ("application/pdf", "other.pdf"), "Plan.pdf", "application/pdf"),
        (FileSeen(url="/x"), ("text/csv", "../t.csv"), "t.csv", "text/csv"),
        (
            FileSeen(url="data:image/png;base64,x", media_type="image/png"),
            ("image/png", ""),
            "image.png",
            "image/png",
        ),
    ],
)
def test_a_file_of_an_answer_gets_a_name_and_a_type(
    seen: FileSeen, served: tuple[str, str], name: str, media_type: str
) -> None:
    made = produced(seen, Resource(data=PNG, media_type=served[0], name=served[1]))
    assert (made.name, made.media_type, made.data) == (name, media_type, PNG)
    again = produced(seen, Resource(data=PNG, media_type=served[0], name=served[1]), [made.name])
    assert again.name != name


def test_a_page_in_the_place_of_a_picture_is_no_picture() -> None:
    seen = FileSeen(url="https://h.test/a.png", media_type="image/png")
    with pytest.raises(SiteError, match="a page instead"):
        produced(seen, Resource(data=b"<html>sign in", media_type="text/html", name=""))


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.md", b"", "text/markdown"),
        ("a.JPEG", b"", "image/jpeg"),
        ("no ending", PNG, "image/png"),
        ("a.unknownkind", b"plain", "text/plain"),
        ("", b"\xff\x00", "application/octet-stream"),
    ],
)
def test_the_type_of_a_file_without_one_is_found(name: str, data: bytes, media_type: str) -> None:
    assert guess_type(name, data) == media_type


def test_an_answer_to_fewer_files_than_were_attached_is_not_wanted() -> None:
    inserted = Inserted(editor="textarea", rung="drop", characters=1, text="x", attempts=(), attached=False)
    composed = Composed(insertion=inserted, text="x", attachments=2, removed=0)
    for sent in (None, 2, 3):
        composed.check_sent(Submission(prompt="x", attachments=sent), "Here")
    with pytest.raises(AttachmentRefused, match="Here sent the prompt with 1 of 2 files"):
        composed.check_sent(Submission(prompt="x", attachments=1), "Here")
