"""Secrets of thirty kinds, made up, and recordings that hide them wherever something can hide."""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import string
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import attrs

from cdp_relay.recording.session import (
    About,
    Body,
    Chunk,
    Exchange,
    Headers,
    Heard,
    KnownText,
    Message,
    Request,
    Response,
    Session,
    Snapshot,
)

__all__ = ["KINDS", "PLACES", "Planted", "plant", "secrets_of", "spellings"]

_LETTERS = string.ascii_letters + string.digits
_URL_SAFE = _LETTERS + "-_"
_HEX = "0123456789abcdef"


@attrs.frozen
class Planted:
    """A secret, with the name by which a site would call it."""

    kind: str
    name: str
    value: str


def _drawn(rng: random.Random, length: int, letters: str = _LETTERS) -> str:
    return "".join(rng.choice(letters) for _ in range(length - 2)) + rng.choice(letters[-10:]) + "q"


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _part(rng: random.Random, **claims: Any) -> str:
    data = json.dumps({**claims, "n": rng.getrandbits(40)}).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _jwt(rng: random.Random) -> str:
    return ".".join((_part(rng, alg="RS256"), _part(rng, sub="a person", exp=1), _drawn(rng, 43, _URL_SAFE)))


def _card(rng: random.Random) -> str:
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    total = sum(sum(divmod(2 * one, 10)) if at % 2 == 0 else one for at, one in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


def _iban(rng: random.Random) -> str:
    bank = "".join(str(rng.randrange(10)) for _ in range(18))
    return f"DE{98 - int(bank + '131400') % 97:02d}{bank}"


def _pem(rng: random.Random) -> str:
    lines = "\n".join(_drawn(rng, 64) for _ in range(3))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"


_FIRST = ("Annabel", "Bertrand", "Cordelia", "Dietlinde", "Ernestine", "Friedhelm", "Gwendolyn", "Hannelore")
_LAST = (
    "Abendroth",
    "Birkenfeld",
    "Czerwinski",
    "Dunkelmann",
    "Eschenbach",
    "Fahrenholt",
    "Grunewald",
    "Hollstein",
)
_TOPICS = (
    "biopsy",
    "divorce",
    "bankruptcy",
    "pregnancy",
    "resignation",
    "diagnosis",
    "inheritance",
    "lawsuit",
)
_WAYS = ("about my", "how to tell them of the", "worried over a", "what follows from the")


def _name(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}-{rng.choice(_LAST)}"


def _words(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_WAYS)} {rng.choice(_TOPICS)} {rng.choice(_TOPICS)}"


