"""What a turn means to do on its site: which chat, which controls, which words; and the proof of it.

Sans-IO. Everything that a request can ask of a site in vain is refused here, before a tab is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping

import attrs

from cdp_relay.chat.contract import Provider, SiteDefinition, Submission
from cdp_relay.chat.conversations import Claim
from cdp_relay.chat.offers import SeenModels, goes_by_address, wire_pattern
from cdp_relay.chat.prompt import check_messages, split_system, unsaid
from cdp_relay.chat.status import Route
from cdp_relay.chat.structured import check_output
from cdp_relay.chat.vocabulary import ChatRequest, Drift, Message, Notice
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["Plan", "Value", "plan_turn", "wants_temporary"]

Value = str | float | bool | tuple[str, ...]
"""What a control can be set to, by its kind."""

_WISHES = ("temperature", "max_output_tokens", "stop")


@attrs.frozen(kw_only=True)
class Plan:
    """One turn's intentions. Made by :func:`plan_turn`."""

    provider: Provider
    url: str
    messages: tuple[Message, ...]
    """Those that the prompt is made of."""
    model: str | None
    controls: Mapping[str, Value]
    """What the page's controls have to show, by their names."""
    optional: frozenset[str]
    """Those of them that the answer may do without: agents send an effort with every request, and not
    each model has it. What a label names is never among them."""
    temporary: bool
    conversation_id: str | None
    seen: SeenModels | None
    """What the site's menu of models had when it was last open."""

    def without(self, names: Collection[str]) -> Plan:
        """The plan that is left when these controls are not to be had."""
        controls = {name: value for name, value in self.controls.items() if name not in names}
        return attrs.evolve(self, controls=controls)

    def differences(self, submission: Submission) -> Iterator[Notice | Drift]:
        """Compare what the page's own request says with what was asked for."""
        site = self.provider.site
        if submission.model is not None and not self.is_asked(submission.model):
            yield from _differ("model", self.model, submission.model, site)
        if self.temporary and submission.temporary is False:
            yield from _differ("temporary", "a temporary chat", "a chat that is kept", site)
        for name, wanted in self.controls.items():
            sent = submission.wishes.get(name)
            if sent is not None and not _same(site, name, wanted, sent):
                shown = (wanted, sent) if name != "system" else ("the system text", "another")
                yield from _differ(name, *shown, site)

    def is_asked(self, model: str) -> bool:
        """Whether a name that the site's wire has for a model can be that of the one asked for."""
        if self.model is None:
            return True
        pattern = wire_pattern(self.provider.site, self.model, self.seen)
        return pattern is None or re.fullmatch(pattern, model, re.IGNORECASE) is not None


def plan_turn(
    request: ChatRequest,
    route: Route,
    provider: Provider,
    *,
    temporary: bool = False,
    seen: SeenModels | None = None,
    claim: Claim | None = None,
) -> Plan:
    """Plan a turn.

    Args:
      temporary: what the settings say, for a request that does not.
      claim: the chat that holds the conversation so far, where the turn goes on in one.
      seen: what the site's menu of models had when it was last open.

    Raises:
      InvalidRequest, InvalidText: there is nothing to say, it cannot be said, or the schema that the answer
        has to meet is none.
      UnsupportedValue: the site has no such chat, or no way to set what the label asks for.
    """
    site, chat = provider.site, request.chat
    if chat.conversation_id is not None and chat.temporary:
        raise InvalidRequest("A chat that is gone on with cannot be a temporary one.", param="chat")
    temporary = wants_temporary(request, site, default=temporary)
    check_messages(request.messages)
    if request.output is not None:
        check_output(request.output)
    if claim is not None:
        messages = claim.new(request.messages)
    else:
        messages = request.messages if chat.conversation_id is None else unsaid(request.messages)
    controls: dict[str, Value] = {}
    if "system" in site.controls:
        # Of the whole request: the field is the page's, and may be empty in an old chat.
        system, _ = split_system(request.messages)
        _, rest = split_system(messages)
        if any(message.text or message.files for message in rest):
            messages = rest
            if system:
                controls["system"] = system
    by_address = route.model is not None and goes_by_address(site, route.model, seen)
    if claim is not None:
        # Named when the chat was begun; by its own address a chat says nothing of a model.
        by_address = by_address and claim.chat.model == route.model
        url = claim.chat.url or ""
    else:
        url = _address(provider, request, route.model if by_address else None, temporary=temporary)
    return Plan(
        provider=provider,
        url=url,
        messages=messages,
        model=route.model,
        controls=controls
        | _temporary(site, temporary=temporary)
        | _model(site, route.model, by_address=by_address and chat.conversation_id is None)
        | _effort(site, route, request)
        | _others(site, request),
        optional=frozenset({"effort"} if route.effort is None else ()),
        temporary=temporary,
        conversation_id=chat.conversation_id if claim is None else claim.chat.conversation_id,
        seen=seen,
    )


