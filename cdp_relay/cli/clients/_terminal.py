"""Coding agents that run in a terminal."""

from __future__ import annotations

from pathlib import Path

from cdp_relay.cli.clients.plan import (
    CONTEXT_TOKENS,
    KEY_REFERENCE,
    KEY_VARIABLE,
    OUTPUT_TOKENS,
    Client,
    Endpoint,
    FileEdit,
    Places,
    Plan,
)

__all__ = ["TERMINAL"]

_HELLO = "'Say hello.'"


def _codex(endpoint: Endpoint, places: Places) -> Plan:
    provider = {
        "name": "CDP Relay",
        "base_url": endpoint.openai,
        "wire_api": "responses",
        # A page may think for minutes, and Codex counts only what it can parse as a sign of life.
        "stream_idle_timeout_ms": 600_000,
    }
    if endpoint.key is None:
        provider["env_key"] = KEY_VARIABLE
    else:
        provider["experimental_bearer_token"] = endpoint.key
    return Plan(
        edits=(
            FileEdit(
                path=places.named("CODEX_HOME", places.home / ".codex") / "config.toml",
                kind="toml",
                values={
                    "model": endpoint.model,
                    "model_provider": "cdp-relay",
                    "model_context_window": CONTEXT_TOKENS,
                    "model_providers": {"cdp-relay": provider},
                },
                secret=endpoint.has_key,
            ),
        ),
        run="codex",
        check=f"codex exec --skip-git-repo-check {_HELLO}",
        notes=(
            "Codex warns that it has no metadata for the model, and goes on.",
            "For one run only, without this file: codex -c model_provider=... takes the same keys.",
        ),
    )


def _claude_code(endpoint: Endpoint, places: Places) -> Plan:
    if places.folder is not None:
        # The one of the two project files that Claude Code keeps out of version control.
        path = places.folder / ".claude" / "settings.local.json"
    else:
        path = places.named("CLAUDE_CONFIG_DIR", places.home / ".claude") / "settings.json"
    environment = {
        "ANTHROPIC_BASE_URL": endpoint.root,
        "ANTHROPIC_MODEL": endpoint.model,
        "ANTHROPIC_DEFAULT_OPUS_MODEL": endpoint.model,
        "ANTHROPIC_DEFAULT_SONNET_MODEL": endpoint.model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": endpoint.model,
        # Titles and the like would each be a turn on the page.
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "API_TIMEOUT_MS": "1200000",
    }
    if endpoint.key is not None:
        environment["ANTHROPIC_AUTH_TOKEN"] = endpoint.key
    return Plan(
        edits=(FileEdit(path=path, kind="json", values={"env": environment}, secret=endpoint.has_key),),
        environment={} if endpoint.has_key else {"ANTHROPIC_AUTH_TOKEN": KEY_REFERENCE},
        run="claude",
        check=f"claude -p {_HELLO}",
        notes=(
            "These go before a signed-in account. ANTHROPIC_API_KEY must not be set beside them.",
            "The base URL has no /v1: Claude Code adds it.",
        ),
    )


def _opencode(endpoint: Endpoint, places: Places) -> Plan:
    folder = places.folder if places.folder is not None else places.xdg_config / "opencode"
    reference = f"cdp-relay/{endpoint.model}"
    return Plan(
        edits=(
            FileEdit(
                path=_first_there(folder / "opencode.json", folder / "opencode.jsonc"),
                kind="json",
                defaults={"$schema": "https://opencode.ai/config.json"},
                values={
                    "provider": {
                        "cdp-relay": {
                            "npm": "@ai-sdk/openai-compatible",
                            "name": "CDP Relay",
                            "options": {
                                "baseURL": endpoint.openai,
                                "apiKey": endpoint.key_or(f"{{env:{KEY_VARIABLE}}}"),
                            },
                            "models": {
                                endpoint.model: {
                                    "name": endpoint.model,
                                    "limit": {"context": CONTEXT_TOKENS, "output": OUTPUT_TOKENS},
                                    # Else OpenCode tells the model that it cannot see pictures.
                                    "attachment": True,
                                    "modalities": {"input": ["text", "image"], "output": ["text"]},
                                }
                            },
                        }
                    },
                    "model": reference,
                    "small_model": reference,
                },
                secret=endpoint.has_key,
            ),
        ),
        run="opencode",
        check=f"opencode run -m {reference} {_HELLO}",
        notes=(
            "OpenCode asks for a title while the first answer is being written: with two tabs a site "
            "(chat.tabs = 2) neither waits for the other.",
        ),
    )


