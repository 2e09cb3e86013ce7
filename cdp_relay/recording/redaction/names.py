"""Names of fields whose values are secret or personal, whatever they look like.

``kind_of_name("header", "oai-device-id")`` says ``"id"``; ``is_secret_name`` whether there is such a kind.
Names are compared without case; ``-``, ``_``, brackets and the humps of camelCase are borders of words. What
says how the site was built, or how it is shown, is no secret: ``bl``, ``hl``, ``theme``.
"""

from __future__ import annotations

import functools
import re
from typing import Literal

from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.placeholders import is_placeholder

__all__ = ["Place", "is_secret_name", "kind_of_name", "tells_nothing"]

Place = Literal["header", "query", "json", "cookie", "storage", "form", "attribute"]
"""Where a name stands."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HEADERS = _words(
    """
    authorization proxy-authorization cookie set-cookie set-cookie2 x-api-key api-key apikey
    x-auth-token x-access-token x-csrf-token x-csrftoken x-xsrf-token x-xsrf-protected csrf-token
    x-same-domain-token oai-device-id oai-session-id oai-client-id oai-echo-logs oai-telemetry
    chatgpt-account-id x-authorization x-amz-security-token x-goog-api-key x-goog-authuser
    x-goog-visitor-id x-goog-pageid x-goog-upload-url x-guploader-uploadid x-goog-ext-353267353-jspb
    x-goog-ext-73010989-jspb x-browser-validation x-client-data x-device-id x-session-id x-request-id
    request-id x-correlation-id x-trace-id traceparent tracestate baggage sentry-trace x-b3-traceid
    x-b3-spanid x-amzn-trace-id x-cloud-trace-context cf-ray x-datadog-trace-id x-datadog-parent-id
    x-conduit-token x-oai-turn-trace-id x-oai-request-id x-forwarded-for x-real-ip forwarded
    true-client-ip cf-connecting-ip cf-ipcountry x-client-ip anthropic-organization-id
    anthropic-device-id anthropic-anonymous-id anthropic-client-sha x-activity-session-id
    x-organization-uuid x-account-id x-user-id x-ds-pow-response x-hif-leim x-hif-dliq
    x-openai-target-path-token etag if-none-match sec-websocket-key sec-websocket-accept nel-token dpop
    x-framework-xsrf-token x-google-session-info x-goog-drive-resource-keys
    x-goog-iam-authorization-token
    """
)
_HEADER_PREFIXES = ("openai-sentinel-", "x-goog-ext-", "x-datadog-", "x-b3-", "x-amz-meta-", "cf-access-")
_NOT_HEADERS = _words("anthropic-client-sha x-goog-upload-protocol x-same-domain")

_QUERY = _words(
    """
    at f.sid sid authuser key apikey token code state nonce sig signature policy key-pair-id se sp sv sr
    skoid sktid ske sks st awsaccesskeyid googleaccessid expires ticket sapisid zx gsessionid rid aid
    cid uid tid ll center latlng ei ved upload_id verify verify_token k otp ott magic login_hint id_hint
    prompt_id
    """
)
_QUERY_PREFIXES = ("x-amz-", "x-goog-", "x-oss-", "x-cos-")
_NOT_QUERY = _words("x-amz-algorithm x-amz-signedheaders x-amz-expires x-goog-algorithm x-goog-signedheaders")

_TOKENS = _words(
    """
    authorization auth password passwd passphrase pwd secret token jwt bearer csrf xsrf csrftoken
    xsrftoken nonce otp pin cookie cookies credential credentials signature sig apikey sapisidhash
    sapisid challenge turnstile arkose proofofwork proof recaptcha captcha hcaptcha dx attestation
    assertion oauth snlm0e session sessiontoken accesstoken refreshtoken idtoken clientsecret ticket
    verifier privatekey accesskey etag fdrfje
    """
)
"""A name that is one of these, or ends with one, is of a token."""
_TOKEN_PHRASES = (
    "access token",
    "refresh token",
    "id token",
    "session token",
    "api key",
    "access key",
    "private key",
    "secret key",
    "client secret",
    "auth key",
    "session key",
    "encryption key",
    "signing key",
    "resume token",
    "conduit token",
    "device token",
    "push token",
    "sas token",
    "stream token",
    "continuation token",
    "page token",
    "next page token",
    "proof token",
    "sentinel token",
    "upload url",
    "download url",
    "signed url",
    "thought signature",
    "code verifier",
    "code challenge",
    "auth code",
    "one time code",
    "encrypted content",
)
_IDS = _words(
    """
    uuid guid gaia gaiaid uid userid user_id accountid orgid deviceid clientid visitorid machineid
    advertisingid sessionid traceid spanid requestid muid did sub fingerprint distinctid anonymousid
    traceparent imei serial conversationid messageid chatid threadid turnid parentid workspaceid
    organizationid customerid subscriptionid
    """
)
_ID_OF = _words(
    """
    user account org organization workspace team tenant customer subscription device client visitor
    machine browser session trace span request response conversation message chat thread turn parent
    node leaf file project gizmo member owner creator author billing payment invoice stripe google gaia
    apple microsoft auth0 distinct anonymous installation instance tab window page event exchange
    operation upload attachment asset memory share run task prompt completion citation call tool current
    root last first item correlation reply sender profile
    """
)
_NAMES = _words(
    """
    fullname firstname lastname givenname familyname middlename surname nickname username displayname
    screenname shortname realname preferredname handle login loginname realm_user picturename
    author_name ownername initials company companyname employer jobtitle birthname maidenname sendername
    recipientname contactname cardholder accountname workspacename organizationname orgname teamname
    """
)
_NAME_PHRASES = (
    "full name",
    "first name",
    "last name",
    "given name",
    "family name",
    "middle name",
    "user name",
    "display name",
    "screen name",
    "nick name",
    "real name",
    "preferred name",
    "account name",
    "workspace name",
    "organization name",
    "org name",
    "team name",
    "company name",
    "owner name",
    "author name",
    "creator name",
    "sender name",
    "tenant name",
    "profile name",
    "card holder",
    "project name",
    "member name",
)
_EMAILS = _words(
    """
    email emails mail emailaddress e-mail useremail loginhint loginemail recoveryemail mailto
    """
)
_AVATARS = _words(
    """
    avatar picture photo profilepic profilepicture photourl avatarurl userpic gravatar portrait
    """
)
_PHONES = _words("phone phonenumber mobile telephone tel msisdn cellphone fax whatsapp")
_ADDRESSES = _words(
    """
    ip ipaddress ipaddr ipv4 ipv6 clientip remoteip userip remoteaddress macaddress xforwardedfor
    """
)
_ACCOUNTS = _words(
    """
    iban bic swift cardnumber creditcard pan cvc cvv ssn taxid vatid vat last4 accountnumber bban
    """
)
_PLACES = _words(
    """
    address streetaddress street city town region regioncode state province country countrycode
    countryname postal postalcode postcode zip zipcode latitude longitude lat lng lon latlng coordinates
    geo geolocation location locality county district timezone tz timezoneoffset timezoneoffsetmin metro
    metrocode colo asn ipcountry usercountry billingcountry homecity subdivision continent
    """
)
_TEXTS = _words(
    """
    title snippet summary subject description headline caption topic aboutuser aboutmodel biography bio
    instructions custominstructions usermessage prompttext searchquery birthday birthdate dateofbirth
    dob gender occupation traits memory memories placeholdertext lastmessage preview chattitle
    conversationtitle filename originalfilename file_name originalname
    """
)
_NOT = _words(
    """
    tokens maxtokens tokencount inputtokens outputtokens tokenlimit tokenizer keyboard keycode keys
    keyframes titlecase state statecode authtype tokentype sessiontype codetype nameid classname tagname
    nodename filename typename hostname pathname eventname modelname toolname functionname localname
    propname fieldname iconname displaynamekey planname featurename rulename methodname idx ids
    identifier titleid titlekey signaturealgorithm statename regionname
    """
)

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


def is_secret_name(place: Place, name: str) -> bool:
    """Whether what goes by this name at this place is nobody's business."""
    return kind_of_name(place, name) is not None


