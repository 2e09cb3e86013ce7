"""Images and documents of blocks: the bytes that came along. Nothing is fetched, and nothing is stored."""

from __future__ import annotations

from cdp_relay.api.json_body import Field
from cdp_relay.api.parts import decode_base64, decode_data_url
from cdp_relay.chat.media import ending_of, sniff_type
from cdp_relay.chat.vocabulary import FilePart
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["FILES", "kind_of", "no_ids", "read_image", "read_source", "text_of"]

FILES = frozenset({"image", "document"})
"""The types of blocks that hold a file."""

_AS_BASE64 = "Send it in the request: {'type': 'base64', 'media_type': 'image/png', 'data': '...'}."


def kind_of(field: Field) -> str:
    """The type of a block, or of a source.

    Raises:
      InvalidRequest: it is no object that names one.
    """
    return field.object().get("type").string()


def text_of(field: Field) -> str:
    """A text that may be missing.

    Raises:
      InvalidRequest, InvalidText: it is something else, or cannot be typed.
    """
    return "" if field.is_null else field.text()


def read_image(block: Field) -> FilePart:
    """Read an image.

    Raises:
      InvalidRequest: its data are missing, broken, or no image.
      UnsupportedValue: they did not come along.
    """
    source = block.get("source").object()
    data, media_type = read_source(source, kind_of(source))
    found = sniff_type(data) or media_type
    if not found.startswith("image/"):
        raise InvalidRequest(
            f"{source.path} holds {found or 'no image'}, not an image.", param=f"{block.path}.source"
        )
    return FilePart(
        name=text_of(block.get("name")) or "image" + ending_of(found), media_type=found, data=data
    )


def read_source(source: Field, kind: str) -> tuple[bytes, str]:
    """The bytes of a source, and the media type that it names.

    Raises:
      InvalidRequest: they are missing or broken.
      UnsupportedValue: they are elsewhere.
    """
    if kind == "base64":
        content = source.get("data")
        data = decode_base64(content.string(), content)
        if not data:
            raise InvalidRequest(f"{content.path} is empty.", param=content.path)
        return data, text_of(source.get("media_type")).strip().lower()
    if kind == "url":
        url = source.get("url")
        if url.string()[:5].lower() == "data:":
            return decode_data_url(url)
        raise UnsupportedValue(
            f"{url.path} is a remote address, and the relay fetches none for its clients.",
            param=url.path,
            next_step=_AS_BASE64,
        )
    if kind == "file":
        raise no_ids(source.get("file_id"))
    raise UnsupportedValue(
        f"{source.path}.type is unknown: {kind[:40]!r}.", param=f"{source.path}.type", next_step=_AS_BASE64
    )


def no_ids(field: Field) -> UnsupportedValue:
    """The error for a file that is named by an id."""
    return UnsupportedValue(
        f"{field.path} names a stored file, and the relay stores none.",
        param=field.path,
        next_step=_AS_BASE64,
    )
