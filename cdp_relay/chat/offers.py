"""What a site offers: the models its definition lists, and those its own menu was seen to have.

Sans-IO. Names of models change monthly, so what a menu shows is turned into ids that a client can ask
for (:func:`slug`), and an id is looked for by its words, whatever stands between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from cdp_relay.chat.contract import ControlRule, ModelOffer, SiteDefinition

__all__ = [
    "ModelSeen",
    "SeenModels",
    "goes_by_address",
    "is_offered",
    "item_name",
    "model_pattern",
    "offered_models",
    "seen_models",
    "slug",
    "wire_pattern",
    "wished_pattern",
]

_WORD = re.compile(r"[^\W_]+")
_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)+")
"""What a menu calls by an id already keeps it, dots and all."""
_MOST_MODELS = 200


def slug(text: str) -> str:
    """An id for a name of a person's words: its words in lower case, joined by hyphens."""
    return "-".join(_WORD.findall(text.lower()))


def wished_pattern(wanted: str, values: Mapping[str, str] | None = None) -> str:
    """A regular expression for the item that a wished value means (full match, case ignored)."""
    listed = (values or {}).get(wanted.lower())
    if listed is not None:
        return listed
    literal = re.escape(wanted)
    words = r"[\W_]+".join(re.escape(word) for word in _WORD.findall(wanted))
    return rf"{literal}|[\W_]*{words}[\W_]*" if words else literal


@attrs.frozen(kw_only=True)
class ModelSeen:
    """One item of a site's menu of models."""

    id: str
    label: str
    available: bool = True
    """False for an item that the menu shows but does not let choose."""
    why: str = ""
    """What the menu says about an item that cannot be chosen."""


@attrs.frozen(kw_only=True)
class SeenModels:
    """What a site's menu had when it was last open."""

    seen_at: float
    """Unix seconds."""
    models: tuple[ModelSeen, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is kept in a file."""
        return {"seen_at": self.seen_at, "models": [attrs.asdict(model) for model in self.models]}

    def joined(self, later: SeenModels) -> SeenModels:
        """Together with what a part of the same menu had later on."""
        models = {model.id: model for model in (*self.models, *later.models)}
        return SeenModels(seen_at=later.seen_at, models=tuple(models.values())[:_MOST_MODELS])

    @classmethod
    def from_json(cls, value: object) -> SeenModels | None:
        """Read what :meth:`to_json` wrote; None for anything else."""
        match value:
            case {"seen_at": int() | float() as seen_at, "models": list(entries)}:
                models = tuple(model for entry in entries if (model := _model(entry)) is not None)
                return cls(seen_at=float(seen_at), models=models[:_MOST_MODELS])
        return None


def _model(entry: object) -> ModelSeen | None:
    match entry:
        case {"id": str(id_), "label": str(label), "available": bool(available), "why": str(why)} if id_:
            return ModelSeen(id=id_, label=label, available=available, why=why)
    return None


def seen_models(
    site: SiteDefinition, items: Iterable[tuple[str, str, bool, str]], seen_at: float
) -> SeenModels:
    """Give the items of a menu their ids: an offer's that they fit, else one made of their name.

    Args:
      items: name, whole text, whether it can be chosen, why not.
    """
    rule = site.controls.get("model")
    models: dict[str, ModelSeen] = {}
    for name, text, available, why in items:
        shown = item_name(rule, name)
        known = next((one for one in site.models if _fits(offer_pattern(one, rule), name, shown, text)), None)
        id_ = known.id if known is not None else shown if _ID.fullmatch(shown) else slug(shown)
        if id_ and id_ not in models:
            models[id_] = ModelSeen(id=id_, label=shown, available=available, why=why)
    return SeenModels(seen_at=seen_at, models=tuple(models.values())[:_MOST_MODELS])


def item_name(rule: ControlRule | None, name: str) -> str:
    """The name of an item, out of what it is known by."""
    found = re.search(rule.item_pattern, name) if rule is not None else None
    return name if found is None else found.group(found.re.groups and 1)


def _fits(pattern: str, *texts: str) -> bool:
    expression = re.compile(pattern, re.IGNORECASE)
    return any(expression.fullmatch(text) for text in texts)


def offer_pattern(offer: ModelOffer, rule: ControlRule | None = None) -> str:
    """A regular expression for the menu's item of a listed model."""
    if offer.menu:
        return offer.menu
    values = rule.values if rule is not None else {}
    by_id = wished_pattern(offer.id, values)
    return f"{by_id}|{wished_pattern(offer.label)}" if offer.label else by_id


def model_pattern(site: SiteDefinition, model: str, seen: SeenModels | None = None) -> str:
    """A regular expression for the menu's item of any model that is asked for."""
    rule = site.controls.get("model")
    for offer in site.models:
        if offer.id == model:
            return offer_pattern(offer, rule)
    pattern = wished_pattern(model, rule.values if rule is not None else {})
    labels = [one.label for one in seen.models if one.id == model] if seen is not None else []
    return "|".join([pattern, *map(re.escape, labels)])


def goes_by_address(site: SiteDefinition, model: str, seen: SeenModels | None = None) -> bool:
    """Whether the address of a new chat can name the model: not for names that only the menu has."""
    listed = any(model == offer.id for offer in site.models)
    only_seen = not listed and is_offered(site, model, seen)
    return site.pages.new_chat_with_model is not None and not only_seen


def wire_pattern(site: SiteDefinition, model: str, seen: SeenModels | None = None) -> str | None:
    """A regular expression of the names that the site's own requests and answers have for a model.

    None where the model is known by its menu only, so that nothing can be said of its names.
    """
    for offer in site.models:
        if offer.id == model:
            return offer.wire or re.escape(model)
    return re.escape(model) if goes_by_address(site, model, seen) else None


def is_offered(site: SiteDefinition, model: str, seen: SeenModels | None) -> bool:
    """Whether a model is listed, by the definition or by the site's menu."""
    return any(model == offer.id for offer in site.models) or (
        seen is not None and any(model == one.id for one in seen.models)
    )


@attrs.frozen(kw_only=True)
class Offer:
    """One model in the list, by whichever source."""

    id: str
    """With its effort, where it is listed with one."""
    model: str
    label: str
    source: str
    """``definition``, ``site`` or ``both``."""
    available: bool | None
    """Whether the site's menu let it be chosen; None where it was not seen there."""


def offered_models(site: SiteDefinition, seen: SeenModels | None) -> Sequence[Offer]:
    """The models of the definition, then those that only the site's menu had; each with its efforts."""
    menu = {model.id: model for model in seen.models} if seen is not None else {}
    offers = []
    for listed in site.models:
        found = menu.pop(listed.id, None)
        label = listed.label or (found.label if found else listed.id)
        source = "definition" if found is None else "both"
        available = None if found is None else found.available
        offers.append(Offer(id=listed.id, model=listed.id, label=label, source=source, available=available))
        offers += [
            Offer(
                id=f"{listed.id}:{effort}",
                model=listed.id,
                label=f"{label}, {effort}",
                source=source,
                available=available,
            )
            for effort in listed.efforts
        ]
    offers += [
        Offer(id=model.id, model=model.id, label=model.label, source="site", available=model.available)
        for model in menu.values()
    ]
    return offers