@functools.lru_cache(maxsize=20_000)
def kind_of_name(place: Place, name: str) -> Kind | None:
    """What goes by this name at this place; None for what a name alone does not make personal.

    Every cookie is. In ``header`` a name is one that HTTP or a site uses; at all other places it may hold
    more words: ``user[first_name]``, ``data-user-email``.
    """
    lower = name.strip().lower()
    if place == "cookie":
        return "token"
    if place == "header":
        return _of_header(lower)
    if place == "query":
        if lower in _NOT_QUERY:
            return None
        if lower in _QUERY or lower.startswith(_QUERY_PREFIXES):
            return "place" if lower in {"ll", "center", "latlng"} else "token"
    return _of_words([one.lower() for one in _HUMP.split(name) if one], place)


def _of_header(name: str) -> Kind | None:
    if name in _NOT_HEADERS:
        return None
    if name in _HEADERS or name.startswith(_HEADER_PREFIXES):
        if name.endswith(("-ip", "-for")):
            return "address"
        return "id" if name.endswith(("id", "ray")) else "token"
    words = name.split("-")
    if words[-1] in {"token", "secret", "signature", "password", "sapisidhash", "csrf"}:
        return "token"
    if words[0] == "x" and words[-1] in {"id", "uuid", "email", "ip"}:
        return _of_words(words, "header")
    return None


