"""Agents and chats inside of an editor."""

from __future__ import annotations

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

__all__ = ["EDITORS"]


def _roo_code(endpoint: Endpoint, places: Places) -> Plan:
    profile = {
        "id": "cdp-relay",
        "apiProvider": "openai",
        "openAiBaseUrl": endpoint.openai,
        "openAiModelId": endpoint.model,
        "openAiStreamingEnabled": True,
        "openAiCustomModelInfo": {
            "contextWindow": CONTEXT_TOKENS,
            "maxTokens": OUTPUT_TOKENS,
            "supportsImages": True,
            "supportsPromptCache": False,
        },
    }
    if endpoint.key is not None:
        profile["openAiApiKey"] = endpoint.key
    path = (places.folder or places.app_data / "cdp-relay") / "roo-code-settings.json"
    return Plan(
        edits=(
            FileEdit(
                path=path,
                kind="json",
                values={
                    "providerProfiles": {
                        "currentApiConfigName": "CDP Relay",
                        "apiConfigs": {"CDP Relay": profile},
                    }
                },
                secret=endpoint.has_key,
            ),
        ),
        steps=(
            f"In VS Code: Roo Code's settings (the gear), About Roo Code, Import, and choose {path}.",
            "Your other profiles stay. Or by hand, under Providers:",
            "API Provider: OpenAI Compatible",
            f"Base URL: {endpoint.openai}",
            f"API Key: {endpoint.key_or(KEY_REFERENCE)}",
            f"Model: {endpoint.model}",
            f"Context Window Size: {CONTEXT_TOKENS}, Max Output Tokens: {OUTPUT_TOKENS}",
        ),
        check="Ask Roo Code to say hello.",
        notes=(
            "Leave 'Enable R1 model parameters' off.",
            "After the import the file is of no more use: it has your key, so delete it.",
        ),
    )


def _continue(endpoint: Endpoint, places: Places) -> Plan:
    folder = places.named("CONTINUE_GLOBAL_DIR", places.home / ".continue")
    return Plan(
        edits=(
            FileEdit(
                path=folder / "config.yaml",
                kind="yaml",
                defaults={"name": "Local Config", "version": "1.0.0", "schema": "v1"},
                values={
                    "models": [
                        {
                            "name": f"CDP Relay {endpoint.model}",
                            "provider": "openai",
                            "model": endpoint.model,
                            "apiBase": endpoint.openai,
                            "apiKey": endpoint.key_or(f"${{{{ secrets.{KEY_VARIABLE} }}}}"),
                            # Names like gpt-5 would move it to /v1/responses.
                            "useResponsesApi": False,
                            "roles": ["chat", "edit", "apply"],
                            "capabilities": ["tool_use", "image_input"],
                            "defaultCompletionOptions": {
                                "contextLength": CONTEXT_TOKENS,
                                "maxTokens": OUTPUT_TOKENS,
                            },
                        }
                    ]
                },
                secret=endpoint.has_key,
            ),
        ),
        steps=("In VS Code or JetBrains: choose the model in Continue's chat, Agent mode for edits.",),
        run="cn",
        check="cn -p 'Say hello.'",
        notes=("Autocomplete is not for a chat page: leave that role to a local model.",),
    )


def _zed(endpoint: Endpoint, places: Places) -> Plan:
    model = {
        "name": endpoint.model,
        "display_name": f"{endpoint.model} (CDP Relay)",
        "max_tokens": CONTEXT_TOKENS,
        "max_output_tokens": OUTPUT_TOKENS,
        "capabilities": {
            "tools": True,
            "images": True,
            "parallel_tool_calls": True,
            "prompt_cache_key": False,
            "chat_completions": True,
        },
    }
    if places.system == "win32":
        folder = places.app_data / "Zed"
    elif places.system == "darwin":
        folder = places.home / ".config" / "zed"
    else:
        folder = places.xdg_config / "zed"
    provider = {"api_url": endpoint.openai, "available_models": [model]}
    return Plan(
        edits=(
            FileEdit(
                path=folder / "settings.json",
                kind="json",
                values={
                    "language_models": {"openai_compatible": {"cdp-relay": provider}},
                    "agent": {"default_model": {"provider": "cdp-relay", "model": endpoint.model}},
                },
            ),
        ),
        environment={KEY_VARIABLE: endpoint.key} if endpoint.key is not None else {},
        steps=(
            "In place of the variable, which a Zed started from a dock does not see: Settings, AI, LLM "
            "Providers, cdp-relay, and enter the key there. Zed keeps it in the system's keychain.",
        ),
        run="zed",
        check="Ask Zed's agent panel to say hello.",
    )


def _copilot(endpoint: Endpoint, places: Places) -> Plan:
    return Plan(
        steps=(
            "In VS Code 1.122 or later: 'Chat: Manage Language Models', Add Models, Custom Endpoint.",
            "Group name: CDP Relay",
            f"API Key: {endpoint.key_or(KEY_REFERENCE)}",
            "API Type: Chat Completions",
            "In the file chatLanguageModels.json that opens, as the one model:",
            f'"id": "{endpoint.model}", "name": "{endpoint.model} (CDP Relay)",',
            f'"url": "{endpoint.openai}/chat/completions", "toolCalling": true, "vision": true,',
            f'"maxInputTokens": {CONTEXT_TOKENS}, "maxOutputTokens": {OUTPUT_TOKENS}',
        ),
        check="Choose the model in Copilot's chat and ask it to say hello.",
        notes=(
            "VS Code puts a reference in place of the key: leave that as it is.",
            "It covers chat and agent mode, not the completions while you type.",
        ),
    )


EDITORS = (
    Client(
        name="roo-code",
        title="Roo Code",
        about="a file for its Import button, or the fields in VS Code",
        plan=_roo_code,
        project=True,
    ),
    Client(
        name="continue",
        title="Continue",
        about="~/.continue/config.yaml: a model; for the editors and for cn",
        plan=_continue,
    ),
    Client(
        name="zed",
        title="Zed",
        about="~/.config/zed/settings.json: an OpenAI compatible provider",
        plan=_zed,
    ),
    Client(
        name="copilot",
        title="GitHub Copilot in VS Code",
        about="the fields of a custom endpoint",
        plan=_copilot,
    ),
)
