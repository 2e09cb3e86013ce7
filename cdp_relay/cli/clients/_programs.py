"""Chat windows, gateways, command line tools and libraries."""

from __future__ import annotations

from cdp_relay.cli.clients.plan import (
    KEY_REFERENCE,
    KEY_VARIABLE,
    Client,
    Endpoint,
    FileEdit,
    Places,
    Plan,
)

__all__ = ["PROGRAMS"]

_HELLO = "messages=[{'role': 'user', 'content': 'Hello!'}]"


def _open_webui(endpoint: Endpoint, places: Places) -> Plan:
    return Plan(
        steps=(
            "In Open WebUI: Admin Panel, Settings, Connections, OpenAI API, + (Add Connection), then",
            f"URL: {endpoint.openai}",
            f"Key: {endpoint.key_or(KEY_REFERENCE)}",
            "Save. The models are in the list of a new chat.",
        ),
        environment={
            "OPENAI_API_BASE_URL": endpoint.openai,
            "OPENAI_API_KEY": endpoint.key_or(KEY_REFERENCE),
        },
        run="open-webui serve",
        check=f"Choose {endpoint.model} in a new chat and say hello.",
        notes=(
            "The variables count only at its very first start; after that the settings in its window do.",
            "In a container, start it with --network host: the relay listens on this machine only.",
            "Titles, tags and follow-up questions are requests of their own: Admin Panel, Settings, "
            "Interface switches them off.",
        ),
    )


def _litellm(endpoint: Endpoint, places: Places) -> Plan:
    path = (places.folder or places.current) / "litellm_config.yaml"
    label = f"cdp-relay/{endpoint.model}"
    return Plan(
        edits=(
            FileEdit(
                path=path,
                kind="yaml",
                values={
                    "model_list": [
                        {
                            "model_name": label,
                            "litellm_params": {
                                "model": f"openai/{endpoint.model}",
                                "api_base": endpoint.openai,
                                "api_key": endpoint.key_or(f"os.environ/{KEY_VARIABLE}"),
                            },
                        }
                    ]
                },
                secret=endpoint.has_key,
            ),
        ),
        steps=(
            "That is for its proxy. In Python: "
            f"litellm.completion(model='openai/{endpoint.model}', api_base='{endpoint.openai}', api_key=...)",
        ),
        run=f"litellm --config {path.name}",
        check='curl http://localhost:4000/v1/chat/completions -H "Authorization: Bearer $LITELLM_MASTER_KEY" '
        "-H 'Content-Type: application/json' "
        f'-d \'{{"model": "{label}", "messages": [{{"role": "user", "content": "Hello!"}}]}}\'',
        notes=(
            "The proxy wants a key of its own, LITELLM_MASTER_KEY, before it starts.",
            "'claude' speaks Messages as well: model anthropic/claude with the relay's address without /v1.",
        ),
    )


def _llm(endpoint: Endpoint, places: Places) -> Plan:
    folder = places.named("LLM_USER_PATH", places.app_data / "io.datasette.llm")
    label = f"cdp-relay/{endpoint.model}"
    models = FileEdit(
        path=folder / "extra-openai-models.yaml",
        kind="yaml",
        values=[
            {
                "model_id": label,
                "model_name": endpoint.model,
                "api_base": endpoint.openai,
                "api_key_name": "cdp-relay",
                "vision": True,
                "supports_tools": True,
                "supports_schema": True,
            }
        ],
    )
    ask = f"llm -m {label}"
    if endpoint.key is None:
        return Plan(edits=(models,), run=ask, check=f"{ask} --key \"{KEY_REFERENCE}\" 'Say hello.'")
    keys = FileEdit(path=folder / "keys.json", kind="json", values={"cdp-relay": endpoint.key}, secret=True)
    return Plan(edits=(models, keys), run=ask, check=f"{ask} 'Say hello.'")


def _openai(endpoint: Endpoint, places: Places) -> Plan:
    return Plan(
        environment={
            "OPENAI_BASE_URL": endpoint.openai,
            "OPENAI_API_KEY": endpoint.key_or(KEY_REFERENCE),
        },
        check=_in_python(
            "import openai",
            f"answer = openai.OpenAI().chat.completions.create(model='{endpoint.model}', {_HELLO})",
            "print(answer.choices[0].message.content)",
        ),
        notes=(
            "These two variables serve every program that is built on an OpenAI SDK.",
            "Older ones want OPENAI_API_BASE in place of OPENAI_BASE_URL.",
            f"The model's name is {endpoint.model}.",
        ),
    )


def _anthropic(endpoint: Endpoint, places: Places) -> Plan:
    return Plan(
        environment={
            "ANTHROPIC_BASE_URL": endpoint.root,
            "ANTHROPIC_API_KEY": endpoint.key_or(KEY_REFERENCE),
        },
        check=_in_python(
            "import anthropic",
            "client = anthropic.Anthropic()",
            f"answer = client.messages.create(model='{endpoint.model}', max_tokens=999, {_HELLO})",
            "print(answer.content[0].text)",
        ),
        notes=("The base URL has no /v1: the SDK adds it.",),
    )


def _in_python(*statements: str) -> str:
    return f'python -c "{"; ".join(statements)}"'


PROGRAMS = (
    Client(
        name="open-webui",
        title="Open WebUI",
        about="the fields of a connection",
        plan=_open_webui,
    ),
    Client(
        name="litellm",
        title="LiteLLM",
        about="litellm_config.yaml here: a model of its proxy",
        plan=_litellm,
        project=True,
    ),
    Client(
        name="llm",
        title="llm",
        about="extra-openai-models.yaml and its key, in its own folder",
        plan=_llm,
    ),
    Client(
        name="openai",
        title="OpenAI's SDKs",
        about="two variables, for any program that is built on them",
        plan=_openai,
    ),
    Client(
        name="anthropic",
        title="Anthropic's SDKs",
        about="two variables, for any program that is built on them",
        plan=_anthropic,
    ),
)