def wants_temporary(request: ChatRequest, site: SiteDefinition, *, default: bool) -> bool:
    """Whether a request is to be asked in a chat that the site does not keep.

    Args:
      default: what the settings say, for a request that does not.
    """
    if request.chat.temporary is not None:
        return request.chat.temporary
    return default and request.chat.conversation_id is None and _has_temporary(site)


def _has_temporary(site: SiteDefinition) -> bool:
    return site.pages.temporary_chat is not None or "temporary" in site.controls


def _address(provider: Provider, request: ChatRequest, model: str | None, *, temporary: bool) -> str:
    title, id_ = provider.site.title, request.chat.conversation_id
    if id_ is not None:
        url = provider.conversation_url(id_)
        if url is None:
            raise UnsupportedValue(
                f"{title} has no addresses for its chats, so none can be gone on with.",
                param="chat",
                next_step="Send the whole conversation to a new chat.",
            )
        return url
    if not temporary:
        return provider.new_chat_url(model)
    if not _has_temporary(provider.site):
        raise UnsupportedValue(
            f"{title} has no temporary chats that the relay knows of.",
            param="chat",
            next_step="Leave the wish out, or name another site.",
        )
    return provider.temporary_chat_url(model) or provider.new_chat_url(model)


def _temporary(site: SiteDefinition, *, temporary: bool) -> dict[str, Value]:
    return {"temporary": True} if temporary and "temporary" in site.controls else {}


def _model(site: SiteDefinition, model: str | None, *, by_address: bool) -> dict[str, Value]:
    if model is None:
        return {}
    in_menu = any(offer.id == model and offer.menu for offer in site.models)
    if by_address and not in_menu:
        return {}  # named by the address, and proven by the page's own request
    if "model" in site.controls:
        return {"model": model}
    if by_address:
        return {}
    raise UnsupportedValue(
        f"The relay knows no way to choose a model in this chat of {site.title}.",
        param="model",
        next_step=f"Ask for {site.name!r} alone, or for a new chat.",
    )


def _effort(site: SiteDefinition, route: Route, request: ChatRequest) -> dict[str, Value]:
    effort = route.effort or request.wishes.effort
    if effort is None:
        return {}
    if "effort" in site.controls:
        return {"effort": effort}
    if route.effort is None:
        return {}  # one of the parameters that are named as ignored
    raise UnsupportedValue(
        f"{site.title} has no control for the effort that the relay knows of.",
        param="model",
        next_step=f"Leave ':{route.effort}' out of the model's name.",
    )


def _others(site: SiteDefinition, request: ChatRequest) -> dict[str, Value]:
    wishes = {name: getattr(request.wishes, name) for name in _WISHES if name in site.controls}
    if "stop" in wishes:
        wishes["stop"] = _page_stops(request)
    return {name: value for name, value in wishes.items() if value is not None and value != ()}


def _page_stops(request: ChatRequest) -> tuple[str, ...]:
    """The stop sequences that are left to the page as well; the relay looks for all of them itself.

    None beside tools, as a page stops within calls too, and none of those that a field does not take.
    """
    stops = () if request.tools else request.wishes.stop
    return tuple(stop for stop in stops if stop == stop.strip() and len(stop.splitlines()) == 1)


def _same(site: SiteDefinition, name: str, wanted: Value, sent: Value) -> bool:
    if isinstance(wanted, str) and isinstance(sent, str):
        if name == "system":
            return "".join(wanted.split()) == "".join(sent.split())
        values = site.controls[name].values
        # Several words may stand for one item of the site's.
        ours, theirs = (values.get(word.lower(), word.lower()) for word in (wanted, sent))
        return ours == theirs
    if isinstance(wanted, int | float) and isinstance(sent, int | float):
        if name == "max_output_tokens":
            return sent <= wanted
        return math.isclose(wanted, sent, abs_tol=1e-6)
    return wanted == sent


def _differ(name: str, wanted: object, sent: object, site: SiteDefinition) -> Iterator[Notice | Drift]:
    code = "model_differs" if name == "model" else "wish_differs"
    said = f"{wanted} was asked for; the page sent {sent} to {site.title}."
    yield Notice(code=code, message=said if name in ("model", "temporary") else f"{name}: {said}")
    yield Drift(kind="control", detail=f"{name}: the page's request says another value than its control")
