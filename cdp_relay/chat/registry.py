"""Find the providers: those built in, a user's own and overrides, and those other packages bring.

A provider is a pair of files of one stem. Its TOML file is the site's definition; a file of the
same name in the user's ``providers`` folder overrides single keys of it (tables are merged key by
key, everything else is replaced; in a list ``"..."`` stands for the list that is overridden), and a
new pair of files there is a new provider. A package may
bring one as an entry point of the group ``cdp_relay.providers`` that names a module with its TOML
file beside it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.resources
import importlib.util
import inspect
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import cattrs
from cattrs.errors import ForbiddenExtraKeysError

from cdp_relay import errors
from cdp_relay.chat.contract import Provider, SiteDefinition
from cdp_relay.errors import SettingsError
from cdp_relay.settings import Home, Settings

__all__ = [
    "Registry",
    "Source",
    "error_class",
    "load_provider",
    "load_registry",
    "provider_sources",
    "read_definition",
    "read_document",
]

_BUILT_IN = "cdp_relay.providers"
_GROUP = "cdp_relay.providers"

_REST = "..."
"""In an overriding list: the items of the list below it."""


@attrs.frozen(kw_only=True)
class Source:
    """Where a provider's parts come from, for ``doctor`` and for messages."""

    name: str
    origin: str
    """``built in``, ``package NAME`` or the path of the user's file."""
    override: Path | None = None
    """The user's TOML file that overrides keys of it."""


@attrs.frozen(kw_only=True)
class Registry:
    """The providers of this service, by name, in the order of their preference."""

    providers: Mapping[str, Provider]
    sources: Mapping[str, Source]


def load_registry(home: Home | None = None, settings: Settings | None = None) -> Registry:
    """Load all providers that the settings offer.

    Raises:
      SettingsError: a provider's file is wrong (file and key are named), or ``chat.sites`` names a
        provider that does not exist.
    """
    settings = settings or Settings()
    found = _discover(home)
    wanted = settings.chat.sites or tuple(found)
    for name in wanted:
        if name not in found:
            known = ", ".join(sorted(found))
            raise SettingsError(
                f"chat.sites names {name!r}, but there is no such provider (there are {known})."
            )
    for name in settings.sites:
        if name not in found:
            raise SettingsError(f"[sites.{name}] is set, but there is no provider of that name.")
    providers = [_load(found[name]) for name in wanted if settings.site(name).enabled]
    providers.sort(key=lambda provider: (provider.site.order, provider.site.name))
    if not providers:
        raise SettingsError("Every site is switched off (chat.sites, [sites.NAME] enabled).")
    default = settings.chat.default_site
    names = [provider.site.name for provider in providers]
    # A profile's site and a chain are checked where all that labels can name is known.
    if default not in ("auto", *names, *settings.chains) and default.partition("@")[0] not in names:
        raise SettingsError(
            f"chat.default_site is {default!r}, but the offered sites are {', '.join(names)}."
        )
    return Registry(
        providers={provider.site.name: provider for provider in providers},
        sources={name: found[name].source for name in names},
    )


def load_provider(name: str, home: Home | None = None) -> Provider:
    """Load one provider by name, as ``load_registry`` would.

    Raises:
      SettingsError: there is none of that name, or its files are wrong.
    """
    return _load(_find(name, home))


def provider_sources(home: Home | None = None) -> Mapping[str, Source]:
    """Every provider that there is, and where it comes from; nothing of them is loaded.

    Raises:
      SettingsError: a file cannot be read, or overrides nothing.
    """
    return {name: one.source for name, one in sorted(_discover(home).items())}


def read_document(name: str, home: Home | None = None) -> dict[str, Any]:
    """One provider's TOML document with the user's overrides in it, as ``load_provider`` reads it.

    Raises:
      SettingsError: there is none of that name, or a file is no TOML.
    """
    return _document(_find(name, home))[0]


# --- finding -------------------------------------------------------------------------------------


def _find(name: str, home: Home | None) -> _Found:
    found = _discover(home)
    if name not in found:
        raise SettingsError(f"There is no provider {name!r}; there are {', '.join(sorted(found))}.")
    return found[name]


@attrs.frozen(kw_only=True)
class _Found:
    source: Source
    definition: str
    """The text of the TOML file."""
    definition_path: str
    module: str | Path


def _discover(home: Home | None) -> dict[str, _Found]:
    found = {one.source.name: one for one in (*_built_in(), *_from_packages())}
    if home is None or not home.providers.is_dir():
        return found
    for toml in sorted(home.providers.glob("*.toml")):
        name = toml.stem
        code = toml.with_suffix(".py")
        if code.exists():
            found[name] = _Found(
                source=Source(name=name, origin=str(code)),
                definition=_read(toml),
                definition_path=str(toml),
                module=code,
            )
        elif name in found:
            found[name] = attrs.evolve(found[name], source=attrs.evolve(found[name].source, override=toml))
        else:
            raise SettingsError(f"{toml} overrides no provider, and a new one needs {code.name} beside it.")
    return found


