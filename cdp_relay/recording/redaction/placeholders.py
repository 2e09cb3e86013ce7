"""What stands where a secret stood: as long, of the same form, and telling nothing but that one was there.

A placeholder has as many characters, UTF-16 units and UTF-8 bytes as what it stands for, and is counted, not
worked out: ``00000000-0000-4000-8000-000000000012`` is the twelfth UUID that was met. Forms that stay: UUID,
e-mail address, JSON Web Token (its parts decode, and it never expires), IPv4, IPv6, MAC, URL (its host is the
same), time zone (another one), numbers (sign and point), PEM, hex, base64, the beginnings of keys (``sk-``,
``file-``), and all that is not a letter or digit. Words of people, and of places, are masked
(``masks.mask``): so the same mask may stand for two of them. A secret that is too short for its counter
shares the last placeholder of its form.
"""

from __future__ import annotations

import base64
import binascii
import re

import attrs

from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.masks import is_masked, mask

__all__ = ["KNOWN_PREFIX", "Placeholders", "is_placeholder"]

KNOWN_PREFIX = re.compile(
    r"(?:sk-(?:proj-|ant-(?:[a-z]{3}\d\d-)?)?|[srp]k_(?:live_|test_)?|gh[pousr]_|github_pat_|glpat-|xox[a-z]-"
    r"|xapp-|AKIA|ASIA|AIza|ya29\.|GOCSPX-|npm_|pypi-|hf_|whsec_|g-p-|gizmo-|g-|user[-_]|org[-_]|file[-_]"
    r"|resp_|msg_|req_|rs_|fc_|call_|toolu_|srvtoolu_|chatcompl_|chatcmpl-|conv_|thread_|run_|asst_|step_"
    r"|acct_|proj_|ws[-_]|wfr_|cus_|sub_|sess(?:ion)?[-_]|rc_|[crpv]1?_|v\d\.)"
)
"""What ids and keys begin with that says what they are of, and not whose."""

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_EMAIL = re.compile(r"[!-?A-~]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?")
_PAIR = re.compile(r"-?\d{1,3}\.\d+[^\w.]{1,3}-?\d{1,3}\.\d+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_PEM = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----")

_ADDRESS = re.compile(r"(?:https?:)?//[A-Za-z0-9.-]+(?::\d+)?(?=[/?#].*[A-Za-z0-9])")
"""What a URL begins with; a placeholder of one leads to the same machine, so that a page may ask for it."""
_ZONE = re.compile(
    r"(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific)/[A-Z][\w/+-]+"
)
_ZONES = {
    len(one): one
    for one in (
        *("Etc/UTC", "Etc/Zulu", "Etc/GMT+0", "Asia/Qatar", "Africa/Lome", "Africa/Dakar", "Africa/Bamako"),
        *("Africa/Abidjan", "Africa/Freetown", "Antarctica/Troll", "Africa/Nouakchott", "Atlantic/St_Helena"),
        *("Atlantic/Cape_Verde", "America/Danmarkshavn", "America/Lower_Princes", "Atlantic/South_Georgia"),
    )
}
"""For each length a time zone: a browser refuses one that is none."""

_EXAMPLE = "@example.com"
_NEVER = "4102444800"
"""When a placeholder of a token expires, in epoch seconds: in 2100, so that a page takes it for good."""

_OUR_UUID = re.compile(r"0{8}-0{4}-4000-8000-0{5}\d{7}")
_OUR_EMAIL = re.compile(r"x*\d*@(?:example\.com|x[x.-]*)", re.IGNORECASE)
_OUR_ADDRESS = re.compile(
    r"(?:0\.0|0\.10|0\.100|10\.0|10\.10|10\.100|240\.0|240\.10|240\.100)(?:\.\d{1,3}){2}"
)
_OUR_PAIR = re.compile(r"-?10*\.0+[^\w.]{1,3}-?10*\.0*\d{1,3}")
_OUR_HEADER = re.compile(rb'\{(?:"alg":"none")? *\}')
_OUR_CLAIMS = re.compile(rb'\{(?:"sub":"\d+")?(?:,"exp":4102444800)? *\}')
_OUR_CORE = re.compile(r"(?P<filler>A+|x+|X+|0+|10*)(?P<count>\d*)")
_PLAIN = re.compile(r"[^A-Za-z0-9]+")


