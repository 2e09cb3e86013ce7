"""What is personal by its form: addresses of people and machines, numbers of theirs, places.

Each expression finds what may be one; a check says whether it is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

import attrs

from cdp_relay.recording.redaction.kinds import Kind

__all__ = ["PERSONAL_FORMS", "PersonalForm", "mail_addresses"]


@attrs.frozen
class PersonalForm:
    """Where values of one form stand in a text."""

    kind: Kind
    clue: str
    """Stands in every text that holds one; empty where nothing does."""
    expression: re.Pattern[str]
    """The group ``value`` is what is personal."""
    check: Callable[[re.Match[str]], bool] = lambda match: True

    def found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where each starts and ends."""
        if self.clue in text:
            for match in self.expression.finditer(text):
                if self.check(match):
                    yield match.span("value")


def _apart(before: str, first: str, rest: str) -> re.Pattern[str]:
    """An expression for what begins with one of some characters, and none of some others stands before it.

    That is looked at behind the first: an expression that begins with a character is many times faster.
    """
    return re.compile(rf"(?P<value>[{first}](?<![{before}][{first}]){rest}")


_NOT_HOSTS = re.compile(r"png|jpe?g|gif|svg|webp|avif|ico|css|m?js|tsx?|jsx|json|map|html|md")
"""``icon@2x.png``."""
_EXAMPLES = re.compile(r"(?:.*\.)?example\.(?:com|org|net)|.*\.(?:example|invalid|test)", re.IGNORECASE)


def _is_ipv4(match: re.Match[str]) -> bool:
    octets = [int(one) for one in match["value"].split(".")]
    if max(octets) > 255 or any(len(one) > 1 and one[0] == "0" for one in match["value"].split(".")):
        return False
    if octets[0] in {0, 127} or octets[0] >= 224 or octets[2:] == [0, 0]:
        return False  # nobody's, or a version
    text, start, end = match.string, match.start(), match.end()
    # Numbers before or after it: the outline of a drawing.
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return not re.fullmatch(r".?\d[ ,]|[-\d.]\s", before) and not re.match(r"[ ,]-?[\d.]|-?\d", after)


