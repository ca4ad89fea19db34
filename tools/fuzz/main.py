# SPDX-License-Identifier: BSD-2-Clause
"""The command line of `tenon fuzz`."""
from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path
from typing import List

from launcher.common import REPO, build_dir, say
from launcher.options import positive

from .build import TARGETS, build

CORPUS = REPO / "tests" / "fuzz" / "corpus"
MEMORY_MIB = 2048
INPUT_MAX = 1024                # bytes; a long input costs time, and what it does is bounded


def run(name: str, program: Path, seconds: int, jobs: int) -> bool:
    """Run one fuzzer on a copy of its kept corpus; what it finds stays in the build directory. True: nothing broke."""
    corpus = build_dir() / "fuzz" / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    kept = [str(CORPUS / name)] if (CORPUS / name).is_dir() else []
    artifacts = build_dir() / "fuzz" / f"{name}-"
    argv = [str(program), f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MIB}", f"-max_len={INPUT_MAX}", "-timeout=20", "-len_control=0",
            f"-artifact_prefix={artifacts}", "-print_final_stats=1", "-verbosity=1", str(corpus), *kept]
    if jobs > 1:
        argv[1:1] = [f"-fork={jobs}"]
    say(f"fuzz: {name}, {seconds} s")
    done = subprocess.run(argv, cwd=build_dir() / "fuzz", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=seconds + 300, check=False)
    lines = done.stdout.splitlines()
    if done.returncode != 0:
        print("\n".join(lines[-60:]))
        say(f"fuzz: {name} FAILED; again: {program} FILE, with the file named 'Test unit written to' above")
        return False
    for line in lines:
        if line.startswith("stat::number_of_executed_units") or line.startswith("Done "):
            print(f"{name}: {line}")
    return True


def merge(name: str, program: Path) -> None:
    """Bring what was found into the kept corpus, as few of them as cover it all."""
    new = build_dir() / "fuzz" / f"{name}-merged"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    found = build_dir() / "fuzz" / "corpus" / name
    kept = [str(CORPUS / name)] if (CORPUS / name).is_dir() else []
    subprocess.run([str(program), "-set_cover_merge=1", f"-max_len={INPUT_MAX}", str(new), str(found), *kept], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(CORPUS / name, ignore_errors=True)
    shutil.copytree(new, CORPUS / name)
    say(f"fuzz: {name}: {len(list(new.iterdir()))} inputs kept")


def main(arguments: List[str]) -> int:
    """Build and run; returns 0 iff nothing broke."""
    parser = argparse.ArgumentParser(prog="tenon fuzz", description="libFuzzer against the kernel (SMC registers and message "
                                     "memory; system calls of an app; files that claim to be apps) and the mediator (hostile "
                                     "guest, hostile TEE), under the address and undefined sanitizers. Needs a finished build.")
    parser.add_argument("--seconds", type=positive, default=30, metavar="S", help="for each target (default 30)")
    parser.add_argument("--jobs", type=positive, default=1, metavar="N", help="processes for each target (default 1)")
    parser.add_argument("--merge", action="store_true", help="afterwards bring what was found into the kept corpus")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)} (default: all)")
    options = parser.parse_args(arguments)
    names = options.targets or list(TARGETS)
    for name in names:
        if name not in TARGETS:
            parser.error(f"no target '{name}'; there are {', '.join(TARGETS)}")
    programs = build(names)
    good = [run(name, programs[name], options.seconds, options.jobs) for name in names]
    if options.merge:
        for name in names:
            merge(name, programs[name])
    return 0 if all(good) else 1
