"""A name says whose a value is; names of layouts and builds say nothing."""

from __future__ import annotations

import pytest

from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.names import Place, is_secret_name, kind_of_name, tells_nothing

SECRET: list[tuple[Place, str, Kind]] = [
    ("header", "Authorization", "token"),
    ("header", "Set-Cookie", "token"),
    ("header", "oai-device-id", "id"),
    ("header", "OpenAI-Sentinel-Chat-Requirements-Token", "token"),
    ("header", "x-goog-authuser", "token"),
    ("header", "x-csrf-token", "token"),
    ("header", "anthropic-organization-id", "id"),
    ("header", "x-some-vendor-user-id", "id"),
    ("header", "cf-ray", "id"),
    ("header", "X-Forwarded-For", "address"),
    ("header", "vendor-signature", "token"),
    ("json", "nextPageToken", "token"),
    ("json", "billing_download_url", "token"),
    ("json", "my_tenant_name", "name"),
    ("form", "name", "name"),
    ("query", "at", "token"),
    ("query", "f.sid", "token"),
    ("query", "X-Amz-Signature", "token"),
    ("query", "sig", "token"),
    ("query", "code", "token"),
    ("query", "ll", "place"),
    ("query", "user_email", "email"),
    ("json", "email", "email"),
    ("json", "emailAddress", "email"),
    ("json", "first_name", "name"),
    ("json", "displayName", "name"),
    ("json", "workspace_name", "name"),
    ("json", "picture", "avatar"),
    ("json", "avatarUrl", "avatar"),
    ("json", "phone_number", "phone"),
    ("json", "ip_address", "address"),
    ("json", "account_id", "id"),
    ("json", "parent_message_uuid", "id"),
    ("json", "accessToken", "token"),
    ("json", "resume_conversation_token", "token"),
    ("json", "SNlM0e", "token"),
    ("json", "city", "place"),
    ("json", "country_code", "place"),
    ("json", "timezone", "place"),
    ("json", "title", "text"),
    ("json", "snippet", "text"),
    ("json", "birthday", "text"),
    ("json", "file_name", "text"),
    ("json", "iban", "account"),
    ("cookie", "anything", "token"),
    ("storage", "oai/apps/sessionToken", "token"),
    ("form", "user[first_name]", "name"),
    ("form", "password", "token"),
    ("attribute", "data-user-email", "email"),
    ("attribute", "data-message-id", "id"),
]


@pytest.mark.parametrize(("place", "name", "kind"), SECRET)
def test_a_name_of_somebodys(place: Place, name: str, kind: Kind) -> None:
    assert kind_of_name(place, name) == kind
    assert is_secret_name(place, name)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("header", "content-type"),
        ("header", "accept-language"),
        ("header", "x-goog-upload-protocol"),
        ("header", "sec-ch-ua"),
        ("query", "bl"),
        ("query", "hl"),
        ("query", "rpcids"),
        ("query", "X-Amz-Algorithm"),
        ("json", "max_tokens"),
        ("json", "token_count"),
        ("json", "type"),
        ("json", "status"),
        ("json", "keyCode"),
        ("json", "className"),
        ("json", "toolName"),
        ("json", "index"),
        ("storage", "theme"),
        ("attribute", "class"),
        ("attribute", "aria-hidden"),
        ("attribute", "data-testid"),
        ("json", "state"),
        ("json", "name"),
        ("header", "x-frame-options"),
        ("json", ""),
        ("query", "--"),
    ],
)
def test_a_name_of_nobodys(place: Place, name: str) -> None:
    assert kind_of_name(place, name) is None
    assert not is_secret_name(place, name)


@pytest.mark.parametrize(
    "value", ["", "true", "null", "0", "42", "dark", "00000000-0000-4000-8000-000000000001", "Xxxx xx"]
)
def test_a_value_that_tells_nothing_under_any_name(value: str) -> None:
    assert tells_nothing(value)


@pytest.mark.parametrize("value", ["anna", "1234", "DE", "sid42", "52.52"])
def test_a_value_that_tells_something(value: str) -> None:
    assert not tells_nothing(value)
