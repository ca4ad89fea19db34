# SPDX-License-Identifier: BSD-2-Clause
"""One QEMU process with its two serial lines. It dies with us, whatever way we end."""
from __future__ import annotations

import ctypes
import os
import selectors
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional

from .common import TenonError, need_tool, run_tool

PROGRAM, PACKAGE = "qemu-system-aarch64", "qemu-system-arm"
PR_SET_PDEATHSIG = 1
LINES = ("normal", "secure")            # the PL011 of the normal world, then the secure one


def board(virtualization: bool) -> List[str]:
    """The machine Tenon runs on; with virtualization, TF-A enters its normal world at EL2."""
    return ["-M", "virt,secure=on,gic-version=3,acpi=off" + (",virtualization=on" if virtualization else "")]


def dump_device_tree(shape: List[str], target: Path) -> Path:
    """Write the device tree that QEMU makes for a machine of this shape (-M, -cpu, -smp, -m)."""
    argv = [need_tool(PROGRAM, PACKAGE), *shape]
    argv[argv.index("-M") + 1] += f",dumpdtb={target}"
    run_tool([*argv, "-display", "none", "-nodefaults", "-monitor", "none"], "asking QEMU for its device tree", timeout=60)
    return target


def die_with_parent() -> None:
    """In the child: be killed when the launcher ends without having stopped us."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Qemu:
    """A running machine. `pump()` moves bytes both ways; nothing moves outside of it."""

    def __init__(self, arguments: List[str], on_bytes: Callable[[str, bytes], None], log: Optional[Path] = None):
        """Start it. on_bytes(line, data) is called from pump() for what the serial lines send."""
        self._on_bytes = on_bytes
        self._sockets: Dict[str, socket.socket] = {}
        self._pending: Dict[str, bytearray] = {}
        self._select = selectors.DefaultSelector()
        argv, theirs = [need_tool(PROGRAM, PACKAGE), *arguments], []
        for line in LINES:
            ours, other = socket.socketpair()
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            ours.setblocking(False)
            theirs.append(other)
            self._sockets[line], self._pending[line] = ours, bytearray()
            self._select.register(ours, selectors.EVENT_READ, line)
            argv += ["-chardev", f"socket,id={line},fd={other.fileno()}", "-serial", f"chardev:{line}"]
        self.argv = argv
        self._errors = open(log or os.devnull, "wb")        # noqa: SIM115 - closed in close()
        try:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self._errors, stderr=self._errors,
                                            pass_fds=[end.fileno() for end in theirs], start_new_session=True,
                                            preexec_fn=die_with_parent)
        finally:
            for end in theirs:
                end.close()

    @property
    def alive(self) -> bool:
        """Whether QEMU runs or has output left to read."""
        return self.process.poll() is None or bool(self._select.get_map())

    def send(self, line: str, data: bytes) -> None:
        """Queue bytes for a serial line; pump() delivers them."""
        self._pending[line] += data
        self._watch(line)

    def pump(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for traffic and handle it; returns whether there was any."""
        if not self._select.get_map():
            if self.process.poll() is None:
                time.sleep(min(timeout, 0.05))
            return False
        busy = False
        for key, events in self._select.select(max(timeout, 0)):
            line = key.data
            if events & selectors.EVENT_WRITE:
                self._flush(line)
                busy = True
            if events & selectors.EVENT_READ:
                self._receive(line)
                busy = True
        return busy

    def close(self) -> None:
        """End the process and its group, and wait for it."""
        for sig, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 10)):
            if self.process.poll() is not None:
                break
            try:
                os.killpg(self.process.pid, sig)
                self.process.wait(patience)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        for line in list(self._sockets):
            self._drop(line)
        self._select.close()
        self._errors.close()

    def _watch(self, line: str) -> None:
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._pending[line] else 0)
        if line in self._sockets:
            self._select.modify(self._sockets[line], wanted, line)

    def _flush(self, line: str) -> None:
        pending = self._pending[line]
        try:
            sent = self._sockets[line].send(bytes(pending[:4096]))
        except BlockingIOError:
            return
        except OSError:
            sent = len(pending)                             # the machine is gone; reading will notice
        del pending[:sent]
        self._watch(line)

    def _receive(self, line: str) -> None:
        try:
            data = self._sockets[line].recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._on_bytes(line, data)
        else:
            self._drop(line)

    def _drop(self, line: str) -> None:
        end = self._sockets.pop(line, None)
        if end:
            self._select.unregister(end)
            end.close()


def check_started(qemu: Qemu, log: Path) -> None:
    """TenonError with QEMU's own words when it ended at once."""
    status = qemu.process.poll()
    if status not in (None, 0):
        words = log.read_text(errors="replace").strip() if log.is_file() else ""
        raise TenonError(f"QEMU stopped with status {status}: {words or 'no message'}")
