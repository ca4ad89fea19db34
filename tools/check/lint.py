# SPDX-License-Identifier: BSD-2-Clause
"""Rules that a program can check, each a function that returns what breaks it."""
from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Dict, List

from launcher.common import REPO, build_dir, say

LICENCE = "SPDX-License-Identifier: BSD-2-Clause"
C_SOURCES = (".c", ".h")
CHECKED = (".c", ".h", ".S", ".ld", ".py", ".md", ".sh", ".build", ".txt", ".ini", ".mk", ".yml")
FORMATTER_VERSION = 14          # Debian 12's; other versions format some lines differently
OUTSIDE = {".git", "__pycache__", ".pytest_cache"}
MAX_LINES = 600
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b")
# Rooms where files are chosen by the build, never by the preprocessor.
PORTABLE = re.compile(r"^(kernel|hypervisor)/(?!.*\b(arch|platform)/).*\.c$")
GCC_ONLY = re.compile(r"-f(no-)?(tree|ipa|conserve|stack-clash)|-Wp,|-fno-sanitize|-fsanitize|-M[DQF]|-mno-(outline|strict-align)|-fdiagnostics-color")
ATTACKS_PAGE = "docs/security.md"
ATTACKS = 38
ATTACK_ROW = re.compile(r"^\| (\d+) \|(.*)\|([^|]*)\|$", re.M)
ATTACK_COMMENT = re.compile(r"attack rows? (\d+(?:(?:, and |, | and )\d+)*)", re.I)
ATTACK_TESTS = re.compile(r"_test\.(c|py)$")


