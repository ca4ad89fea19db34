# SPDX-License-Identifier: BSD-2-Clause
"""What every module of the launcher shares: places, messages, errors and running host programs."""
from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

REPO = Path(__file__).resolve().parents[2]


class TenonError(Exception):
    """A failure the user can act on: what went wrong, and what to do next."""

    def __init__(self, what: str, next_step: str = ""):
        super().__init__(what)
        self.next_step = next_step


def cache_dir() -> Path:
    """The folder for everything downloaded or made from downloads (TENON_CACHE, ~/.cache/tenon)."""
    chosen = os.environ.get("TENON_CACHE")
    path = Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "tenon"
    return path.resolve()


def build_dir() -> Path:
    """Meson's build directory (TENON_BUILD, <repository>/build)."""
    chosen = os.environ.get("TENON_BUILD")
    return (Path(chosen) if chosen else REPO / "build").resolve()


def say(text: str) -> None:
    """Tell the user about progress; stdout stays free for the guests' output."""
    print(f"tenon: {text}", file=sys.stderr, flush=True)


def need_tool(name: str, package: str) -> str:
    """Path of a host program; TenonError naming its Debian package when it is not installed."""
    found = shutil.which(name)
    if not found and os.access(f"/usr/sbin/{name}", os.X_OK):
        found = f"/usr/sbin/{name}"
    if not found:
        raise TenonError(f"the program '{name}' is not installed (Debian package {package})",
                         "run './tenon setup': it installs what is missing or prints the one apt line")
    return found


def run_tool(argv: Sequence[str], what: str, cwd: Optional[Path] = None, env: Optional[Dict[str, str]] = None,
             next_step: str = "", log: Optional[Path] = None, timeout: float = 1800) -> str:
    """Run a host program to its end and return its output; TenonError with its last lines if it fails.

    log: also keep the whole output there. The output is never shown when all goes well.
    """
    try:
        done = subprocess.run(list(argv), cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout, check=False)
    except FileNotFoundError as error:
        raise TenonError(f"{what}: '{argv[0]}' is not installed", "run './tenon setup'") from error
    except subprocess.TimeoutExpired as error:
        raise TenonError(f"{what}: gave up after {timeout:.0f} s: {shlex.join(argv)}", next_step) from error
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise TenonError(f"{what} failed (exit status {done.returncode}): {shlex.join(argv)}\n{tail}",
                         next_step or (f"the whole output is in {log}" if log else ""))
    return done.stdout


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Fill a folder that appears at `target` whole or not at all: yields a scratch folder beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        inner = scratch / "new"
        inner.mkdir()
        yield inner
        if target.exists():
            target.rename(scratch / "old")
        inner.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_atomic(target: Path, data: bytes) -> None:
    """Write a file that is either the old one or the whole new one, whenever we are interrupted."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        if os.path.exists(name):
            os.unlink(name)
        raise


def hash_of(*parts: bytes) -> str:
    """A short content hash for the names of cached files; each part is counted with its length."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()[:16]


def clean_env(remove: List[str]) -> Dict[str, str]:
    """The environment without variables that would change what a build tool does."""
    return {name: value for name, value in os.environ.items() if name not in remove}
