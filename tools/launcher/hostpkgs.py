# SPDX-License-Identifier: BSD-2-Clause
"""The Debian packages that building, booting and testing need on the host: tools/packages.txt."""
from __future__ import annotations

import os
import subprocess
from typing import List

from .common import REPO, TenonError, run_tool, say

LIST = REPO / "tools" / "packages.txt"


def parse_list(text: str) -> List[str]:
    """Package names of a list with one name a line; '#' starts a comment."""
    names = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [name for name in names if name]


def find_missing() -> List[str]:
    """The packages of the list that dpkg does not report as installed."""
    wanted = parse_list(LIST.read_text())
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError as error:
        raise TenonError("this is not a Debian system: dpkg-query is missing",
                         "use Debian 12 or 13 (a container or a virtual machine does)") from error
    installed = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed]


def apt_line(missing: List[str]) -> str:
    """The one line that installs the packages."""
    return "apt-get install --no-install-recommends -y " + " ".join(missing)


def setup() -> None:
    """Install what is missing when we are root; else fail with the line to type."""
    missing = find_missing()
    if not missing:
        say("setup: every host package is installed")
        return
    if os.geteuid() != 0:
        raise TenonError(f"{len(missing)} host packages are missing and only root can install them",
                         f"sudo apt-get update && sudo {apt_line(missing)}")
    say(f"setup: installing {len(missing)} packages: {' '.join(missing)}")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    hint = "look at apt's message above; then: apt-get update && " + apt_line(missing)
    run_tool(["apt-get", "-q", "update"], "apt-get update", env=env, next_step=hint)
    run_tool(apt_line(missing).split(), "apt-get install", env=env, next_step=hint)
    say("setup: done")