def tracked_files() -> List[str]:
    """Files under version control, or all of a source archive, relative to the repository."""
    names = [str(path.relative_to(REPO)) for path in REPO.rglob("*") if not OUTSIDE.intersection(path.parts)]
    if shutil.which("git"):
        done = subprocess.run(["git", "-c", f"safe.directory={REPO}", "ls-files", "-co", "--exclude-standard"], cwd=REPO,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        names = done.stdout.splitlines() if done.returncode == 0 else names
    return sorted(name for name in names if (REPO / name).is_file() and not name.startswith("build"))


def read(name: str) -> str:
    """Text of a file of the repository."""
    return (REPO / name).read_text(errors="replace")


def check_licence(files: List[str]) -> List[str]:
    """Every source names its licence in its first two lines (the first may be a '#!')."""
    wanted = [name for name in files if name.endswith(CHECKED) or os.access(REPO / name, os.X_OK)]
    return [f"{name}: no '{LICENCE}' at the top" for name in wanted
            if not any(LICENCE in line for line in read(name).splitlines()[:2])]


def check_length(files: List[str]) -> List[str]:
    """Files stay small enough to read."""
    counts = {name: read(name).count("\n") for name in files if name.endswith((".c", ".h", ".S", ".py"))}
    return [f"{name}: {count} lines, more than {MAX_LINES}" for name, count in counts.items() if count > MAX_LINES]


def check_finished(files: List[str]) -> List[str]:
    """Nothing is left for later in the sources."""
    return [f"{name}:{at}: {line.strip()}" for name in files if name.endswith((".c", ".h", ".S"))
            for at, line in enumerate(read(name).splitlines(), 1) if UNFINISHED.search(line)]


def check_portable(files: List[str]) -> List[str]:
    """Portable code has no conditional compilation."""
    return [f"{name}:{at}: {line.strip()}" for name in files if PORTABLE.match(name)
            for at, line in enumerate(read(name).splitlines(), 1) if CONDITIONAL.match(line)]


def attack_table(page: str) -> Dict[int, str]:
    """Row number → its last column, in the order of the page: files in back quotes, or "none: why"."""
    found = page.partition("\n## Known attacks\n")[2].partition("\n## ")[0]
    return {int(number): tests.strip() for number, _, tests in ATTACK_ROW.findall(found)}


def attack_numbers(text: str) -> List[int]:
    """Rows of the table that comments of a source name; a comment may break its lines anywhere."""
    flat = re.sub(r"\s*\n[ \t]*(?:\*(?!/)|//|#)?[ \t]*", " ", text)
    return sorted({int(number) for found in ATTACK_COMMENT.findall(flat) for number in re.findall(r"\d+", found)})


def compare_attacks(table: Dict[int, str], sources: Dict[str, str]) -> List[str]:
    """What the table of known attacks and the comments of the tests do not agree about."""
    problems = []
    if list(table) != list(range(1, ATTACKS + 1)):
        problems.append(f"{ATTACKS_PAGE}: rows {list(table)}, not 1 to {ATTACKS} in order")
    bear = {name: attack_numbers(text) for name, text in sources.items()}
    names = {row: re.findall(r"`([^`]+)`", tests) for row, tests in table.items()}
    for row, tests in table.items():
        if not names[row] and not re.match(r"none: \w", tests):
            problems.append(f"{ATTACKS_PAGE}: row {row} has neither a test nor a reason")
        problems += [f"{ATTACKS_PAGE}: row {row}: no comment of {name} says 'attack row {row}'" for name in names[row]
                     if row not in bear.get(name, [])]
    for name, rows in bear.items():
        problems += [f"{name}: attack row {row} is not in {ATTACKS_PAGE}, or does not name this file there" for row in rows
                     if name not in names.get(row, [])]
    return problems


def check_attacks(files: List[str]) -> List[str]:
    """Each known attack has the tests that its row names, and each test that names a row stands in it."""
    return compare_attacks(attack_table(read(ATTACKS_PAGE)), {name: read(name) for name in files if ATTACK_TESTS.search(name)})


def check_python(files: List[str]) -> List[str]:
    """Python sources parse as Python 3.9, the oldest that the launcher runs on."""
    problems = []
    for name in files:
        if name.endswith(".py") or name == "tenon":
            try:
                ast.parse(read(name), name, feature_version=(3, 9))
            except SyntaxError as error:
                problems.append(f"{name}:{error.lineno}: {error.msg}")
    return problems


def check_format(files: List[str]) -> List[str]:
    """C is formatted as .clang-format says; checked with the one version whose opinion is kept."""
    tool = shutil.which(f"clang-format-{FORMATTER_VERSION}") or shutil.which("clang-format")
    if not tool:
        return ["clang-format is not installed: run './tenon setup'"]
    version = subprocess.run([tool, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search(r"version (\d+)", version)
    if not found or int(found.group(1)) != FORMATTER_VERSION:
        say(f"lint: formatting is checked with clang-format {FORMATTER_VERSION} only; here is {version.strip()}")
        return []
    sources = [name for name in files if name.endswith(C_SOURCES)]
    if not sources:
        return []
    done = subprocess.run([tool, "--dry-run", "--Werror", *sources], cwd=REPO, stderr=subprocess.PIPE, text=True,
                          check=False)
    found = Counter(line.split(":")[0] for line in done.stderr.splitlines() if ": error:" in line)
    return [f"{name}: {count} places; 'make format' puts them right" for name, count in sorted(found.items())]


def check_clang(files: List[str]) -> List[str]:
    """The second compiler finds nothing either, with the flags of the build (needs a configured build)."""
    database = build_dir() / "compile_commands.json"
    if not database.is_file():
        return [f"{database} does not exist: run 'make' first"]
    commands = {}
    for entry in json.loads(database.read_text()):
        path = (Path(entry["directory"]) / entry["file"]).resolve()
        name = str(path.relative_to(REPO)) if REPO in path.parents else ""
        if name in files and name.endswith(".c"):
            commands.setdefault((name, "aarch64" in entry["command"].split()[0]), entry)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [line for lines in pool.map(compile_with_clang, commands.values()) for line in lines]


def compile_with_clang(entry: Dict[str, str]) -> List[str]:
    """Diagnostics of one source."""
    words = shlex.split(entry["command"])
    while words and not words[0].startswith("-"):
        cross = "aarch64" in words.pop(0)
    kept, skip = [], False
    for word in words:
        if skip or word in ("-c", "-o") or GCC_ONLY.match(word):
            skip = word in ("-o", "-MF", "-MQ")
            continue
        kept.append(word)
    argv = ["clang", *(["--target=aarch64-linux-gnu"] if cross else []), *kept, "-fsyntax-only", "-Wno-unknown-warning-option",
            "-Wno-ignored-optimization-argument", "-Wno-unused-command-line-argument"]
    done = subprocess.run(argv, cwd=entry["directory"], stderr=subprocess.PIPE, text=True, check=False)
    return [line for line in done.stderr.splitlines() if "error:" in line or "warning:" in line]


CHECKS: Dict[str, Callable[[List[str]], List[str]]] = {
    "every source names its licence": check_licence,
    "files stay short": check_length,
    "nothing is left for later": check_finished,
    "portable code has no conditional compilation": check_portable,
    "known attacks have their tests": check_attacks,
    "Python sources are valid for 3.9": check_python,
    "C is formatted": check_format,
    "clang finds nothing": check_clang,
}


def run(built: bool = True) -> List[str]:
    """Run all checks and print their findings; returns the names of those that failed."""
    files, failed = tracked_files(), []
    for name, check in CHECKS.items():
        if check is check_clang and not built:
            continue
        problems = check(files)
        print(f"lint: {name}: {'ok' if not problems else 'FAILED'}", flush=True)
        for problem in problems[:40]:
            print(f"  {problem}")
        if len(problems) > 40:
            print(f"  … and {len(problems) - 40} more")
        if problems:
            failed.append(name)
    return failed


def count(built: bool = True) -> int:
    """How many checks run() makes."""
    return len(CHECKS) - (0 if built else 1)
