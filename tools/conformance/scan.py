# SPDX-License-Identifier: BSD-2-Clause
"""Points, and the tests whose name, comment or docstring says that they check them."""
from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

from launcher.common import REPO, TenonError

POINTS = REPO / "tests" / "conformance" / "points.tsv"
C_ROOMS = ("kernel", "hypervisor", "tests", "tools")
C_TEST = re.compile(r"^static void (\w+)\(void \*\*\w+\)\n\{\n(.*?)^\}", re.M | re.S)
COMMENT_ABOVE = re.compile(r"/\*(?:(?!\*/).)*\*/\s*\Z", re.S)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
IN_TEXT = re.compile(r"\bTA-(\d{3})\b(?:\s*(?:\.\.|–|to)\s*(?:TA-)?(\d{3})\b)?")
IN_NAME = re.compile(r"(?:^|_)ta_(\d{3})(?:_to_(\d{3})|((?:_(?:and_)?\d{3})+))?(?=_|$)")


@dataclass(frozen=True)
class Point:
    """A line of points.tsv."""
    name: str
    kinds: str                          # letters of U, L, X
    gap: str                            # the area of a later issue, or empty
    cases: Tuple[str, ...]              # of xtest
    statement: str


@dataclass(frozen=True)
class Test:
    """A test function."""
    file: str                           # relative to the repository
    function: str
    points: Tuple[str, ...] = field(compare=False)

    @property
    def is_python(self) -> bool:
        """Whether pytest runs it."""
        return self.file.endswith(".py")

    @property
    def program(self) -> str:
        """The stem of its file, as in the name of the program that runs it."""
        return Path(self.file).stem


def read_points(path: Path = POINTS) -> List[Point]:
    """All points, in order."""
    points = []
    for at, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != 5 or not re.fullmatch(r"TA-\d{3}", cells[0]) or not set(cells[1]) <= set("ULX"):
            raise TenonError(f"{path}:{at}: not a point: {line}")
        name, kinds, gap, cases, statement = cells
        points.append(Point(name, kinds, gap.strip("-"), tuple(c for c in cases.split(",") if c != "-"), statement))
    return points


def points_in(text: str, pattern: "re.Pattern[str]" = IN_TEXT) -> Set[str]:
    """TA-nnn, and all of a range."""
    found: Set[int] = set()
    for match in pattern.finditer(text):
        first, last, more = (*match.groups(), None)[:3]
        found |= set(range(int(first), int(last or first) + 1)) | {int(n) for n in re.findall(r"\d+", more or "")}
    return {f"TA-{number:03}" for number in found}


def scan_c(name: str, text: str) -> Iterator[Test]:
    """Test functions of cmocka: points in the name, in the comment above, in comments within."""
    for match in C_TEST.finditer(text):
        function, body = match.groups()
        above = COMMENT_ABOVE.search(text[:match.start()])
        said = points_in(function, IN_NAME) | points_in(above.group(0) if above else "")
        for comment in COMMENT.findall(body):
            said |= points_in(comment)
        if said:
            yield Test(name, function, tuple(sorted(said)))


def scan_python(name: str, text: str) -> Iterator[Test]:
    """Test functions of pytest: points in the name and in the docstring."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            said = points_in(node.name, IN_NAME) | points_in(ast.get_docstring(node) or "")
            if said:
                yield Test(name, node.name, tuple(sorted(said)))


def find_tests(root: Path = REPO) -> List[Test]:
    """All tests that name points."""
    tests: List[Test] = []
    for room in C_ROOMS:
        for path in sorted((root / room).rglob("*_test.c")):
            tests += scan_c(str(path.relative_to(root)), path.read_text())
    for path in sorted((root / "tests").rglob("*_test.py")):
        tests += scan_python(str(path.relative_to(root)), path.read_text())
    return tests


def by_point(tests: List[Test]) -> Dict[str, List[Test]]:
    """The tests of each point."""
    found: Dict[str, List[Test]] = {}
    for test in tests:
        for point in test.points:
            found.setdefault(point, []).append(test)
    return found
