"""``cdp-relay provider``: show, check and start the files that describe a site."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from cdp_relay.cli.app import Command
from cdp_relay.errors import RelayError, SettingsError
from cdp_relay.settings import Home

__all__ = ["provider"]


@click.command(
    cls=Command,
    examples="""
    cdp-relay provider list
    cdp-relay provider show chatgpt            # its definition, your overrides in it
    cdp-relay provider show chatgpt --all      # the defaults as well
    cdp-relay provider check                   # every provider's files
    cdp-relay provider check chatgpt
    cdp-relay provider new mysite              # mysite.toml and mysite.py, to fill in
    """,
)
@click.argument("what", type=click.Choice(["list", "show", "check", "new"]))
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="With show: the values that no file sets, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def provider(what: str, name: str | None, everything: bool, as_json: bool) -> int:
    """List, show, check or start providers: the pairs of files that describe a site.

    A file NAME.toml in the providers folder (config path says where) overrides single keys of the
    provider of that name; a new pair of NAME.toml and NAME.py there is a new provider.
    """
    home = Home.locate()
    if what == "list":
        return _list(home, as_json=as_json)
    if what == "check":
        return _check(home, name, as_json=as_json)
    if name is None:
        raise click.UsageError(f"{what} needs the NAME of a provider.")
    if what == "show":
        return _show(home, name, everything=everything, as_json=as_json)
    return _new(home, name, as_json=as_json)


def _list(home: Home, *, as_json: bool) -> int:
    from cdp_relay.chat.registry import provider_sources
    from cdp_relay.cli.output import print_json

    sources = provider_sources(home)
    if as_json:
        print_json(
            [
                {"name": name, "origin": source.origin, "override": _text(source.override)}
                for name, source in sources.items()
            ],
            indent=2,
        )
        return 0
    width = max(map(len, sources))
    for name, source in sources.items():
        override = f", overridden by {source.override}" if source.override else ""
        click.echo(f"{name:<{width}}  {source.origin}{override}")
    return 0


def _show(home: Home, name: str, *, everything: bool, as_json: bool) -> int:
    import tomli_w

    from cdp_relay.chat.registry import provider_sources, read_definition, read_document
    from cdp_relay.cli.output import print_json

    document = read_document(name, home)
    site = read_definition(document, name)
    if everything:
        document = _without_none(attrs.asdict(site))
    if as_json:
        print_json(document, indent=2)
        return 0
    source = provider_sources(home)[name]
    click.echo(
        f"# {name}: {source.origin}" + (f", overridden by {source.override}" if source.override else "")
    )
    click.echo(tomli_w.dumps(document, multiline_strings=False), nl=False)
    return 0


def _check(home: Home, name: str | None, *, as_json: bool) -> int:
    from cdp_relay.chat.registry import provider_sources
    from cdp_relay.cli.output import print_json
    from cdp_relay.cli.provider_check import check_provider

    results = []
    for one in [name] if name is not None else provider_sources(home):
        try:
            check_provider(one, home)
        except RelayError as error:
            results.append({"name": one, "ok": False, "message": error.message})
        else:
            results.append({"name": one, "ok": True, "message": ""})
    healthy = all(result["ok"] for result in results)
    if as_json:
        print_json({"ok": healthy, "providers": results}, indent=2)
        return 0 if healthy else 1
    for result in results:
        word = click.style("ok  ", fg="green") if result["ok"] else click.style("FAIL", fg="red")
        click.echo(f"{word}  {result['name']}  {result['message']}".rstrip())
    return 0 if healthy else 1


def _new(home: Home, name: str, *, as_json: bool) -> int:
    from cdp_relay.chat.registry import provider_sources
    from cdp_relay.cli.output import print_json
    from cdp_relay.cli.provider_template import new_provider

    if name in provider_sources(home):
        raise SettingsError(
            f"There is a provider {name!r} already.",
            next_step="Choose another name, or override single keys of it in a file of its name.",
        )
    definition, code = new_provider(name)
    paths = [home.providers / f"{name}.toml", home.providers / f"{name}.py"]
    for path in paths:
        if path.exists():
            raise SettingsError(f"{path} exists already.", next_step="Move it away, or choose another name.")
    home.providers.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The code first: a definition alone would be an override of nothing.
    for path, text in ((paths[1], code), (paths[0], definition)):
        path.write_text(text, "utf-8")
    if as_json:
        print_json({"files": [str(path) for path in paths]})
        return 0
    for path in paths:
        click.echo(f"wrote {path}")
    click.echo(f"Fill them in, then: cdp-relay provider check {name}; cdp-relay doctor --site {name}")
    return 0


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _without_none(value: object) -> dict[str, object]:
    """A document that TOML can say: it has no word for nothing."""

    def clean(one: object) -> object:
        if isinstance(one, dict):
            return {key: clean(item) for key, item in one.items() if item is not None}
        return [clean(item) for item in one] if isinstance(one, list | tuple) else one

    cleaned = clean(value)
    assert isinstance(cleaned, dict)
    return cleaned