KINDS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "jwt": ("accessToken", _jwt),
    "openai": ("key", lambda rng: f"sk-proj-{_drawn(rng, 40)}"),
    "anthropic": ("key", lambda rng: f"sk-ant-api03-{_drawn(rng, 48, _URL_SAFE)}"),
    "github": ("key", lambda rng: f"ghp_{_drawn(rng, 36)}"),
    "slack": ("key", lambda rng: f"xoxb-{rng.randrange(10**11, 10**12)}-{_drawn(rng, 24)}"),
    "stripe": ("key", lambda rng: f"sk_live_{_drawn(rng, 24)}"),
    "aws": ("key", lambda rng: f"AKIA{_drawn(rng, 16, string.ascii_uppercase + '234567')[:-1]}Q"),
    "google": ("key", lambda rng: f"AIza{_drawn(rng, 35, _URL_SAFE)}"),
    "oauth": ("token", lambda rng: f"ya29.{_drawn(rng, 60, _URL_SAFE)}"),
    "random": ("session_token", lambda rng: _drawn(rng, 43, _URL_SAFE)),
    "hex": ("csrf_token", lambda rng: _drawn(rng, 64, _HEX)[:-1] + "f"),
    "password": ("password", lambda rng: f"{rng.choice(_TOPICS)}!{rng.randrange(100, 999)}Zx"),
    "pem": ("private_key", _pem),
    "account": ("account_id", _uuid),
    "chat": ("conversation_id", _uuid),
    "device": ("oai-device-id", _uuid),
    "user": ("user_id", lambda rng: f"user-{_drawn(rng, 24)}"),
    "message": ("message_id", lambda rng: f"msg_{_drawn(rng, 24)}"),
    "file": ("file_id", lambda rng: f"file-{_drawn(rng, 22)}"),
    "gaia": ("gaia_id", lambda rng: "1" + "".join(str(rng.randrange(10)) for _ in range(20))),
    "email": ("email", lambda rng: f"{_name(rng).lower().replace(' ', '.')}{rng.randrange(99)}@gmx.example"),
    "phone": ("phone_number", lambda rng: f"+49 171 {rng.randrange(1000000, 9999999)}"),
    "ipv4": (
        "client_ip",
        lambda rng: f"91.{rng.randrange(16, 240)}.{rng.randrange(10, 250)}.{rng.randrange(10, 250)}",
    ),
    "ipv6": (
        "ip_address",
        lambda rng: ":".join(["2a02", *(f"{rng.randrange(0x1000, 0xFFFF):x}" for _ in range(7))]),
    ),
    "iban": ("iban", _iban),
    "card": ("card_number", _card),
    "name": ("full_name", _name),
    "title": ("title", _words),
    "street": ("street_address", lambda rng: f"{rng.choice(_LAST)}strasse {rng.randrange(100, 999)}"),
    "avatar": (
        "picture",
        lambda rng: f"https://lh3.googleusercontent.com/a/{_drawn(rng, 44, _URL_SAFE)}=s96-c",
    ),
}
"""By kind: the name of the field that holds such a thing, and how one is made."""


def secrets_of(count: int = 300, seed: int = 6) -> list[Planted]:
    """So many different secrets, of all kinds in turn."""
    rng = random.Random(seed)
    kinds = list(KINDS.items())
    found: dict[str, Planted] = {}
    while len(found) < count:
        kind, (name, make) = kinds[len(found) % len(kinds)]
        value = make(rng)
        found.setdefault(value, Planted(kind, name, value))
    return list(found.values())


def spellings(secret: str) -> list[bytes]:
    """How a secret may be spelled."""
    plain = secret.encode()
    once = json.dumps(secret)[1:-1]
    found = {
        plain,
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        once.encode(),
        json.dumps(once)[1:-1].encode(),
        once.replace("/", "\\/").encode(),
        html.escape(secret).encode(),
        base64.b64encode(plain).rstrip(b"="),
        base64.urlsafe_b64encode(plain).rstrip(b"="),
    }
    for skip in (1, 2):  # inside a longer value, what stands before moves it
        found.add(base64.b64encode(b"_" * skip + plain)[4:-4])
    return [one for one in found if len(one) >= 6]


# --- places -----------------------------------------------------------------------------------------


def _exchange(number: int, url: str, answer: bytes, media: str = "application/json", **more: Any) -> Exchange:
    return Exchange(
        id=str(number),
        at=number / 10,
        ended_at=number / 10 + 0.05,
        request=Request(
            method=more.get("method", "GET"),
            url=url,
            headers=more.get("headers", ()),
            body=None if more.get("asked") is None else Body.of(more["asked"]),
        ),
        response=Response(
            status=more.get("status", 200),
            headers=(*more.get("told", ()), ("content-type", media)),
            mime_type=media.partition(";")[0],
            body=Body.of(answer),
            chunks=(Chunk(number / 10, len(answer)),),
        ),
        resource_type=more.get("kind", "fetch"),
        messages=more.get("messages", ()),
    )


_API = "https://chatgpt.com/backend-api"
_OK = b'{"ok": true}'


def _asked(number: int, body: bytes, media: str, *headers: tuple[str, str]) -> Exchange:
    told: Headers = (("content-type", media), *headers)
    return _exchange(number, f"{_API}/ask{number}", _OK, method="POST", headers=told, asked=body)


