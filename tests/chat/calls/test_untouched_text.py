"""Formats that clients carry in the text go through byte for byte, whether tools are offered or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.vocabulary import TextDelta, ToolChoice, ToolMode
from tests.chat.calls.kit import FENCE, NONCE, PROTOCOL, parse

AIDER_SEARCH_REPLACE = """\
I'll change the import.

src/main.py
```python
<<<<<<< SEARCH
from flask import Flask
\tdef  old( self ):\t
\t\treturn "\\n"\x20\x20\x20
=======
import math
from flask import Flask
\tdef new( self ):
\t\treturn '''```'''
>>>>>>> REPLACE
```

README.md
````markdown
<<<<<<< SEARCH
=======
# Title

```sh
npm i
```
>>>>>>> REPLACE
````
"""

AIDER_WHOLE = """\
show_greeting.py
```
import sys

def greeting(name):
    print(f"Hey {name}")


if __name__ == '__main__':
    greeting(sys.argv[1])

```
"""

AIDER_UDIFF = """\
```diff
--- mathweb/flask/app.py
+++ mathweb/flask/app.py
@@ ... @@
-class MathWeb:
+import sympy
+
+class MathWeb:
@@ ... @@
-    def is_prime(self, x):
-\tif x < 2:
-\t    return False
+    def get_route(self):\x20\x20\x20
+\t<result>
```
"""

GPTME = """\
Let me look, and save it.

```shell
cat <<'END' > a.txt
`x` ``y``
END
```

```save hello.py
print("``` hello")
```

```patch src/a.py
<<<<<<< ORIGINAL
    a = 1
=======
    a = "call_bcdfgh"
>>>>>>> UPDATED
```
"""

CLINE_XML = """\
<thinking>
I need to write the file.
</thinking>

<write_to_file>
<path>src/a.md</path>
<content>
# A

```js
const a = { name: "x", arguments: {} };
```

    ```indented
	tab
</content>
<line_count>8</line_count>
</write_to_file>
"""

ROO_DIFF = """\
<apply_diff>
<path>a.py</path>
<diff>
<<<<<<< SEARCH
:start_line:1
-------
def a():
\tpass
=======
def b():
\treturn {"name": "b", "arguments": {"c": 1}}
>>>>>>> REPLACE
</diff>
</apply_diff>
"""

UNBALANCED = """\
~~~
```
never closed
<result of nothing>
1. a
   ```py
   x
"""

CORPUS = {
    "aider search/replace": AIDER_SEARCH_REPLACE,
    "aider whole file": AIDER_WHOLE,
    "aider udiff": AIDER_UDIFF,
    "gptme": GPTME,
    "cline": CLINE_XML,
    "roo": ROO_DIFF,
    "unbalanced fences": UNBALANCED,
}
CORPUS |= {f"{name}, with carriage returns": text.replace("\n", "\r\n") for name, text in CORPUS.items()}
CORPUS |= {f"{name}, without a last line break": text.rstrip("\r\n") for name, text in CORPUS.items()}

WITHOUT_TOOLS = CallProtocol(NONCE, (), ToolChoice())
NO_CHOICE = CallProtocol(NONCE, PROTOCOL.tools, ToolChoice(mode=ToolMode.NONE))


@pytest.mark.parametrize("protocol", [PROTOCOL, WITHOUT_TOOLS, NO_CHOICE], ids=["tools", "no tools", "none"])
@pytest.mark.parametrize("name", CORPUS)
def test_an_edit_in_the_text_is_not_touched(name: str, protocol: CallProtocol) -> None:
    text = CORPUS[name]
    assert parse(text, by=protocol) == [TextDelta(text)]
    assert parse(text, range(len(text)), by=protocol) == [TextDelta(text)]


@pytest.mark.parametrize("name", [name for name in CORPUS if "unbalanced" not in name])
def test_a_call_behind_an_edit_is_found_and_leaves_it_as_it_is(name: str) -> None:
    text = CORPUS[name].rstrip("\r\n") + "\n"
    first, *call = parse(f'{text}{FENCE}{{"name": "anything", "arguments": {{}}}}\n```\n')
    assert first == TextDelta(text)
    assert [type(piece).__name__ for piece in call] == ["ToolCallBegan", "ToolCallArguments", "ToolCallEnded"]


@given(st.lists(st.sampled_from(list(CORPUS.values())), min_size=1, max_size=3), st.data())
@settings(max_examples=40, deadline=None)
def test_edits_one_after_another_are_not_touched_either(texts: list[str], data: st.DataObject) -> None:
    text = "".join(texts)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=20))
    assert parse(text, cuts) == [TextDelta(text)]
