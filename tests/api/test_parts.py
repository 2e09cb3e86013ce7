"""Images and files in a request: data that came along, and nothing that would have to be fetched."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest

from cdp_relay.api.chat_completions.answer import ChunkWriter, WholeAnswer
from cdp_relay.api.chat_completions.request import read_chat_completion
from cdp_relay.api.json_body import parse_object
from cdp_relay.chat.vocabulary import (
    FilePart,
    FileProduced,
    Finished,
    FinishReason,
    Message,
    RequestId,
    TextDelta,
    Usage,
)
from cdp_relay.errors import InvalidRequest, UnsupportedValue

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0 and so on"
PDF = b"%PDF-1.7 ..."


def url_of(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def message_of(*content: Any, role: str = "user", **more: Any) -> Message:
    """The last message of a request."""
    messages = [{"role": "user", "content": "hi"}, {"role": role, "content": list(content), **more}]
    body = json.dumps({"model": "chatgpt", "messages": messages}).encode()
    completion = read_chat_completion(parse_object(body), request_id=RequestId("r"), client="")
    return completion.request.messages[-1]


IMAGES: dict[str, tuple[Any, str, str]] = {
    "the usual form": (
        {"type": "image_url", "image_url": {"url": url_of(PNG), "detail": "high"}},
        "image.png",
        "image/png",
    ),
    "a bare address": ({"type": "image_url", "image_url": url_of(PNG)}, "image.png", "image/png"),
    "Responses' form": ({"type": "input_image", "image_url": url_of(PNG)}, "image.png", "image/png"),
    "the bytes know better": (
        {"type": "image_url", "image_url": url_of(PNG, "image/jpeg")},
        "image.png",
        "image/png",
    ),
    "no type given": ({"type": "image_url", "image_url": url_of(PNG, "")}, "image.png", "image/png"),
    "upper case": (
        {"type": "image_url", "image_url": url_of(PNG).replace("data:", "DATA:")},
        "image.png",
        "image/png",
    ),
    "drawn in text": (
        {"type": "image_url", "image_url": url_of(b"<svg/>", "image/svg+xml")},
        "image.svg",
        "image/svg+xml",
    ),
}


@pytest.mark.parametrize("form", IMAGES)
def test_an_image_is_taken_in_every_form_that_clients_use(form: str) -> None:
    part, name, media_type = IMAGES[form]
    (file,) = message_of({"type": "text", "text": "see"}, part).files
    assert (file.name, file.media_type) == (name, media_type)
    assert file.data in (PNG, b"<svg/>")


FILES: dict[str, tuple[Any, FilePart]] = {
    "a data address": (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": url_of(PDF, "application/pdf")}},
        FilePart(name="a.pdf", media_type="application/pdf", data=PDF),
    ),
    "bare base64": (
        {"type": "input_file", "filename": "n.md", "file_data": b64encode(b"# hi").decode()},
        FilePart(name="n.md", media_type="text/markdown", data=b"# hi"),
    ),
    "a vague type": (
        {
            "type": "file",
            "file": {"filename": "t.csv", "file_data": url_of(b"a,b", "application/octet-stream")},
        },
        FilePart(name="t.csv", media_type="text/csv", data=b"a,b"),
    ),
    "no name": (
        {"type": "file", "file": {"file_data": url_of(PDF, "application/pdf")}},
        FilePart(name="file.pdf", media_type="application/pdf", data=PDF),
    ),
    "other base64": (
        {
            "type": "file",
            "file": {
                "filename": "b.bin",
                "file_data": urlsafe_b64encode(b"\xfb\xff\xfe?").decode().rstrip("="),
            },
        },
        FilePart(name="b.bin", media_type="application/octet-stream", data=b"\xfb\xff\xfe?"),
    ),
    "base64 in lines": (
        {"type": "file", "file": {"filename": "a.txt", "file_data": "aGVs\nbG8=\n"}},
        FilePart(name="a.txt", media_type="text/plain", data=b"hello"),
    ),
}


@pytest.mark.parametrize("form", FILES)
def test_a_file_is_taken_with_its_name_and_type(form: str) -> None:
    part, expected = FILES[form]
    (file,) = message_of(part).files
    assert file == expected


def test_a_tools_picture_and_one_of_an_earlier_answer_are_taken_as_well() -> None:
    image = {"type": "image_url", "image_url": {"url": url_of(PNG)}}
    shot = message_of(image, role="tool", tool_call_id="1")
    earlier = message_of({"type": "text", "text": "There."}, role="assistant", images=[image])
    assert [file.data for file in (*shot.files, *earlier.files)] == [PNG, PNG]
    assert earlier.text == "There."


def image(url: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def file(data: Any, **more: Any) -> dict[str, Any]:
    return {"type": "file", "file": {"file_data": data, "filename": "a.txt", **more}}


PLACE = "messages[1].content[0]"


def test_instructions_hold_no_files() -> None:
    with pytest.raises(UnsupportedValue) as caught:
        message_of({"type": "text", "text": "Be brief."}, image(url_of(PNG)), role="system")
    assert caught.value.param == "messages[1].content[1]"


NO = UnsupportedValue
BAD: dict[str, tuple[Any, type[Exception], str, str]] = {
    "remote": (image("https://x.test/a.png"), NO, ".image_url.url", "remote"),
    "the machine's own files": (image("file:///etc/passwd"), NO, ".image_url.url", "remote"),
    "the cloud's inside": (image("HTTP://169.254.169.254/"), NO, ".image_url.url", "remote"),
    "a path": (image("/tmp/a.png"), InvalidRequest, ".image_url.url", "no data: URL"),
    "not base64": (image("data:image/png,abc"), InvalidRequest, ".image_url.url", "';base64'"),
    "broken base64": (image("data:image/png;base64,a*b"), InvalidRequest, ".image_url.url", "broken"),
    "one letter short": (image("data:image/png;base64,AAAAA"), InvalidRequest, ".image_url.url", "broken"),
    "nothing in it": (image("data:image/png;base64,"), InvalidRequest, ".image_url.url", "no data"),
    "no image": (image(url_of(PDF, "image/png")), InvalidRequest, "", "application/pdf, not an image"),
    "said to be none": (image(url_of(b"hello", "text/plain")), InvalidRequest, "", "not an image"),
    "a number": (image(7), InvalidRequest, ".image_url.url", "a number, not a string"),
    "no address": ({"type": "image_url"}, InvalidRequest, ".image_url", "is missing"),
    "a stored image": ({"type": "input_image", "file_id": "f1"}, NO, ".file_id", "stores"),
    "no file": ({"type": "file"}, InvalidRequest, ".file", "is missing"),
    "no data": ({"type": "file", "file": {}}, InvalidRequest, ".file.file_data", "is missing"),
    "an empty file": (file(""), InvalidRequest, "", "is empty"),
    "an empty data address": (file("data:text/plain;base64,"), InvalidRequest, ".file.file_data", "no data"),
    "a broken file": (file("%%%"), InvalidRequest, ".file.file_data", "broken"),
    "a stored file": ({"type": "file", "file": {"file_id": "f1"}}, NO, ".file.file_id", "stores"),
    "a remote file": ({"type": "input_file", "file_url": "http://x/"}, NO, ".file_url", "remote"),
    "a bad name": (file("aGk=", filename=3), InvalidRequest, ".file.filename", "a number"),
}  # fmt: skip


@pytest.mark.parametrize("how", BAD)
def test_what_cannot_be_sent_is_refused_by_its_place(how: str) -> None:
    part, kind, place, words = BAD[how]
    with pytest.raises(kind) as caught:
        message_of(part)
    error = caught.value
    assert isinstance(error, InvalidRequest | UnsupportedValue)
    assert (error.param, error.status) == (PLACE + place, 400)
    assert words in error.message


EVENTS = (
    TextDelta("Two pictures and a table."),
    FileProduced(name="a.png", media_type="image/png", data=PNG, description="A cat"),
    FileProduced(name="t.csv", media_type="text/csv", data=b"a,b"),
    FileProduced(name="b.jpg", media_type="image/jpeg", data=JPEG),
    Finished(
        finish_reason=FinishReason.STOP,
        usage=Usage(prompt_tokens=1, completion_tokens=1),
        site="chatgpt",
        model=None,
    ),
)
IMAGES_OUT = [
    {
        "type": "image_url",
        "image_url": {"url": url_of(PNG)},
        "name": "a.png",
        "description": "A cat",
        "index": 0,
    },
    {"type": "image_url", "image_url": {"url": url_of(JPEG, "image/jpeg")}, "name": "b.jpg", "index": 1},
]
FILES_OUT = [
    {"type": "file", "file": {"filename": "t.csv", "file_data": url_of(b"a,b", "text/csv")}, "index": 0}
]


def test_an_answers_files_stand_beside_its_text_and_can_be_sent_back_as_they_are() -> None:
    answer = WholeAnswer(id="1", created=1, label="chatgpt")
    for event in EVENTS:
        answer.feed(event)
    said = json.loads(answer.render())["choices"][0]["message"]
    assert (said["content"], said["images"], said["files"]) == (
        "Two pictures and a table.",
        IMAGES_OUT,
        FILES_OUT,
    )
    back = message_of(said["content"], role="assistant", images=said["images"], files=said["files"])
    assert [(file.name, file.data) for file in back.files] == [
        ("a.png", PNG),
        ("b.jpg", JPEG),
        ("t.csv", b"a,b"),
    ]


def test_a_streams_files_come_in_deltas_of_their_own() -> None:
    writer = ChunkWriter(id="1", created=1, label="chatgpt", include_usage=False, request_id="r")
    chunks = [json.loads(data[6:]) for event in EVENTS[:-1] if (data := writer.feed(event))]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[1:] == [{"images": IMAGES_OUT[:1]}, {"files": FILES_OUT}, {"images": IMAGES_OUT[1:]}]
    assert writer.feed(EVENTS[-1]).endswith(b"data: [DONE]\n\n")