def _multipart(number: int, one: Planted) -> Exchange:
    body = (
        f'--xyz\r\nContent-Disposition: form-data; name="{one.name}"\r\n\r\n{one.value}\r\n'
        f'--xyz\r\nContent-Disposition: form-data; name="file"; filename="{number}.bin"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n\x00\x01{one.value}\r\n--xyz--\r\n"
    )
    return _asked(number, body.encode(), "multipart/form-data; boundary=xyz")


def _frames(one: Planted) -> bytes:
    inner = json.dumps([None, ["c_1"], {"18": one.value}, [{one.name: one.value}]])
    frame = json.dumps([["wrb.fr", None, inner]])
    return f")]}}'\n\n{len(frame.encode('utf-16-le')) // 2 + 2}\n{frame}\n".encode()


def _page(one: Planted) -> bytes:
    value = html.escape(one.value, quote=True)
    return (
        f'<!doctype html><html><body><div aria-label="{value}" data-user="{value}">{value}</div>'
        f'<input value="{value}"><a href="/u/{quote(one.value, safe="")}">x</a><img alt="{value}">'
        f'<script type="application/json">{json.dumps({one.name: one.value})}</script>'
        f"<script>window.boot = {{user: {json.dumps({one.name: one.value})}}}</script></body></html>"
    ).encode()


