# SPDX-License-Identifier: BSD-2-Clause
"""docs/writing-a-ta.md, word for word: its files are built by its commands and run in guests."""
import os
import re
import subprocess

import pytest
from conftest import REPO

PAGE = (REPO / "docs" / "writing-a-ta.md").read_text()
HELLO = "5f3a9c10-0001-4b00-8000-68656c6c6f21"
DERIVED = "4a7c45e5-61e1-5f65-bf7d-4e9d30e55371"
FILE = re.compile(r"^`([\w./]+)`\n```\w*\n(.*?)^```$", re.M | re.S)
SCRIPT = re.compile(r"^```sh (\w+)\n(.*?)^```$", re.M | re.S)


def script(folder, *names):
    """Run scripts of the page; what they print."""
    scripts = dict(SCRIPT.findall(PAGE))
    text = "\n".join(scripts[name] for name in ("setup", *names))
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "CFLAGS")}
    done = subprocess.run(["sh", "-eu", "-c", text], cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout
    assert "warning:" not in done.stdout, done.stdout
    return done.stdout


@pytest.fixture(name="hello")
def hello_folder(tmp_path):
    """The page's files, built."""
    folder = tmp_path / "hello"
    for name, text in FILE.findall(PAGE):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    script(folder, "build", "overlay")
    return folder


def test_the_app_of_the_page_runs_in_two_guests_and_knows_them(boot, status_of, hello):
    """TA-032, TA-151: an app and a library of the stock kit; each guest is told apart; a panic gets its name."""
    machine = boot(guests=2, overlay=hello / "root", commands={"default": "hello", "2": "hello panic"})
    for name in ("g1", "g2"):
        assert status_of(machine, name, 150) == 0
    said = {name: (machine.config.log_dir / f"{name}.log").read_text(errors="replace") for name in ("g1", "g2")}
    guests = set()
    for text in said.values():
        assert "hello: 0x0, 142" in text
        guests.add(re.search(r"hello: 0x0, guest …([0-9a-f]{4})", text).group(1))
    assert len(guests) == 2
    assert "hello: after the panic 0xffff3024" in said["g2"]
    log = machine.config.log_dir / "secure.log"
    done = subprocess.run([str(REPO / "tenon"), "symbolize", "--elf", str(hello / "ta/out"), "--elf", str(hello / "greet/out"),
                           str(log)], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert re.search(rf"^g2: TA {HELLO} session \d+: panic 0xbad", done.stdout, re.M)
    assert re.search(rf"^g2:   call {HELLO}\+0x[0-9a-f]+ TA_InvokeCommandEntryPoint at main.c:\d+", done.stdout, re.M)
    assert re.search(r"^g1: .*greeted with 142", done.stdout, re.M)


def test_the_app_of_the_page_runs_without_a_machine(hello):
    """TA-032, TA-151: the page's command and script, on the host."""
    command = re.search(r"^    \./tenon (ta-test .*)$", PAGE, re.M).group(1)
    done = subprocess.run([str(REPO / "tenon"), *command.split()], cwd=hello, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    assert re.search(r"4 expectations, 0 failed", done.stdout)
    assert "TA_InvokeCommandEntryPoint at main.c" in done.stdout


def test_the_app_that_a_subkey_signed_runs(boot, status_of, hello):
    """TA-010, TA-013, TA-151: the same app under a UUID that its signer may use."""
    assert DERIVED in script(hello, "subkey")
    apps = hello / "root/usr/lib/optee_armtz"
    other = hello / "derived"
    other.mkdir()
    for name in ("sub.mk", "user_ta_header_defines.h", "main.c", "hello.h", "Makefile"):
        text = (hello / "ta" / name).read_text()
        if name == "Makefile":
            text = (hello / "subkey.mk").read_text() + text.replace(HELLO, DERIVED)
        text = re.sub(r"^\t\{ 0x5f3a9c10.*$", "\t{ 0x4a7c45e5, 0x61e1, 0x5f65, { 0xbf, 0x7d, 0x4e, 0x9d, 0x30, 0xe5, 0x53, 0x71 } }",
                      text, flags=re.M)
        (other / name).write_text(text)
    (hello / "host/derived.c").write_text((hello / "host/main.c").read_text().replace("../ta/", "../derived/"))
    setup = dict(SCRIPT.findall(PAGE))["setup"]
    subprocess.run(["sh", "-eu", "-c", f"{setup}\n$KITMAKE -C derived O=out\n"
                    "aarch64-linux-gnu-gcc -O2 -I$TEEC host/derived.c -o root/usr/bin/derived $LIBTEEC "
                    "-Wl,--allow-shlib-undefined"], cwd=hello, check=True, timeout=200)
    (apps / f"{DERIVED}.ta").write_bytes((other / f"out/{DERIVED}.ta").read_bytes())
    machine = boot(guests=1, overlay=hello / "root", commands={"1": "derived"})
    assert status_of(machine, "g1", 150) == 0
    assert "hello: 0x0, 142" in (machine.config.log_dir / "g1.log").read_text(errors="replace")


def test_the_encrypted_app_runs(boot, status_of, hello):
    """TA-014, TA-151: what the guest carries cannot be read there."""
    script(hello, "encrypted")
    app = (hello / f"ta/out-encrypted/{HELLO}.ta").read_bytes()
    assert b"greeted with" in (hello / f"ta/out/{HELLO}.ta").read_bytes() and b"greeted with" not in app
    (hello / f"root/usr/lib/optee_armtz/{HELLO}.ta").write_bytes(app)
    machine = boot(guests=1, overlay=hello / "root", commands={"1": "hello"})
    assert status_of(machine, "g1", 150) == 0
    assert "hello: 0x0, 142" in (machine.config.log_dir / "g1.log").read_text(errors="replace")
