# SPDX-License-Identifier: BSD-2-Clause
"""Builds the fuzzers with clang out of what the unit tests are built from."""
from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Dict, List

from launcher.common import REPO, TenonError, build_dir, cache_dir, need_tool, run_tool, write_atomic

SANITIZE = "-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined"
KERNEL = ("libkernel_host.a", "libcrypto_native.a", "libmbedtls_native.a")
MEDIATOR = ("libmediator_world.a",)
# What a target needs beside these: sources, and options of the linker.
MORE: Dict[str, tuple] = {"image": (["kernel/ta/tiny_elf_test.c"], "-Wl,--wrap=crypto_rsa_verify")}
TARGETS: Dict[str, tuple] = {"kernel": KERNEL, "syscall": KERNEL, "image": KERNEL, "mediator": MEDIATOR}

RULES = f"""rule cc
  command = $clang $flags {SANITIZE} -Wno-unknown-warning-option -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc
  description = fuzz: CC $out
rule link
  command = $clang -fsanitize=address,undefined,fuzzer $in $libs -o $out
  description = fuzz: LINK $out
"""


def host_flags(command: str) -> str:
    """The include paths and definitions of a compile command; clang gets its own sanitizers and warnings."""
    kept = []
    words = shlex.split(command)
    for word, following in zip(words, words[1:] + [""]):
        if word.startswith(("-I", "-D", "-isystem", "-std=")):
            kept.append(word + (f" {following}" if word == "-isystem" else ""))
    return shlex.join(" ".join(kept).split()) + " -g -O1 -w"


def objects_of(libraries: tuple) -> Dict[str, dict]:
    """Object file -> compile command, of the libraries that the unit tests link."""
    database = build_dir() / "compile_commands.json"
    if not database.is_file():
        raise TenonError(f"{database} does not exist", "run 'make' first")
    found = {}
    for entry in json.loads(database.read_text()):
        owner = entry["output"].split(".p/")[0].rsplit("/", 1)[-1]
        if owner in libraries:
            found[f"fuzz/{owner}/{Path(entry['output']).name}"] = entry
    if not found:
        raise TenonError("the build directory has no unit tests", "run 'make' first")
    return found


def build(names: List[str]) -> Dict[str, Path]:
    """The programs of these targets, made or brought up to date."""
    folder = build_dir() / "fuzz"
    folder.mkdir(exist_ok=True)
    clang = need_tool("clang", "clang")
    lines, made = ["builddir = fuzz", f"clang = {clang}", RULES], {}
    known: Dict[str, dict] = {}
    for name in names:
        objects = objects_of(TARGETS[name])
        source = REPO / "tests" / "fuzz" / f"{name}_fuzz.c"
        own = f"fuzz/{name}_fuzz.o"
        like = next(entry for output, entry in objects.items() if TARGETS[name][0] in output)
        objects[own] = {"command": like["command"] + f' -DTEST_TA_DIR=\\"{ta_folder()}\\"', "file": str(source)}
        sources, libraries = MORE.get(name, ([], "-lcmocka" if TARGETS[name] is MEDIATOR else ""))
        for more in sources:
            objects[f"fuzz/{name}_{Path(more).stem}.o"] = {"command": like["command"], "file": str(REPO / more)}
        known.update(objects)
        lines.append(f"build fuzz/{name}: link {' '.join(objects)}\n  libs = {libraries}")
        made[name] = folder / name
    for output, entry in known.items():
        path = (build_dir() / entry["file"]).resolve()
        lines.append(f"build {output}: cc {path}\n  flags = {host_flags(entry['command'])}")
    write_atomic(folder / "build.ninja", "\n".join(lines).encode() + b"\n")
    run_tool(["ninja", "-f", "fuzz/build.ninja", *(f"fuzz/{name}" for name in names)], "building the fuzzers", cwd=build_dir())
    return made


def ta_folder() -> Path:
    """Where the trusted apps of xtest are unpacked."""
    return cache_dir() / "pkg" / "optee-test-qemu" / "usr" / "lib" / "optee_armtz"