def _is_ipv6(match: re.Match[str]) -> bool:
    value = match["value"]
    if value.count(":") < 3 or not re.match(r"[23fF][0-9A-Fa-f]{3}:", value):
        return False
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_card(match: re.Match[str]) -> bool:
    digits = [int(one) for one in match["value"] if one.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 2:
        return False
    doubled = (sum(divmod(one * 2, 10)) if at % 2 else one for at, one in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _is_iban(match: re.Match[str]) -> bool:
    value = re.sub(r"\W", "", match["value"])
    if not 15 <= len(value) <= 34:
        return False
    return int("".join(str(int(one, 36)) for one in value[4:] + value[:4])) % 97 == 1


def _is_phone(match: re.Match[str]) -> bool:
    digits = sum(one.isdigit() for one in match["value"])
    return 8 <= digits <= 15 and len(set(re.sub(r"\D", "", match["value"]))) > 2


_LARGEST = frozenset(
    (
        2**53 - 1,
        2**53,
        2**63 - 1,
        2**63,
        2**64 - 1,
        2**64,
        10**15,
        10**16,
        10**17,
        10**18,
        10**19,
        2**52,
        2**54,
    )
)


def _is_number(match: re.Match[str]) -> bool:
    value = match["value"].lstrip("-")
    if int(value) in _LARGEST or len(set(value)) < 4:
        return False
    return not (len(value) in {16, 19} and re.match(r"1[4-9]|20", value))  # a time


_SLASH = r"(?:\\{0,15}/|%2[Ff])"

PERSONAL_FORMS = (
    PersonalForm(
        "phone",
        "+",
        _apart(r"\w/+=.-", "+", r"[1-9]\d{0,2}[ ().\-/]{0,2}\d[\d ().\-/]{5,16}\d)(?![\w=+])"),
        _is_phone,
    ),
    PersonalForm("phone", "(", _apart(r"\w.", "(", r"[2-9]\d\d\) ?\d{3}[-. ]\d{4})(?!\w)")),
    PersonalForm("phone", "-", _apart(r"\w.+/=-", "2-9", r"\d\d-[2-9]\d\d-\d{4})(?![\w-])"), _is_phone),
    PersonalForm(
        "address", ".", _apart(r"\w./%-", r"\d", r"\d{0,2}(?:\.\d{1,3}){3})(?![\w%]|\.\w|-\w)"), _is_ipv4
    ),
    PersonalForm(
        "address",
        ":",
        _apart(r"\w:.", "23fF", r"[\dA-Fa-f]{3}(?::{1,2}[\dA-Fa-f]{1,4}){2,7})(?![\w:.])"),
        _is_ipv6,
    ),
    PersonalForm(
        "address",
        "",
        _apart(r"\w:-", r"\dA-Fa-f", r"[\dA-Fa-f]([:-])[\dA-Fa-f]{2}(?:\2[\dA-Fa-f]{2}){4})(?![\w:-])"),
        lambda match: len(set(match["value"])) > 4,
    ),
    PersonalForm(
        "account",
        "",
        _apart(r"\w.-", "A-Z", r"[A-Z]\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)(?![\w-])"),
        _is_iban,
    ),
    PersonalForm(
        "account",
        "",
        _apart(r"\w.+-", "2-6", r"\d{3}([ -]?)\d{4,6}\2\d{4,5}(?:\2\d{1,4})?)(?![\w.-])"),
        _is_card,
    ),
    PersonalForm(
        "place",
        ".",
        re.compile(
            r"(?:@|[?&;](?:ll|center|sll|q|daddr|saddr)=|geo:|[Ll]at[Ll](?:ng|on)\W{1,5})"
            r"(?P<value>-?\d{1,3}\.\d{3,},\s?-?\d{1,3}\.\d{3,})"
        ),
    ),
    PersonalForm(
        "place",
        ".",
        re.compile(
            r"[Ll](?<![A-Za-z][Ll])(?:at(?:itude)?|ng|on(?:gitude)?)[\\\"']{0,8}\s?[:=]\s?[\\\"']{0,8}"
            r"(?P<value>-?\d{1,3}\.\d{2,})"
        ),
    ),
    PersonalForm(
        "avatar",
        "googleusercontent.com",
        re.compile(
            rf"googleusercontent\.com{_SLASH}(?:a-?|ogw){_SLASH}(?P<value>[\w-]{{8,}}(?:{_SLASH}[\w-]{{8,}})?)"
        ),
    ),
    PersonalForm(
        "avatar",
        "gravatar.com",
        re.compile(rf"gravatar\.com{_SLASH}avatar{_SLASH}(?P<value>[0-9a-fA-F]{{8,64}})"),
    ),
    PersonalForm(
        "avatar",
        "githubusercontent.com",
        re.compile(rf"avatars\d?\.githubusercontent\.com{_SLASH}u{_SLASH}(?P<value>\d{{3,}})"),
    ),
    PersonalForm(
        "avatar",
        "avatars",
        re.compile(
            rf"(?:auth0\.com|workoscdn\.com){_SLASH}(?:avatars|images){_SLASH}(?P<value>[\w.%-]{{2,}})"
        ),
    ),
    PersonalForm("id", "", _apart(r"\w.", r"1-9", r"\d{14,20})(?![\w.])"), _is_number),
)
"""Those of which more is known come first."""

_AT = re.compile(r"@|%40|%2540|\\{1,15}(?:u00|x)40|&#0*64;|&#[xX]40;|&commat;")
_LOCAL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-"
_MOST_LOCAL = 64
_HOST = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9])")
_ESCAPE = re.compile(r"(?<=\\)(?:[nrtbf]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})|(?<=%)[0-9A-Fa-f]{2}")


def mail_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where each e-mail address starts and ends, its at sign in any spelling."""
    for sign in _AT.finditer(text):
        host = _HOST.match(text, sign.end())
        if host is None or _NOT_HOSTS.fullmatch(host[0].rpartition(".")[2].lower()):
            continue
        if _EXAMPLES.fullmatch(host[0]):
            continue
        before = text[max(0, sign.start() - _MOST_LOCAL) : sign.start()]
        start = sign.start() - len(before) + len(before.rstrip(_LOCAL))
        if escape := _ESCAPE.match(text, start, sign.start()):
            start = escape.end()
        start += len(text[start : sign.start()]) - len(text[start : sign.start()].lstrip("._+-"))
        if start < sign.start():
            yield start, host.end()
