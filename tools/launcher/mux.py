# SPDX-License-Identifier: BSD-2-Clause
"""The channels of the hypervisor's serial line, as its `console` module defines them.

0x01 h h says that the bytes after it belong to channel 0xhh (two lower-case hex digits); 0x01 0x01 is a
literal 0x01. Both directions start in channel 0, which carries the control lines; channel N is VM N's console.
"""
from __future__ import annotations

from typing import List, Tuple

ESCAPE = 0x01
CONTROL_CHANNEL = 0
HEX = b"0123456789abcdef"


class Decoder:
    """Splits what the machine sends. An escape that is cut by the end of a chunk is continued by the next."""

    def __init__(self) -> None:
        self.channel = CONTROL_CHANNEL
        self.malformed = 0             # escapes that were neither a channel nor a literal; passed on as they came
        self._escape = b""

    def feed(self, data: bytes) -> List[Tuple[int, bytes]]:
        """The (channel, bytes) pieces of a chunk, in order."""
        pieces: List[Tuple[int, bytes]] = []
        run = bytearray()

        def flush() -> None:
            if run:
                pieces.append((self.channel, bytes(run)))
                run.clear()

        for byte in data:
            if not self._escape:
                if byte == ESCAPE:
                    self._escape = b"\x01"
                else:
                    run.append(byte)
            elif byte == ESCAPE and len(self._escape) == 1:
                run.append(ESCAPE)
                self._escape = b""
            elif byte in HEX:
                self._escape += bytes([byte])
                if len(self._escape) == 3:
                    flush()
                    self.channel = int(self._escape[1:], 16)
                    self._escape = b""
            else:
                self.malformed += 1
                run.extend(self._escape)
                run.append(byte)
                self._escape = b""
        flush()
        return pieces


class Encoder:
    """Makes what we send; names a channel only when it changes."""

    def __init__(self) -> None:
        self.channel = CONTROL_CHANNEL

    def encode(self, channel: int, data: bytes) -> bytes:
        """The bytes that carry `data` on a channel (0 to 255)."""
        if not 0 <= channel <= 255:
            raise ValueError(f"channel {channel} is not in 0..255")
        head = b""
        if channel != self.channel:
            head = b"\x01%02x" % channel
            self.channel = channel
        return head + data.replace(b"\x01", b"\x01\x01")
