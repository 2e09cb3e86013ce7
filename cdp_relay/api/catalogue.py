"""The model list, and how ready the service is, as JSON. Neither touches the browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from cdp_relay.api.failure import whole_seconds
from cdp_relay.chat.status import ModelInfo, RelayStatus, Route, SiteStatus
from cdp_relay.errors import RelayError
from cdp_relay.store import JournalHealth

__all__ = ["Readiness", "model_list", "model_object", "readiness"]


def model_object(info: ModelInfo) -> dict[str, Any]:
    """One model in OpenAI's shape; what is known of it beyond that stands in the extension object."""
    extension: dict[str, Any] = {"title": info.title, "state": info.state, "source": info.source}
    if info.seen_at is not None:
        extension["seen_at"] = _moment(info.seen_at)
    if info.available is not None:
        extension["available"] = info.available
    return {
        "id": info.id,
        "object": "model",
        "created": info.created,
        "owned_by": info.site,
        "cdp_relay": extension,
    }


def model_list(
    infos: Iterable[ModelInfo], failures: Mapping[str, RelayError] | None = None
) -> dict[str, Any]:
    """All models in OpenAI's shape.

    Args:
      failures: why a site could not be asked for its models, by its name.
    """
    listed: dict[str, Any] = {"object": "list", "data": [model_object(info) for info in infos]}
    if failures:
        listed["cdp_relay"] = {
            "not_refreshed": {
                site: {"code": error.code, "message": error.message, "next_step": error.next_step}
                for site, error in failures.items()
            }
        }
    return listed


@attrs.frozen(kw_only=True)
class Readiness:
    """Whether the default site can take work, and what there is to say about all of them."""

    ready: bool
    retry_after: int | None
    """Whole seconds until the default site is expected back, where that is known."""
    body: dict[str, Any]


def readiness(
    status: RelayStatus, default: Route, now: float, journal: JournalHealth | None = None
) -> Readiness:
    """Judge a status.

    Args:
      default: where labels lead that name nothing.
      now: unix seconds.
      journal: how it is, where there is one; one that fails makes nothing unready.
    """
    site = next((site for site in status.sites if site.name == default.desk), None)
    ready = site is not None and site.ready
    retry_after = None
    if not ready and site is not None and site.until is not None:
        retry_after = whole_seconds(site.until - now)
    body = {
        "ready": ready,
        "default_site": default.name,
        "uptime_seconds": round(status.uptime_seconds, 1),
        "browser": attrs.asdict(status.browser),
        "browsers": [attrs.asdict(browser) for browser in status.browsers],
        "sites": [_site(site, now) for site in status.sites],
        "journal": None if journal is None else _journal(journal),
    }
    return Readiness(ready=ready, retry_after=retry_after, body=body)


def _site(site: SiteStatus, now: float) -> dict[str, Any]:
    shown = attrs.asdict(site)
    if site.until is not None:
        shown["until"] = _moment(site.until)
        shown["retry_after_seconds"] = whole_seconds(site.until - now)
    if site.next_at is not None:
        shown["next_at"] = _moment(site.next_at)
    for rest in shown["resting_models"]:
        rest["until"] = _moment(rest["until"])
    for drift in shown["drifts"]:
        drift["last"] = _moment(drift["last"])
    return shown


def _journal(health: JournalHealth) -> dict[str, Any]:
    shown = attrs.asdict(health)
    if health.since is not None:
        shown["since"] = _moment(health.since)
    return shown


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
