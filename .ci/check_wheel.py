"""Check that a wheel holds all that runs, and nothing else: ``check_wheel.py FILE``."""

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def expected() -> set[str]:
    """Names of the files of the packages, as they stand in the wheel."""
    names = {"cdp_relay/py.typed"}
    for suffix in ("*.py", "*.toml", "*.js", "*.html"):
        names |= {str(path.relative_to(ROOT)) for path in (ROOT / "cdp_relay").rglob(suffix)}
        names |= {f"cdp_relay/providers/{path.name}" for path in (ROOT / "providers").glob(suffix)}
    return names


def main(wheel: str) -> int:
    """Compare, and say what differs."""
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    missing, extra = sorted(expected() - found), sorted(found - expected())
    for name in missing:
        print(f"missing in the wheel: {name}")
    for name in extra:
        print(f"in the wheel for no reason: {name}")
    if not (missing or extra):
        print(f"{Path(wheel).name}: {len(found)} files, all that are needed and no other")
    return 1 if missing or extra else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