def is_placeholder(text: str) -> bool:
    """Whether a text is a placeholder or a mask, whoever made it."""
    if is_masked(text) or _OUR_UUID.fullmatch(text) or _OUR_EMAIL.fullmatch(text):
        return True
    if _PAIR.fullmatch(text):
        return _OUR_PAIR.fullmatch(text) is not None
    if _IPV4.fullmatch(text):
        return _OUR_ADDRESS.fullmatch(text) is not None
    if _JWT.fullmatch(text):
        return _is_our_jwt(text)
    if text.startswith("eyJ") and (_decodes_to(text, _OUR_HEADER) or _decodes_to(text, _OUR_CLAIMS)):
        return True
    if _ZONE.fullmatch(text):
        return text in _ZONES.values()
    text = _ADDRESS.sub("", _PEM.sub("", text), count=1)
    prefix = KNOWN_PREFIX.match(text)
    return _is_ours(text) or (prefix is not None and _is_ours(text[prefix.end() :]))


def _is_ours(text: str) -> bool:
    core = _OUR_CORE.fullmatch(_PLAIN.sub("", text))
    if core is None:
        return False
    filler, count = len(core["filler"]), len(core["count"])
    # Counts begin behind the filler: "1000" and "10", "00012" and "12" both read as a filler and a count.
    return count <= _most_digits(filler + count)