def _built_in() -> Iterable[_Found]:
    for entry in importlib.resources.files(_BUILT_IN).iterdir():
        name, dot, ending = entry.name.rpartition(".")
        if dot and ending == "toml":
            yield _Found(
                source=Source(name=name, origin="built in"),
                definition=entry.read_text("utf-8"),
                definition_path=entry.name,
                module=f"{_BUILT_IN}.{name}",
            )


def _from_packages() -> Iterable[_Found]:
    for entry in importlib.metadata.entry_points(group=_GROUP):
        spec = importlib.util.find_spec(entry.module)
        if spec is None or spec.origin is None:
            raise SettingsError(
                f"The entry point {entry.name!r} names {entry.module!r}, which is not installed."
            )
        toml = Path(spec.origin).with_suffix(".toml")
        yield _Found(
            source=Source(name=entry.name, origin=f"package {entry.module}"),
            definition=_read(toml),
            definition_path=str(toml),
            module=entry.module,
        )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None


# --- loading -------------------------------------------------------------------------------------


def _document(found: _Found) -> tuple[dict[str, Any], str]:
    document = _parse(found.definition, found.definition_path)
    where = found.definition_path
    if found.source.override is not None:
        where = f"{where} with {found.source.override}"
        document = _merge(document, _parse(_read(found.source.override), str(found.source.override)))
    document.setdefault("name", found.source.name)
    return document, where


def _load(found: _Found) -> Provider:
    document, where = _document(found)
    site = read_definition(document, where)
    if site.name != found.source.name:
        raise SettingsError(f"{where}: name is {site.name!r}, but the file is called {found.source.name!r}.")
    module = _import(found)
    cls = getattr(module, "SiteProvider", None)
    if not (inspect.isclass(cls) and issubclass(cls, Provider)):
        raise SettingsError(f"{found.module} has no class SiteProvider that derives from Provider.")
    return cls(site)


def _import(found: _Found) -> ModuleType:
    if isinstance(found.module, str):
        return importlib.import_module(found.module)
    spec = importlib.util.spec_from_file_location(
        f"cdp_relay_user_provider_{found.source.name}", found.module
    )
    if spec is None or spec.loader is None:
        raise SettingsError(f"{found.module} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        # A stranger's file may fail in any way; the person needs its name, not our traceback.
        raise SettingsError(f"{found.module} failed to load: {type(error).__name__}: {error}") from error
    return module


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{where}: {error}") from None


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        mine = merged.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            merged[key] = _merge(mine, value)
        elif isinstance(value, list):
            merged[key] = _extend(mine if isinstance(mine, list) else [], value)
        else:
            merged[key] = value
    return merged


def _extend(base: list[Any], over: list[Any]) -> list[Any]:
    return [item for one in over for item in (base if one == _REST else (one,))]


# --- from TOML to a definition ---------------------------------------------------------------------


def _strictly(kind: type[Any], said: str) -> Any:
    def hook(value: Any, _: Any) -> Any:
        if isinstance(value, bool) and kind is not bool:
            raise ValueError(f"must be {said}, not {value!r}")
        if kind is float and isinstance(value, int):
            return float(value)
        if not isinstance(value, kind):
            raise ValueError(f"must be {said}, not {value!r}")
        return value

    return hook


def _texts(value: Any, _: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"must be a list of texts, not {value!r}")
    return tuple(value)


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_structure_hook(str, _strictly(str, "a text"))
_CONVERTER.register_structure_hook(int, _strictly(int, "a whole number"))
_CONVERTER.register_structure_hook(float, _strictly(float, "a number"))
_CONVERTER.register_structure_hook(bool, _strictly(bool, "true or false"))
_CONVERTER.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _texts)


def read_definition(document: Mapping[str, Any], where: str) -> SiteDefinition:
    """Turn a parsed TOML document into a definition.

    Args:
      where: names the file in messages.

    Raises:
      SettingsError: a key is unknown or missing, or a value is wrong; each is named with its path.
    """
    try:
        site = _CONVERTER.structure(dict(document), SiteDefinition)
    except cattrs.BaseValidationError as error:
        faults = "; ".join(cattrs.transform_error(error, format_exception=_say))
        raise SettingsError(f"{where}: {faults.replace('$.', '')}") from None
    for number, rule in enumerate(site.states):
        if error_class(rule.code) is None:
            raise SettingsError(f"{where}: states[{number}].code: there is no error code {rule.code!r}.")
    return site


def _say(error: BaseException, _: type[Any] | None) -> str:
    if isinstance(error, KeyError):
        return f"the key {error.args[0]!r} is missing"
    if isinstance(error, ForbiddenExtraKeysError):
        return f"there is no key {', '.join(sorted(map(repr, error.extra_fields)))}"
    return str(error)


def error_class(code: str) -> type[errors.RelayError] | None:
    """The error class of a code; None when there is none."""
    return _CLASSES.get(code)


_CLASSES: dict[str, type[errors.RelayError]] = {}
for _name in errors.__all__:
    _CLASSES.setdefault(getattr(errors, _name).code, getattr(errors, _name))