def _of_words(words: list[str], place: Place) -> Kind | None:
    if not words:
        return None
    whole, last = "".join(words), words[-1]
    phrase = " ".join(words)
    if whole in _FILE_NAMES:
        return "text"
    if whole in _NOT:
        return None
    pair = "".join(words[-2:])
    for kind, known in _BY_WORD:
        if whole in known or pair in known or (last in known and last not in _ONLY_ALONE):
            return kind
    if phrase.endswith(_TOKEN_PHRASES):
        return "token"
    if phrase.endswith(_NAME_PHRASES):
        return "name"
    if last in {"id", "uuid", "guid"} and len(words) > 1 and any(one in _ID_OF for one in words[:-1]):
        return "id"
    if whole == "name" and place == "form":
        return "name"
    return None


_FILE_NAMES = _words("filename originalfilename originalname")
_ONLY_ALONE = _words(
    """
    did sub pin state region location address session login handle tz geo memory topic bio mail vat pan
    mobile tel preview nonce proof dx challenge country city street description subject headline caption
    summary colo lat lon serial instructions metro zip ticket continent auth
    """
)
"""Words that say something else behind another one."""
_BY_WORD: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("email", _EMAILS),
    ("avatar", _AVATARS),
    ("phone", _PHONES),
    ("address", _ADDRESSES),
    ("account", _ACCOUNTS),
    ("token", _TOKENS),
    ("id", _IDS),
    ("name", _NAMES),
    ("place", _PLACES),
    ("text", _TEXTS),
)

_SMALL = re.compile(r"-?\d{0,3}(?:\.\d)?|[A-Za-z]?")
_PLAIN = _words(
    """
    true false null none undefined yes no on off unknown default auto system dark light user assistant
    tool all empty closed open active inactive enabled disabled guest anonymous web desktop mobile post
    get bearer basic
    """
)


def tells_nothing(value: str) -> bool:
    """Whether a value tells nothing under any name: a switch, a small number, a placeholder."""
    value = value.strip()
    return bool(_SMALL.fullmatch(value)) or value.lower() in _PLAIN or is_placeholder(value)