def _aider(endpoint: Endpoint, places: Places) -> Plan:
    folder = places.folder or places.home
    model = f"openai/{endpoint.model}"
    settings = {"model": model, "openai-api-base": endpoint.openai}
    if endpoint.key is not None:
        settings["openai-api-key"] = endpoint.key
    return Plan(
        edits=(
            FileEdit(path=folder / ".aider.conf.yml", kind="yaml", values=settings, secret=endpoint.has_key),
            FileEdit(
                path=folder / ".aider.model.settings.yml",
                kind="yaml",
                values=[
                    {
                        "name": model,
                        "edit_format": "diff",
                        "weak_model_name": model,
                        "use_repo_map": True,
                        "use_temperature": False,
                    }
                ],
            ),
            FileEdit(
                path=folder / ".aider.model.metadata.json",
                kind="json",
                values={
                    model: {
                        "max_input_tokens": CONTEXT_TOKENS,
                        "max_output_tokens": OUTPUT_TOKENS,
                        "max_tokens": OUTPUT_TOKENS,
                        "input_cost_per_token": 0,
                        "output_cost_per_token": 0,
                        "litellm_provider": "openai",
                        "mode": "chat",
                        "supports_vision": True,
                    }
                },
            ),
        ),
        environment={} if endpoint.has_key else {"OPENAI_API_KEY": KEY_REFERENCE},
        run="aider",
        check=f"aider --no-git --yes-always --message {_HELLO}",
        notes=(
            "Aider asks for a commit message after each edit, as a request of its own; "
            "--no-auto-commits saves that turn.",
        ),
    )


def _cline(endpoint: Endpoint, places: Places) -> Plan:
    settings = {"provider": "openai-compatible", "model": endpoint.model, "baseUrl": endpoint.openai}
    if endpoint.key is not None:
        settings["apiKey"] = endpoint.key
    data = places.named("CLINE_DATA_DIR", places.named("CLINE_DIR", places.home / ".cline") / "data")
    provider = {"openai-compatible": {"settings": settings}}
    return Plan(
        edits=(
            FileEdit(
                path=places.named("CLINE_PROVIDER_SETTINGS_PATH", data / "settings" / "providers.json"),
                kind="json",
                # Without a time Cline takes the whole file for broken and starts a new one.
                defaults={
                    "version": 1,
                    "modes": {},
                    "providers": {"openai-compatible": {"updatedAt": "2026-01-01T00:00:00.000Z"}},
                },
                values={"lastUsedProvider": "openai-compatible", "providers": provider},
                secret=endpoint.has_key,
            ),
        ),
        steps=(
            "That file is of the command line program. In VS Code: Cline's settings (the gear), then",
            "API Provider: OpenAI Compatible",
            f"Base URL: {endpoint.openai}",
            f"API Key: {endpoint.key_or(KEY_REFERENCE)}",
            f"Model ID: {endpoint.model}",
            f"Context Window Size: {CONTEXT_TOKENS}",
        ),
        run="cline" if endpoint.has_key else f"cline --key {KEY_REFERENCE}",
        check=f"cline {_HELLO}" if endpoint.has_key else f"cline --key {KEY_REFERENCE} {_HELLO}",
        notes=("An error that comes in the middle of an answer ends Cline's task: send the prompt again.",),
    )


def _qwen_code(endpoint: Endpoint, places: Places) -> Plan:
    return Plan(
        environment={
            "OPENAI_BASE_URL": endpoint.openai,
            "OPENAI_API_KEY": endpoint.key_or(KEY_REFERENCE),
            "OPENAI_MODEL": endpoint.model,
        },
        run="qwen",
        check=f"qwen -p {_HELLO}",
        notes=("A stream that breaks, or an error in one, ends Qwen Code's task.",),
    )


def _first_there(*paths: Path) -> Path:
    return next((path for path in paths if path.exists()), paths[0])


TERMINAL = (
    Client(
        name="codex",
        title="Codex CLI",
        about="~/.codex/config.toml: a provider that speaks Responses",
        plan=_codex,
    ),
    Client(
        name="claude-code",
        title="Claude Code",
        about="~/.claude/settings.json: the variables of its env section",
        plan=_claude_code,
        project=True,
    ),
    Client(
        name="opencode",
        title="OpenCode",
        about="~/.config/opencode/opencode.json: a provider and its model",
        plan=_opencode,
        project=True,
    ),
    Client(
        name="aider",
        title="Aider",
        about="~/.aider.conf.yml, with the model's edit format and size beside it",
        plan=_aider,
        project=True,
    ),
    Client(
        name="cline",
        title="Cline",
        about="~/.cline/data/settings/providers.json, and the fields in VS Code",
        plan=_cline,
    ),
    Client(
        name="qwen-code",
        title="Qwen Code",
        about="three variables",
        plan=_qwen_code,
    ),
)
