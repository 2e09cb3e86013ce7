"""The parts of a message's content: texts, images and files. No I/O: addresses are never fetched.

A remote address in a request would make this machine fetch whatever a client names, from inside its
own network; so images and files come along in the request, as ``data:`` addresses or base64.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable

from cdp_relay.api.json_body import Field
from cdp_relay.chat.media import ending_of, guess_type, sniff_type
from cdp_relay.chat.vocabulary import FilePart, Message, Part, TextPart
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["check_said", "decode_base64", "decode_data_url", "read_part", "spaced"]

_TEXT_PARTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_THINKING_PARTS = frozenset({"thinking", "redacted_thinking", "reasoning"})
"""What a model thought in an earlier answer; clients send it back, and it is not said again."""
_SOUND_PARTS = frozenset({"input_audio", "audio", "video_url", "input_video", "video"})

_DATA_URL = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),", re.IGNORECASE)
_AS_DATA = "Send it as a data: URL: data:image/png;base64,..."


def read_part(field: Field) -> Part:
    """Read one part of a content list; what is left out on purpose comes back as empty text.

    Raises:
      InvalidRequest: it is malformed, or its data are broken, empty or of another kind.
      UnsupportedValue: a chat page cannot be given it.
    """
    if isinstance(field.value, str):
        return TextPart(field.text())
    kind = field.object().get("type")
    name = kind.string()
    if name in _TEXT_PARTS:
        return TextPart(field.get(_TEXT_PARTS[name]).text())
    if name in _THINKING_PARTS:
        return TextPart("")
    if name in _FILE_PARTS:
        return _FILE_PARTS[name](field)
    if name in _SOUND_PARTS:
        problem = f"{kind.path} is {name!r}: sound and films cannot be sent to a chat page."
    else:
        problem = f"{kind.path} is unknown: {name[:40]!r}."
    raise UnsupportedValue(
        problem, param=kind.path, next_step="Send parts of type 'text', 'image_url' or 'file'."
    )


def check_said(messages: Iterable[Message]) -> None:
    """See that a conversation holds something to answer.

    Raises:
      InvalidRequest: no message holds any text, file or call.
    """
    if all(message.is_blank for message in messages):
        raise InvalidRequest(
            "No message holds any text or file.",
            param="messages",
            next_step="Send at least one message with some text.",
        )


def spaced(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Put a line's end where two texts meet: the parts of what a client says are things apart.

    An assistant's are pieces of one answer, and are not to be spaced.
    """
    apart: list[Part] = []
    for part in parts:
        if isinstance(part, TextPart):
            if not part.text:
                continue
            last = apart[-1] if apart else None
            if isinstance(last, TextPart) and not last.text.endswith("\n") and part.text[0] != "\n":
                apart.append(TextPart("\n"))
        apart.append(part)
    return tuple(apart)


def _read_image(field: Field) -> FilePart:
    """Read ``{"type": "image_url", "image_url": {"url": "data:..."}}``, and ``input_image`` alike."""
    image = field.get("image_url")
    if image.is_null and not field.get("file_id").is_null:
        raise _no_ids(field.get("file_id"))
    url = image.object().get("url") if isinstance(image.value, dict) else image
    data, media_type = decode_data_url(url)
    found = sniff_type(data) or media_type
    if not found.startswith("image/"):
        raise InvalidRequest(f"{url.path} holds {found or 'no image'}, not an image.", param=field.path)
    name = field.get("name")
    named = "" if name.is_null else name.text()
    return FilePart(name=named or "image" + ending_of(found), media_type=found, data=data)


def _read_file(field: Field) -> FilePart:
    """Read ``{"type": "file", "file": {"filename", "file_data"}}``."""
    return _named_file(field, field.get("file").object())


def _read_input_file(field: Field) -> FilePart:
    """Read ``{"type": "input_file", "filename", "file_data"}``."""
    return _named_file(field, field)


def _named_file(part: Field, field: Field) -> FilePart:
    content, name = field.get("file_data"), field.get("filename")
    if content.is_null:
        for other in ("file_url", "file_id"):
            if not field.get(other).is_null:
                raise _not_fetched(field.get(other)) if other == "file_url" else _no_ids(field.get(other))
    text = content.string()
    if text[:5].lower() == "data:":
        data, media_type = decode_data_url(content)
    else:
        data, media_type = decode_base64(text, content), ""
    filename = "" if name.is_null else name.text()
    media_type = (
        media_type if media_type not in ("", "application/octet-stream") else guess_type(filename, data)
    )
    if not data:
        raise InvalidRequest(f"{content.path} is empty.", param=part.path)
    return FilePart(name=filename or "file" + ending_of(media_type), media_type=media_type, data=data)


_FILE_PARTS: dict[str, Callable[[Field], FilePart]] = {
    "image_url": _read_image,
    "input_image": _read_image,
    "file": _read_file,
    "input_file": _read_input_file,
}


def decode_data_url(field: Field) -> tuple[bytes, str]:
    """The bytes of a ``data:`` address and the media type that it names.

    Raises:
      InvalidRequest: it is none, or is broken or empty.
      UnsupportedValue: it is a remote address.
    """
    url = field.string()
    head = _DATA_URL.match(url)
    if head is None:
        if re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE):
            raise _not_fetched(field)
        raise InvalidRequest(f"{field.path} is no data: URL.", param=field.path, next_step=_AS_DATA)
    if not head[2].lower().endswith(";base64"):
        raise InvalidRequest(
            f"{field.path} is a data: URL without ';base64'.", param=field.path, next_step=_AS_DATA
        )
    data = decode_base64(url[head.end() :], field)
    if not data:
        raise InvalidRequest(f"{field.path} holds no data.", param=field.path)
    return data, head[1].strip().lower()


def decode_base64(text: str, field: Field) -> bytes:
    """The bytes of base64 text, in any of the forms that encoders write.

    Args:
      field: what held the text; named in the error.

    Raises:
      InvalidRequest: it is broken.
    """
    try:
        return b64decode(text, validate=True)
    except ValueError:
        pass
    # Some encoders break lines, some leave out the padding, some use the alphabet for addresses.
    bare = re.sub(r"\s+", "", text).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        raise InvalidRequest(f"{field.path} holds broken base64.", param=field.path) from None


def _not_fetched(field: Field) -> UnsupportedValue:
    return UnsupportedValue(
        f"{field.path} is a remote address, and the relay fetches none for its clients.",
        param=field.path,
        next_step=_AS_DATA,
    )


def _no_ids(field: Field) -> UnsupportedValue:
    return UnsupportedValue(
        f"{field.path} names a stored file, and the relay stores none.", param=field.path, next_step=_AS_DATA
    )
