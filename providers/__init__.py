"""The sites: for each a TOML file (addresses, selectors, states) and a module (its stream format).

Installed as ``cdp_relay.providers``. Nothing imports a provider by name; the registry finds them.
"""
