# SPDX-License-Identifier: BSD-2-Clause
"""Read what xtest says: how many cases ran and failed, and each case's result. Its own exit status is 0 when no case matched."""
from __future__ import annotations

import re
from typing import Dict, Optional

CASES = re.compile(r"^(\d+) test cases? of which (\d+) failed")
SUBTESTS = re.compile(r"^(\d+) subtests? of which (\d+) failed")
SKIPPED = re.compile(r"^(\d+) test cases? (?:was|were) skipped")
CASE_BEGINS = re.compile(r"^\* ((?:regression|pkcs11|benchmark)_\w+)\b")
STEP_BEGINS = re.compile(r"^o (?:regression|pkcs11|benchmark)_\w+\.[\d.]+ ")
STEP_ENDS = re.compile(r"^  (?:regression|pkcs11|benchmark)_\w+\.[\d.]+ OK$")
CASE_ENDS = re.compile(r"^  ((?:regression|pkcs11|benchmark)_\w+) (OK|FAIL\w*)$")
SKIPS = re.compile(r"\bskip(?:ped|ping)?\b", re.I)

OK, PART, SKIP, FAILED = RESULTS = "OK", "OK, a part skipped", "skipped", "FAILED"     # from good to bad


class Summary:
    """The sums over all of xtest's runs in one guest, and the worst result of each case."""

    def __init__(self) -> None:
        self.cases = self.failed = self.subtests = self.skipped = self.summaries = 0
        self.results: Dict[str, str] = {}       # a case that has begun and not ended has failed
        self._case: Optional[str] = None
        self._before: Optional[str] = None      # the running case's result in earlier runs
        self._skips = self._step_skips = self._worked = False

    def take_line(self, line: str) -> None:
        """A line of the guest's console."""
        self._take_case(line)
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

    def _take_case(self, line: str) -> None:
        begins, ends = CASE_BEGINS.match(line), CASE_ENDS.match(line)
        if begins:
            self._case, self._skips, self._step_skips, self._worked = begins.group(1), False, False, False
            self._before = self.results.get(self._case)
            self.results[self._case] = FAILED
        elif ends and ends.group(1) == self._case:
            skip = PART if self._worked else SKIP
            now = FAILED if ends.group(2) != "OK" else skip if self._skips else OK
            self.results[self._case] = max(now, self._before or OK, key=RESULTS.index)
            self._case = None
        elif STEP_BEGINS.match(line):
            self._step_skips = False
        elif STEP_ENDS.match(line):
            self._worked = self._worked or not self._step_skips
        elif self._case and SKIPS.search(line):
            self._skips = self._step_skips = True