def _base64_of(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def _socket(number: int, *messages: str | bytes) -> Exchange:
    said = tuple(Message(at=number / 10, sent=at % 2 == 1, data=one) for at, one in enumerate(messages))
    url = f"wss://ws.chatgpt.com/s{number}"
    return _exchange(number, url, b"", status=101, kind="websocket", messages=said)


PLACES: dict[str, Callable[[int, Planted], Exchange]] = {
    "query": lambda n, one: _exchange(n, f"{_API}/q{n}?{one.name}={quote(one.value, safe='')}", _OK),
    "fragment": lambda n, one: _exchange(
        n, f"https://chatgpt.com/f{n}#{one.name}={quote(one.value, safe='')}", _OK
    ),
    "cookie": lambda n, one: _exchange(
        n, _API, _OK, headers=(("Cookie", f"a=1; s={quote(one.value, safe='')}"),)
    ),
    "set-cookie": lambda n, one: _exchange(
        n, _API, _OK, told=(("set-cookie", f"s={quote(one.value, safe='')}; Path=/; Secure"),)
    ),
    "authorization": lambda n, one: _exchange(
        n, _API, _OK, headers=(("authorization", f"Bearer {quote(one.value, safe='')}"),)
    ),
    "referer": lambda n, one: _exchange(
        n, _API, _OK, headers=(("Referer", f"https://chatgpt.com/?{one.name}={quote(one.value, safe='')}"),)
    ),
    "location": lambda n, one: _exchange(
        n, _API, b"", status=302, told=(("location", f"/x?{one.name}={quote_plus(one.value)}"),)
    ),
    "JSON": lambda n, one: _exchange(n, _API, json.dumps({"of": [{one.name: one.value}]}).encode()),
    "JSON in JSON": lambda n, one: _exchange(
        n, _API, json.dumps({"payload": json.dumps({one.name: one.value})}).encode()
    ),
    "events": lambda n, one: _exchange(
        n,
        _API,
        f"event: m\ndata: {json.dumps({one.name: one.value})}\n\ndata: [DONE]\n\n".encode(),
        "text/event-stream",
    ),
    "lines": lambda n, one: _exchange(
        n, _API, b'{"a": 1}\n' + json.dumps({one.name: one.value}).encode() + b"\n", "application/x-ndjson"
    ),
    "frames": lambda n, one: _exchange(n, _API, _frames(one)),
    "holes": lambda n, one: _exchange(n, _API, f"[,[7,,{json.dumps({one.name: one.value})}]]".encode()),
    "page": lambda n, one: _exchange(
        n, f"https://chatgpt.com/p{n}", _page(one), "text/html", kind="document"
    ),
    "asked JSON": lambda n, one: _asked(n, json.dumps({one.name: one.value}).encode(), "application/json"),
    "form": lambda n, one: _asked(
        n, f"a=1&{one.name}={quote_plus(one.value)}".encode(), "application/x-www-form-urlencoded"
    ),
    "form with JSON": lambda n, one: _asked(
        n,
        f"f.req={quote_plus(json.dumps([None, json.dumps([{one.name: one.value}])]))}&".encode(),
        "application/x-www-form-urlencoded;charset=utf-8",
    ),
    "packed": lambda n, one: _asked(
        n,
        gzip.compress(json.dumps({one.name: one.value}).encode()),
        "application/json",
        ("content-encoding", "gzip"),
    ),
    "multipart": _multipart,
    "base64": lambda n, one: _exchange(
        n, _API, json.dumps({"body": _base64_of({one.name: one.value})}).encode()
    ),
    "socket": lambda n, one: _socket(
        n, json.dumps({one.name: one.value}), "42" + json.dumps(["m", {one.name: one.value}])
    ),
    "socket, wrapped": lambda n, one: _socket(
        n, json.dumps([{"type": "message", "data": f"data: {json.dumps({one.name: one.value})}\n\n"}])
    ),
    "binary socket": lambda n, one: _socket(
        n, b"\x00\x08" + json.dumps({one.name: one.value}).encode() + b"\x01\x02"
    ),
}
"""Where a secret can stand in a request or its answer."""


def plant(secrets: list[Planted]) -> Session:
    """A recording that holds each secret at a place by its name, and again at others where it has none."""
    ways = list(PLACES.values())
    exchanges = [ways[number % len(ways)](number, one) for number, one in enumerate(secrets)]
    first = len(secrets)
    named = [{one.name: one.value, "n": number} for number, one in enumerate(secrets)]
    exchanges.append(_exchange(first, f"{_API}/account", json.dumps({"items": named}).encode()))
    nameless = [one for one in secrets if one.kind not in ("password", "phone", "street", "title", "name")]
    words = [one for one in secrets if one.kind in ("title", "name")]
    path = "/".join(quote(one.value, safe="") for one in nameless[:40])
    exchanges.append(_exchange(first + 1, f"https://chatgpt.com/{path}", _OK))
    code = ";".join(f"x({json.dumps(one.value)})" for one in nameless)
    script = ("https://chatgpt.com/app.js", code.encode(), "text/javascript")
    exchanges.append(_exchange(first + 2, *script, kind="script"))
    escaped = [html.escape(one.value) for one in secrets]
    page = "".join(f'<li title="{value}">{value}</li>' for value in escaped)
    storage = {f"k{number}": json.dumps({one.name: one.value}) for number, one in enumerate(secrets)}
    storage |= {f"plain{number}": one.value for number, one in enumerate(nameless)}
    snapshot = Snapshot(
        step="done",
        at=1.0,
        url=f"https://chatgpt.com/c/{secrets[14].value}",
        title=words[0].value,
        html=Body.of(f"<!doctype html><ul>{page}</ul>".encode()),
        storage=storage,
    )
    heard = [Heard(1.0, {"event": "TextDelta", "text": one.value}) for one in secrets]
    heard += [Heard(1.0, {"event": "error", "message": f"No way: {one.value}"}) for one in nameless]
    notes = tuple(f"seen: {one.value}" for one in nameless)
    about = About(
        site="chatgpt",
        scenario="plain",
        recorded_on="2026-11-21",
        relay_version="0.1.0",
        browser="Chrome/156.0",
        origin="https://chatgpt.com",
        notes=notes,
    )
    texts = (KnownText("person", words[1].value),)
    return Session(
        about=about, exchanges=tuple(exchanges), snapshots=(snapshot,), heard=tuple(heard), texts=texts
    )
