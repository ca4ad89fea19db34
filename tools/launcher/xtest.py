# SPDX-License-Identifier: BSD-2-Clause
"""Read xtest's summary: how many cases ran and failed. Its own exit status is 0 when no case matched."""
from __future__ import annotations

import re

CASES = re.compile(r"^(\d+) test cases? of which (\d+) failed")
SUBTESTS = re.compile(r"^(\d+) subtests? of which (\d+) failed")
SKIPPED = re.compile(r"^(\d+) test cases? (?:was|were) skipped")


class Summary:
    """The sums over all of xtest's runs in one guest."""

    def __init__(self) -> None:
        self.cases = self.failed = self.subtests = self.skipped = self.summaries = 0

    def take_line(self, line: str) -> None:
        """A line of the guest's console."""
        for pattern in (CASES, SUBTESTS, SKIPPED):
            found = pattern.match(line)
            if not found:
                continue
            if pattern is CASES:
                self.cases += int(found.group(1))
                self.failed += int(found.group(2))
                self.summaries += 1
            elif pattern is SUBTESTS:
                self.subtests += int(found.group(1))
            else:
                self.skipped += int(found.group(1))
