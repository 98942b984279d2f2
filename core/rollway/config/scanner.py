"""YAML as people write it here: a placeholder such as `{port}` may stand in unquoted text inside brackets.

`[python smoke.py http://{instance}]` is no YAML by the letter (a plain scalar in flow style ends at a brace, and the
brace after it is then an error), yet it is what one writes. Reading it as text changes no valid document.
"""

from __future__ import annotations

import re

from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import ScalarToken

_PLACEHOLDER = re.compile(r"\{[a-z_]{1,40}\}")
_LOOK_AHEAD = 42


class PlaceholderScanner(Scanner):
    """A scanner that goes on after `{name}` where plain text in flow style has begun."""

    def scan_plain(self) -> ScalarToken:
        """The plain scalar here, placeholders included."""
        token: ScalarToken = super().scan_plain()
        while self.flow_level and (match := _PLACEHOLDER.match(self._ahead())):
            token = self._joined(token, match[0])
        return token

    def _ahead(self) -> str:
        text = ""
        while len(text) < _LOOK_AHEAD and self.reader.peek(len(text)) != "\0":
            text += self.reader.peek(len(text))
        return text

    def _joined(self, token: ScalarToken, placeholder: str) -> ScalarToken:
        text = token.value + self._gap(token) + placeholder
        self.reader.forward(len(placeholder))
        grown = ScalarToken(text, True, token.start_mark, self.reader.get_mark())
        while self.reader.peek() == " ":
            self.reader.forward()
        if self.reader.peek() in "{#":
            return grown
        rest: ScalarToken = super().scan_plain()
        if not rest.value:
            return grown
        gap = " " * (rest.start_mark.column - grown.end_mark.column)
        return ScalarToken(text + gap + rest.value, True, token.start_mark, rest.end_mark)

    def _gap(self, token: ScalarToken) -> str:
        """The space skipped since the token's end; a line break counts as one, as in all plain text."""
        if self.reader.line != token.end_mark.line:
            return " "
        skipped: int = self.reader.column - token.end_mark.column
        return " " * skipped
