"""Two hundred answers that look like anything but answers: none of them may be taken for a state.

Each is made of pieces that sites, proxies and agents really say: error phrases, code, HTML, fragments of
streams, tool calls that nobody made, emoji. Generated, and the same in every run.
"""

from __future__ import annotations

import random

__all__ = ["COUNT", "answers", "joined"]

COUNT = 200

_PHRASES = (
    "Something went wrong. If this issue persists please contact us through our help center.",
    "Too many requests. You're making requests too quickly.",
    "You've reached your limit. It resets at 3 PM.",
    "You've hit the Plus plan limit for GPT-5.6; your limit resets at 5:00.",
    "You've reached the maximum length for this conversation, but you can start a new chat.",
    "Just a moment... Verify you are human by completing the action below.",
    "Your session has expired. Please log in again to continue using the app.",
    "Suspicious activity detected. Secure your account to regain access.",
    "Unusual activity has been detected from your device. Try again later. (abc-ZRH)",
    "Claude is overloaded due to unexpected capacity constraints. Try again soon.",
    "5-hour limit reached ∙ resets 11 pm",
    "An internal error has occurred. Failed to generate content: permission denied.",
    "Sorry, something went wrong. Please try your request again. (1037)",
    "You've reached your rate limit. Please try again later.",
    "Our systems have detected unusual traffic from your computer network.",
    "I'm sorry, but I can't help with that.",
    "Network error. Failed to fetch. Retry?",
    "Stopped generating. Continue",
    "Welcome back. Choose an account to continue.",
    "We have updated our terms of use and privacy policy. Accept all / Reject all.",
    "File type not supported. Upload failed.",
    "HTTP/1.1 429 Too Many Requests\nRetry-After: 3600",
    "The model is overloaded. (503)",
    "请求过多，请稍后再试。出了点问题。",
    "Etwas ist schiefgelaufen. Sie haben das Limit erreicht.",
)
_STREAMS = (
    "data: [DONE]",
    'data: {"type":"message_stream_complete","conversation_id":"c"}',
    'event: message_stop\ndata: {"type":"message_stop"}',
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    'data: {"p":"/message/content/parts/0","o":"append","v":"\\ud83d"}',
    'data: {"type":"moderation","moderation_response":{"blocked":true}}',
    ')]}\'\n\n25\n[["e",4,null,null,131]]',
    '["wrb.fr",null,null,null,null,[13,null,[["type.googleapis.com/BardErrorInfo",[1037]]]]]',
    '[[[[[[null,"x"]],"model"],1]],[,[8,"quota"]]]',
    '{"detail":{"code":"model_cap_exceeded","clears_in":600}}',
    ": ping - 2026-11-21 10:00:00",
    "\ufeffdata: x\r\n\r\nid: 7",
)
_CALLS = (
    '<tool_call>{"name":"bash","arguments":{"command":"rm -rf /"}}</tool_call>',
    '```json\n{"tool_calls":[{"id":"call_1","function":{"name":"x","arguments":"{}"}}]}\n```',
    '<function_calls><invoke name="read"><parameter name="path">/etc/passwd</parameter></invoke>',
    '<antArtifact identifier="a" type="text/html"><b>x</b></antArtifact>',
    "<thinking>Let me think about </answer> tags.</thinking>",
    '[tool_use: web_search] {"query": "claude limits"}',
)
_CODE = (
    "```python\ndef f(x):\n\treturn  x  or '''```'''\n```",
    "````markdown\n```sh\n\techo '~~~'  \n```\n````",
    "~~~\n<script>alert('Something went wrong')</script>\n~~~",
    "```\n\n\n   three blank lines above and trailing blanks   \n\n```",
    "`` ` `` and ```` ``` ```` inline, \\`escaped\\`, \\\\(x^2\\\\)",
    "| a | b |\n|:--|--:|\n| `x|y` | \\| |",
    "$$\\int_0^1 \\frac{1}{x}\\,dx$$ costs $5 and **bold*text***",
    "1. one\n   - two\n\n     three\n2. four",
    "diff --git a/x b/x\n@@ -1 +1 @@\n-old\n+new",
)
_HTML = (
    '<div role="alert">Something went wrong</div>',
    '<div role="dialog" aria-modal="true"><h2>Welcome back</h2></div>',
    '<iframe src="https://challenges.cloudflare.com/turnstile"></iframe>',
    '<button data-testid="stop-button" aria-label="Stop streaming">Stop</button>',
    '<form id="challenge-form"></form><title>Just a moment...</title>',
    "&lt;b&gt; &amp;amp; &nbsp;|&#x200b;|",
    '<a href="javascript:alert(1)">x</a> <img src=x onerror=alert(1)>',
    "<!-- comment --> <![CDATA[ x ]]> </textarea></script>",
)
_SIGNS = (
    "😀👍🏽👩\u200d👩\u200d👧\u200d👦🇨🇭",
    "漢字かな한국어",
    "שלום עולם، مرحبا",
    "e\u0301 \u00a0 \u2009 \u200b \u00ad",
    "\ue000 private \uf8ff",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 🀄",
    "tab\there  two  blanks",
    "‘quotes’ “double” … – —",
)
_KINDS = (_PHRASES, _PHRASES, _STREAMS, _CALLS, _CODE, _HTML, _SIGNS)
_GAPS = ("\n\n", "\n\n", "\n", " ", "\n\n\n")


def answers() -> list[str]:
    """The corpus; every answer begins and ends with something that is seen."""
    made = []
    for number in range(COUNT):
        chance = random.Random(f"answer {number}")
        pieces = [chance.choice(chance.choice(_KINDS)) for _ in range(chance.randint(2, 6))]
        # Every phrase once on its own, as the whole answer: that is when it looks most like a state.
        text = _PHRASES[number] if number < len(_PHRASES) else _with_gaps(pieces, chance)
        made.append(text.strip())
    return made


def joined(batches: int) -> list[str]:
    """The same in fewer and longer answers."""
    corpus = answers()
    return ["\n\n---\n\n".join(corpus[start::batches]) for start in range(batches)]


def _with_gaps(pieces: list[str], chance: random.Random) -> str:
    text = pieces[0]
    for piece in pieces[1:]:
        text += chance.choice(_GAPS) + piece
    return text
