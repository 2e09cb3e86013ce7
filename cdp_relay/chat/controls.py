"""Set a page's own controls to what a turn wishes, and prove it by reading them back.

What is wished and can't be set fails the turn before anything is sent: an answer from another model
or at another effort, taken for the one that was asked for, is worse than none. Wishes that an answer may
do without are told as not granted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import trio

from cdp_relay.chat._choice import Choice
from cdp_relay.chat._control import PageControl
from cdp_relay.chat._fields import EntryList, NumberField, Switch, TextField
from cdp_relay.chat.contract import ControlRule, StepLimits
from cdp_relay.chat.offers import SeenModels, model_pattern
from cdp_relay.chat.opening import SiteTab
from cdp_relay.chat.plan import Value
from cdp_relay.errors import ControlFailed, SelectorDrift, UnsupportedValue
from cdp_relay.page import MenuItem

__all__ = ["NOT_OFFERED", "apply_controls", "look_up_items"]

NOT_OFFERED = "not offered"
"""What became of an optional control that is not there, or does not have the value."""

_ORDER = ("temporary", "model", "effort", "system", "temperature", "max_output_tokens", "stop")
"""What may reset the others comes first: another chat, then another model."""

_PASSING: Mapping[str, Value] = {"temporary": False, "system": "", "stop": ()}
"""What never outlives the turn that wished it, and what it goes back to."""

_KINDS: Mapping[str, type[PageControl]] = {
    "choice": Choice,
    "switch": Switch,
    "text": TextField,
    "number": NumberField,
    "list": EntryList,
}


async def apply_controls(
    site_tab: SiteTab,
    wanted: Mapping[str, Value],
    limits: StepLimits,
    *,
    optional: Collection[str] = (),
    seen: SeenModels | None = None,
    learn: Callable[[Sequence[MenuItem]], None] = lambda _: None,
) -> Mapping[str, str]:
    """Bring the page's controls to *wanted*, and back what an earlier turn on this tab had set.

    Controls that show the value already are left alone. Returns what became of each, for the timeline.

    Args:
      optional: the controls that the turn goes on without, where they are not there or lack the value.
      learn: told of the items of the menu of models, where it had to be opened.

    Raises:
      ModelUnavailable: the menu does not offer the model, or not now; ``details`` lists what it offers.
      UnsupportedValue: a control does not take such a value.
      ControlFailed: a control is not there, or does not show what it was set to.
    """
    site = site_tab.provider.site
    touched = [
        name for name in _ORDER if name in site.controls and (name in wanted or name in site_tab.controls)
    ]
    outcome: dict[str, str] = {}
    with trio.move_on_after(limits.controls_seconds) as patience:
        for name in touched:
            rule = site.controls[name]
            value = wanted[name] if name in wanted else _back(rule, name)
            if value is None:
                continue
            # A tab whose menu stays open after a failure is no fresh one, and a control that was
            # touched has to be put back, however this ends.
            site_tab.spend()
            site_tab.controls.add(name)
            control = _KINDS[rule.kind](site_tab.tab, site.title, name, rule)
            if name == "model" and name in wanted:
                control.pattern = model_pattern(site, str(value), seen)
            try:
                changed = await control.bring_to(value)
            except (SelectorDrift, UnsupportedValue) as missing:
                if name in wanted and name in optional:
                    await control.leave(rule.items)
                    if isinstance(missing, SelectorDrift):
                        site_tab.controls.discard(name)
                    elif rule.default is not None:
                        # A slider that was searched in vain stands at its last place.
                        await control.bring_to(rule.default)
                    outcome[name] = NOT_OFFERED
                    continue
                if isinstance(missing, UnsupportedValue):
                    raise
                # Drift of one control, which says nothing about the site as a whole.
                control.fail(f"is not to be used: {missing.message}", missing.details)
            finally:
                if name == "model" and control.met:
                    learn(tuple(control.met.values()))
            outcome[name] = "set" if changed else "kept"
            if name not in wanted:
                site_tab.controls.discard(name)
                outcome[name] = "put back"
    if patience.cancelled_caught:
        raise ControlFailed(
            f"{site.title}'s controls could not be set within {limits.controls_seconds:g} s "
            "(limits.controls_seconds).",
            details={"site": site.name, "done": dict(outcome)},
        )
    return outcome


def _back(rule: ControlRule, name: str) -> Value | None:
    if rule.default is None:
        return _PASSING.get(name)
    if rule.kind == "list":
        return tuple(rule.default.split())
    return float(rule.default) if rule.kind == "number" else rule.default


async def look_up_items(site_tab: SiteTab) -> tuple[MenuItem, ...]:
    """Open the menu of models, read all that it offers, and close it again.

    Raises:
      UnsupportedValue: the site has no such menu.
      ControlFailed: it did not open.
    """
    site = site_tab.provider.site
    rule = site.controls.get("model")
    site_tab.spend()
    if rule is None or rule.kind != "choice" or not rule.items:
        raise UnsupportedValue(
            f"{site.title} has no menu of models that the relay knows.",
            next_step="GET /v1/models lists what is known without one.",
        )
    menu = Choice(site_tab.tab, site.title, "model", rule)
    try:
        return await menu.offered()
    except SelectorDrift as missing:
        menu.fail(f"is not to be used: {missing.message}", missing.details)