def _most_digits(slots: int) -> int:
    """How far a placeholder of so many characters may be counted and still be known as one."""
    return min(7, slots // 2)


def _is_our_jwt(text: str) -> bool:
    header, *parts = text.split(".")
    return _decodes_to(header, _OUR_HEADER) and all(
        re.fullmatch(r"A*\d*", part) or _decodes_to(part, _OUR_CLAIMS) for part in parts
    )


def _decodes_to(part: str, form: re.Pattern[bytes]) -> bool:
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (ValueError, binascii.Error):
        return False
    return form.fullmatch(data) is not None


@attrs.define(eq=False)
class Placeholders:
    """Makes placeholders, each once."""

    _made: set[str] = attrs.field(factory=set, init=False)
    _counts: dict[str, int] = attrs.field(factory=dict, init=False)
    """By what the placeholder of number 0 is."""

    def make(self, secret: str, kind: Kind) -> str:
        """A new placeholder; a placeholder stays what it is."""
        if is_placeholder(secret):
            self._made.add(secret)
            return secret
        if kind == "place" and _ZONE.fullmatch(secret) and len(secret) in _ZONES:
            return _ZONES[len(secret)]
        is_words = kind in {"name", "text"} or (kind == "place" and not any(map(str.isdigit, secret)))
        if is_words or not secret.isascii():
            return mask(secret)
        form = self._form(secret)
        last = form.made(0)
        while True:
            count = self._counts[form.name] = self._counts.get(form.name, 0) + 1
            if count >= 10**form.digits:
                return last
            last = form.made(count)
            if last not in self._made:
                self._made.add(last)
                return last

    def _form(self, secret: str) -> _Form:
        if _UUID.fullmatch(secret):
            return _Counted("00000000-0000-4000-8000-000000000000", 7)
        if _EMAIL.fullmatch(secret):
            return _email(secret)
        if _IPV4.fullmatch(secret) and all(int(one) < 256 for one in secret.split(".")):
            return _Octets(tuple(map(len, secret.split("."))))
        if _JWT.fullmatch(secret) and (jwt := _jwt(secret)) is not None:
            return jwt
        if number := _NUMBER.fullmatch(secret):
            sign = number[1]
            return _counted(sign + "1" + re.sub(r"\d", "0", secret[len(sign) + 1 :]))
        if _PAIR.fullmatch(secret):
            # Each begins with a digit that is no zero: in a program that is no number.
            template = re.sub(
                r"\d+(?=\.)", lambda whole: "1".ljust(len(whole[0]), "0"), re.sub(r"\d", "0", secret)
            )
            return _Counted(template, min(3, len(template.rpartition(".")[2])))
        if _PEM.match(secret):
            return _pem(secret)
        return _counted(_flat(secret))


@attrs.frozen
class _Counted:
    """Digits at the end, in the places of letters and digits."""

    template: str
    digits: int
    end: int | None = None
    """They go before this."""

    @property
    def name(self) -> str:
        return self.template

    def made(self, count: int) -> str:
        made = list(self.template)
        end = len(made) if self.end is None else self.end
        places = (at for at in reversed(range(end)) if made[at].isalnum())
        for digit in reversed(str(count)):
            made[next(places)] = digit
        return "".join(made)


@attrs.frozen
class _Email:
    """Counted before the at sign."""

    local: int
    host: str
    digits: int

    @property
    def name(self) -> str:
        return f"{self.local}{self.host}"

    def made(self, count: int) -> str:
        told = str(count) if count else ""
        return "x" * (self.local - len(told)) + told + self.host


@attrs.frozen
class _Octets:
    """An IPv4 address of nobody; each number keeps its length."""

    lengths: tuple[int, ...]
    digits: int = 7

    @property
    def name(self) -> str:
        return f"ip {self.lengths}"

    def made(self, count: int) -> str:
        starts, sizes = {1: 0, 2: 10, 3: 100}, {1: 10, 2: 90, 3: 156}
        last, before = divmod(count, sizes[self.lengths[3]])[::-1], self.lengths[2]
        third = last[1] % sizes[before]
        first = {1: "0", 2: "10", 3: "240"}[self.lengths[0]]
        rest = starts[before] + third, starts[self.lengths[3]] + last[0]
        return f"{first}.{starts[self.lengths[1]]}.{rest[0]}.{rest[1]}"


@attrs.frozen
class _Jwt:
    """A token whose header and claims can be read."""

    header: str
    claims: int
    rest: tuple[int, ...]
    digits: int = 7

    @property
    def name(self) -> str:
        return f"jwt {len(self.header)} {self.claims} {self.rest}"

    def made(self, count: int) -> str:
        size = self.claims * 3 // 4
        claims = f'{{"sub":"{count}","exp":{_NEVER}}}'
        if len(claims) > size:
            claims = f'{{"sub":"{count}"}}'
        rest = ["A" * one for one in self.rest]
        return ".".join([self.header, _encoded(claims, size), *rest])


_Form = _Counted | _Email | _Octets | _Jwt


def _counted(template: str) -> _Counted:
    prefix = _ADDRESS.match(template) or KNOWN_PREFIX.match(template)
    slots = sum(one.isalnum() for one in (template[prefix.end() :] if prefix else template))
    return _Counted(template, _most_digits(slots))


def _pem(secret: str) -> _Counted:
    """Filler for all lines but the first and the last."""
    out, at, end = [], 0, 0
    for line in _PEM.finditer(secret):
        end = line.start() if at else len(secret)
        out += [_filled(secret[at : line.start()]), line[0]]
        at = line.end()
    template = "".join([*out, _filled(secret[at:])])
    return _Counted(template, 5, end)


def _flat(secret: str) -> str:
    """Filler for every letter and digit behind what a key begins with."""
    if address := _ADDRESS.match(secret):
        return address[0] + _filled(secret[address.end() :])
    prefix = KNOWN_PREFIX.match(secret)
    kept = prefix.end() if prefix and len(secret) - prefix.end() >= 6 else 0
    return secret[:kept] + _filled(secret[kept:])


def _filled(secret: str) -> str:
    plain = _PLAIN.sub("", secret)
    if plain.isdigit():
        first = next((at for at, one in enumerate(secret) if one.isdigit()), 0)
        return secret[:first] + "1" + re.sub(r"\d", "0", secret[first + 1 :])
    if _HEX.fullmatch(plain) and len(plain) >= 8:
        filler = "0"
    elif plain == plain.lower():
        filler = "x"
    else:
        filler = "X" if plain == plain.upper() else "A"
    # Where minus and underscore stand in a base64 value tells of it too.
    flat = r"[A-Za-z0-9]" if filler == "0" else r"[A-Za-z0-9_-]"
    return re.sub(flat, filler, secret)


def _email(secret: str) -> _Email:
    local = len(secret) - len(_EXAMPLE)
    if local >= 1:
        return _Email(local, _EXAMPLE, min(7, local - 1) or 1)
    local = secret.index("@")
    return _Email(local, re.sub(r"[A-Za-z0-9]", "x", secret[local:]), max(1, local - 1))


def _jwt(secret: str) -> _Jwt | None:
    header, claims, *rest = secret.split(".")
    sizes = [len(header) * 3 // 4, len(claims) * 3 // 4]
    if len(header) % 4 == 1 or len(claims) % 4 == 1 or len(rest) != 1 or min(sizes) < 18:
        return None
    return _Jwt(_encoded('{"alg":"none"}', sizes[0]), len(claims), tuple(map(len, rest)))


def _encoded(told: str, size: int) -> str:
    data = told[:-1] + " " * (size - len(told)) + told[-1]
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")
