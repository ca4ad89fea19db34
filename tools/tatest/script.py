# SPDX-License-Identifier: BSD-2-Clause
"""The script language of ta-test (docs/ta-test.md): text to a list of steps."""
from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import List, Optional, Tuple, Union

from launcher.common import TenonError

from .codes import LOGINS, ORIGINS, RESULTS

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.I)
NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
NIL = "00000000-0000-0000-0000-000000000000"
DIRECTIONS = {"in": 0, "out": 1, "inout": 2}
STEPS_MAX = 100000


class ScriptError(TenonError):
    """A line that cannot be understood."""


@dataclass
class Param:
    """One parameter. kind: value, mem or null; direction: 0 in, 1 out, 2 inout."""
    kind: str
    direction: int
    a: int = 0
    b: int = 0
    size: int = 0
    content: bytes = b""

    def wire(self) -> str:
        """As the machine reads it."""
        if self.kind == "value":
            return f"v:{1 + self.direction}:{self.a}:{self.b}"
        letter = "m" if self.kind == "mem" else "n"
        return f"{letter}:{5 + self.direction}:{self.size}:{self.content.hex()}"


@dataclass
class Operation:
    """open, invoke or close of a session by its name."""
    verb: str
    session: str
    where: str
    text: str
    uuid: str = ""
    login: int = 0
    client: str = NIL
    command: int = 0
    params: List[Optional[Param]] = field(default_factory=list)


@dataclass
class Expectation:
    """What the operation before must have given. kind: result, origin, value, size, memory or log."""
    kind: str
    where: str
    text: str
    number: int = 0                             # of the parameter
    values: Tuple[int, ...] = ()
    content: bytes = b""


Step = Union[Operation, Expectation]


def number(word: str) -> int:
    """A number of C: decimal, 0x…, or negative as 32 bits."""
    try:
        value = int(word, 0)
    except ValueError:
        raise ValueError(f"'{word}' is not a number") from None
    if not -(1 << 31) <= value < 1 << 32:
        raise ValueError(f"{word} does not fit into 32 bits")
    return value & 0xFFFFFFFF


def content(text: str, folder: Path) -> bytes:
    """text:…, hex:…, file:… or zero:SIZE."""
    kind, _, rest = text.partition(":")
    if kind == "text":
        return rest.encode()
    if kind == "hex":
        try:
            return bytes.fromhex(rest)
        except ValueError:
            raise ValueError(f"'{rest}' is not a row of hexadecimal octets") from None
    if kind == "file":
        try:
            return (folder / rest).read_bytes()
        except OSError as error:
            raise ValueError(f"{rest}: {error.strerror}") from None
    if kind == "zero":
        return bytes(number(rest))
    raise ValueError(f"'{text}' is no content: text:…, hex:…, file:… or zero:SIZE")


def parse_param(word: str, folder: Path) -> Optional[Param]:
    """none, value-in:A:B, mem-out:SIZE, null-inout and so on."""
    if word == "none":
        return None
    head, _, rest = word.partition(":")
    kind, _, way = head.partition("-")
    if kind == "value" and not way:
        way = "inout"
    if kind not in ("value", "mem", "null") or way not in DIRECTIONS:
        raise ValueError(f"'{word}' is no parameter: none, value-in:A:B, mem-inout:SIZE:CONTENT, null-out …")
    direction = DIRECTIONS[way]
    if kind == "value":
        values = [number(part) for part in rest.split(":")] if rest else []
        if len(values) > 2 or (way == "out" and values):
            raise ValueError(f"'{word}': two values at most, and none for an output")
        return Param(kind, direction, *values)
    if kind == "null":
        return Param(kind, direction, size=number(rest) if rest else 0)
    if way == "out":
        return Param(kind, direction, size=number(rest))
    size, separator, more = rest.partition(":")
    if size.isdigit() and separator:
        data = content(more, folder)
        if len(data) > int(size):
            raise ValueError(f"'{word}': {len(data)} octets do not fit into {size}")
        return Param(kind, direction, size=int(size), content=data)
    data = content(rest, folder)
    return Param(kind, direction, size=len(data), content=data)


