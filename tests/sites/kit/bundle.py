"""npm packages and a page's own modules, bundled by esbuild when a test first wants them.

Nothing is vendored: packages come from the lock file into a cache folder named by the lock's hash, and
the bundles into one named by the hash of lock and sources.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["bundle"]

_HOME = Path(__file__).parents[1]
_KIT = Path(__file__).parent / "page"
"""Modules that every page may import."""
_CACHE = Path(os.environ.get("CDP_RELAY_TEST_CACHE") or _HOME / ".cache")


def bundle(sources: Path, entries: Mapping[str, str]) -> Mapping[str, bytes]:
    """Bundle modules of a folder, each with everything it imports from there, the kit's and npm.

    Args:
      sources: the folder of the page's modules.
      entries: the name of each bundle and the module it starts from.

    Raises:
      RuntimeError: npm or esbuild failed; the message has its output.
    """
    modules = [*sorted(sources.rglob("*.js")), *sorted(_KIT.rglob("*.js"))]
    digest = _digest([_HOME / "package-lock.json", Path(__file__), *modules], *entries, *entries.values())
    folder = _CACHE / f"bundle-{sources.parent.name}-{digest}"
    if not folder.exists():
        packages = _packages()
        with _prepared(folder) as prepared:
            command = [
                str(packages / "node_modules" / ".bin" / "esbuild"),
                *(f"{name}={sources / module}" for name, module in entries.items()),
                "--bundle",
                "--format=iife",
                "--target=chrome130",
                # Names stay, so that a page's mistakes can be read.
                "--minify-whitespace",
                "--minify-syntax",
                "--legal-comments=none",
                "--log-level=warning",
                f"--outdir={prepared}",
            ]
            _run(command, NODE_PATH=str(packages / "node_modules"))
    return {name: (folder / f"{name}.js").read_bytes() for name in entries}


def _packages() -> Path:
    """The folder of installed packages for the present lock file."""
    folder = _CACHE / f"packages-{_digest([_HOME / 'package-lock.json'])}"
    if not folder.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                "the replica pages need node and npm (devDependencies in tests/sites/package.json)"
            )
        with _prepared(folder) as prepared:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_HOME / name, prepared / name)
            _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", f"--prefix={prepared}"])
    return folder


@contextmanager
def _prepared(folder: Path) -> Generator[Path]:
    """A new folder that gets its name when it is complete; of two makers at once, the first wins."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=_CACHE, prefix="making-"))
    try:
        yield made
        made.chmod(0o755)
        if not folder.exists():
            try:
                made.rename(folder)
            except OSError:
                if not folder.exists():
                    raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _run(command: list[str], **environment: str) -> None:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _digest(files: list[Path], *words: str) -> str:
    digest = hashlib.sha256("\0".join(words).encode())
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]