class Parser:
    """Reads lines; knows the sessions' names so far."""

    def __init__(self, app: str, folder: Path):
        self._app, self._folder = app, folder
        self._last: Optional[Operation] = None

    def parse(self, lines: List[Tuple[str, str]]) -> List[Step]:
        """(where, text) of each line to steps; repeats are unrolled."""
        steps, at = self._block(lines, 0, False)
        if at < len(lines):
            raise ScriptError(f"{lines[at][0]}: 'end' without 'repeat'")
        return steps

    def _block(self, lines: List[Tuple[str, str]], at: int, inner: bool) -> Tuple[List[Step], int]:
        steps: List[Step] = []
        while at < len(lines):
            where, text = lines[at]
            try:
                words = shlex.split(text, comments=True)
                if words and words[0] == "end":
                    return steps, at + inner
                if words and words[0] == "repeat":
                    count = number(words[1]) if len(words) == 2 else -1
                    body, at = self._block(lines, at + 1, True)
                    if count < 0 or len(steps) + count * len(body) > STEPS_MAX:
                        raise ValueError(f"'repeat COUNT', and {STEPS_MAX} steps at most")
                    steps += body * count
                    continue
                if words:
                    steps.append(self._step(where, text.strip(), words))
            except ValueError as error:
                raise ScriptError(f"{where}: {error}") from error
            at += 1
        if inner:
            raise ScriptError("the script ends before the 'end' of a 'repeat'")
        return steps, at

    def _step(self, where: str, text: str, words: List[str]) -> Step:
        verb, rest = words[0], words[1:]
        if verb == "expect":
            return self._expectation(where, text, rest)
        if verb not in ("open", "invoke", "close"):
            raise ValueError(f"'{verb}' is no command: open, invoke, close, expect, repeat, end")
        # A word that is a name and nothing else comes first: the session's.
        named = rest and NAME.match(rest[0]) and rest[0] not in ("none", "uuid", "login")
        step = Operation(verb, rest.pop(0) if named else "session", where, text)
        if verb == "open":
            self._open(step, rest)
        elif verb == "invoke":
            if not rest:
                raise ValueError("'invoke [SESSION] COMMAND [PARAMETER …]'")
            step.command = number(rest.pop(0))
        elif rest:
            raise ValueError("'close [SESSION]'")
        if len(rest) > 4:
            raise ValueError("four parameters at most")
        step.params = [parse_param(word, self._folder) for word in rest]
        self._last = step
        return step

    def _open(self, step: Operation, rest: List[str]) -> None:
        step.uuid = self._app
        while rest and rest[0] in ("uuid", "login"):
            if len(rest) < 2:
                raise ValueError(f"'{rest[0]}' of what?")
            what, value = rest.pop(0), rest.pop(0)
            if what == "uuid":
                if not UUID.match(value):
                    raise ValueError(f"'{value}' is no UUID")
                step.uuid = value.lower()
                continue
            login, _, client = value.partition(":")
            if login not in LOGINS or (client and not UUID.match(client)):
                raise ValueError(f"'{value}' is no login: {', '.join(LOGINS)}, perhaps with :UUID")
            step.login, step.client = LOGINS[login], client.lower() or NIL

    def _expectation(self, where: str, text: str, words: List[str]) -> Expectation:
        if not self._last:
            raise ValueError("nothing has been done yet that could give a result")
        kind, rest = (words[0], words[1:]) if words else ("", [])
        step = Expectation(kind, where, text)
        if kind == "result" and len(rest) == 1:
            name = rest[0].upper()
            for prefix in ("TEEC_ERROR_", "TEE_ERROR_", "TEEC_", "TEE_"):
                name = name[len(prefix):] if name.startswith(prefix) else name
            step.values = (RESULTS[name] if name in RESULTS else number(rest[0]),)
        elif kind == "origin" and len(rest) == 1 and rest[0].lower() in ORIGINS:
            step.values = (ORIGINS[rest[0].lower()],)
        elif kind == "value" and len(rest) in (2, 3):
            step.number, step.values = self._output(rest[0], "value"), tuple(number(word) for word in rest[1:])
        elif kind == "size" and len(rest) == 2:
            step.number, step.values = self._output(rest[0], "mem"), (number(rest[1]),)
        elif kind == "memory" and len(rest) == 2:
            step.number, step.content = self._output(rest[0], "mem"), content(rest[1], self._folder)
        elif kind == "log" and len(rest) == 1:
            step.content = rest[0].encode()
        else:
            raise ValueError("'expect result CODE | origin tee|app|api|comms | value N A [B] | size N SIZE | memory N CONTENT "
                             "| log TEXT'")
        return step

    def _output(self, word: str, kind: str) -> int:
        """The number of a parameter, which must be an output of that kind."""
        at = number(word)
        params = self._last.params if self._last else []
        param = params[at] if at < len(params) else None
        kinds = (kind, "null") if kind == "mem" else (kind,)
        if not param or param.direction == 0 or param.kind not in kinds:
            raise ValueError(f"parameter {at} of '{self._last.text if self._last else ''}' is no output of that kind")
        return at


def read_script(path: Path) -> List[Tuple[str, str]]:
    """The lines of a file."""
    try:
        return [(f"{path.name}:{at}", line) for at, line in enumerate(path.read_text().splitlines(), 1)]
    except OSError as error:
        raise TenonError(f"{path}: {error.strerror}") from error


def split_commands(text: str) -> List[Tuple[str, str]]:
    """The lines of -c."""
    return [(f"command {at}", line) for at, line in enumerate(text.split(";"), 1)]
