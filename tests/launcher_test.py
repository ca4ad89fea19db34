# SPDX-License-Identifier: BSD-2-Clause
"""Unit tests of the launcher's own modules; nothing here boots a machine."""
import argparse
import json
import subprocess

import pytest
from check import lint, unit
from check.main import read_results
from demo.rest import complaints_in
from launcher import apt, boot, cli, common, hostpkgs, machine as machine_module
from launcher import options as options_module
from launcher.boot import GuestSpec, MachineConfig
from launcher.common import TenonError
from launcher.console import Console
from launcher.control import Control, Event, parse_values
from launcher.machine import Machine
from launcher.mux import Decoder, Encoder
from launcher.run import Runner, Task
from launcher.shell import Shell
from launcher.xtest import Summary

# The multiplexed serial line.

def test_bytes_before_any_escape_are_control():
    assert Decoder().feed(b"event: ready\n") == [(0, b"event: ready\n")]


def test_channels_switch_and_literals_are_kept():
    assert Decoder().feed(b"a\x0102b\x01\x01c\x0100d") == [(0, b"a"), (2, b"b\x01c"), (0, b"d")]


@pytest.mark.parametrize("cut", range(12))
def test_an_escape_may_be_cut_anywhere(cut):
    data = b"a\x01ffb\x01\x01c\x0100d"
    decoder, pieces = Decoder(), []
    for chunk in (data[:cut], data[cut:]):
        pieces += decoder.feed(chunk)
    joined = {}
    for channel, piece in pieces:
        joined[channel] = joined.get(channel, b"") + piece
    assert joined == {0: b"ad", 255: b"b\x01c"}


@pytest.mark.parametrize("data, shown", [(b"\x01xy", b"\x01xy"), (b"\x010Gz", b"\x010Gz"), (b"\x01AAz", b"\x01AAz"),
                                         (b"\x010\x01z", b"\x010\x01z")])
def test_a_malformed_escape_is_passed_on_and_counted(data, shown):
    decoder = Decoder()
    assert decoder.feed(data) == [(0, shown)]
    assert decoder.malformed == 1


def test_what_we_encode_we_decode():
    encoder, decoder = Encoder(), Decoder()
    sent = [(0, b"list\n"), (3, b"\x01\x01x"), (3, b"y"), (255, bytes(range(256))), (0, b"")]
    wire = b"".join(encoder.encode(channel, data) for channel, data in sent)
    joined = {}
    for channel, piece in decoder.feed(wire):
        joined[channel] = joined.get(channel, b"") + piece
    assert joined == {0: b"list\n", 3: b"\x01\x01xy", 255: bytes(range(256))}


@pytest.mark.parametrize("channel", [-1, 256])
def test_there_are_256_channels(channel):
    with pytest.raises(ValueError):
        Encoder().encode(channel, b"x")


# Consoles and control.

def test_a_console_hands_out_whole_lines():
    console, lines = Console("g1"), []
    console.on_line.append(lines.append)
    console.feed(b"one\r\ntw")
    assert lines == ["one"] and console.partial == "tw"
    console.feed(b"o\n\x1b[1mthree\x1b[0m\n")
    assert lines == ["one", "two", "three"]


def test_a_line_without_end_is_cut():
    console, lines = Console("g1"), []
    console.on_line.append(lines.append)
    console.feed(b"x" * 10000 + b"\n")
    assert lines and sum(map(len, lines)) == 10000


def test_find_reads_each_line_once():
    console = Console("g1")
    console.feed(b"a 1\nb 2\na 3\n")
    assert console.find(r"a (\d)").group(1) == "1"
    assert console.find(r"a (\d)").group(1) == "3"
    assert console.find(r"a") is None


def test_answers_pair_with_commands_and_events_come_between():
    sent, events = [], []
    control = Control(sent.append)
    control.on_event.append(events.append)
    first, second = control.request("list"), control.request("create linux2")
    for line in ("vm 1 node linux1 state running vcpus 1 memory 262144", "event: off 1", "ok", "ok 2"):
        control.take_line(line)
    assert sent == [b"list\n", b"create linux2\n"]
    assert first.ok and first.lines == ["vm 1 node linux1 state running vcpus 1 memory 262144"]
    assert second.ok and second.value == "2"
    assert events[0].kind == "off" and events[0].vm == 1


def test_an_error_has_a_reason_and_chatter_is_nobodys_answer():
    chatter = []
    control = Control(lambda data: None)
    control.on_chatter.append(chatter.append)
    control.take_line("NOTICE:  BL31: v2.12")
    control.take_line("ok")
    answer = control.request("destroy 9")
    control.take_line("error: no such VM")
    assert chatter == ["NOTICE:  BL31: v2.12", "ok"]
    assert answer.done and not answer.ok and answer.value == "no such VM"


def test_a_command_is_one_line():
    with pytest.raises(ValueError):
        Control(lambda data: None).request("list\ndestroy 1")


def test_events_name_their_values():
    event = Event("killed", "2 hit rpc:load_ta calls 17 took 812".split(), "")
    assert event.vm == 2 and event.value_of("hit") == "rpc:load_ta" and event.value_of("took") == "812"
    assert Event("created", "3 node linux2".split(), "").value_of("node") == "linux2"


def test_counters_are_numbers():
    assert parse_values("tee.pages=12 state=running big=0x10 junk") == {"tee.pages": 12, "big": 16}


# A machine whose QEMU is a script.

class FakeQemu:
    """Answers as the hypervisor would; what the test queues arrives at the next pump."""

    def __init__(self, arguments, on_bytes, log=None):
        self.argv, self.on_bytes, self.queue, self.sent = ["qemu"], on_bytes, [], b""
        self.alive, self.answers = True, {}
        FakeQemu.last = self

    def pump(self, timeout):
        if self.queue:
            self.on_bytes("normal", self.queue.pop(0))
            return True
        return False

    def send(self, line, data):
        self.sent += data
        self.queue.append(self.answers.get(data, b""))

    def close(self):
        self.alive = False


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A started Machine with two guests above a FakeQemu."""
    monkeypatch.setattr(machine_module, "Qemu", FakeQemu)
    monkeypatch.setattr(machine_module, "check_started", lambda *_: None)
    monkeypatch.setattr(boot, "qemu_arguments", lambda config: [])
    kernel = tmp_path / "Image"
    kernel.touch()
    specs = [GuestSpec(f"g{n}", f"linux{n}", kernel) for n in (1, 2)]
    with Machine(MachineConfig(specs, kernel, tmp_path / "work", tmp_path / "log", hypervisor=kernel)) as machine:
        FakeQemu.last.queue = [b"NOTICE: TF-A\nevent: created 1 node linux1\nevent: created 2 node linux2\nevent: ready\n"]
        machine.wait_ready(1)
        yield machine


def test_guests_are_bound_to_the_numbers_they_get(fake):
    assert [guest.number for guest in fake.guests.values()] == [1, 2]
    FakeQemu.last.queue = [b"\x0102hello\n\x0101wor", b"ld\n\x0100"]
    while fake.pump(0):
        pass
    assert fake.guests["g2"].console.find("hello") and fake.guests["g1"].console.find("world")


def test_a_recreated_guest_keeps_its_console_and_gets_a_new_number(fake):
    qemu, victim = FakeQemu.last, fake.guests["g2"]
    qemu.answers = {b"destroy 2\n": b"event: destroyed 2\nok\n", b"create linux2\n": b"event: created 7 node linux2\nok 7\n"}
    fake.destroy(victim, 1)
    assert victim.number is None and victim.state == "absent"
    assert fake.create(victim, 1) == 7
    qemu.queue = [b"\x0107again\n"]
    fake.pump(0)
    assert victim.console.find("again") and victim.instances == 2


def test_output_before_the_announcement_is_not_lost(fake):
    FakeQemu.last.queue = [b"\x0103early\n\x0100event: created 3 node linux1\n"]
    fake.pump(0)
    assert fake.console_of(3).name == "vm3" and fake.console_of(3).find("early")


def test_a_refused_command_raises_with_the_reason(fake):
    FakeQemu.last.answers = {b"create x\n": b"error: no such node\n"}
    with pytest.raises(TenonError, match="no such node"):
        fake.command("create x", 1)


def test_a_silent_machine_times_out_and_a_dead_one_is_noticed(fake):
    with pytest.raises(TenonError, match="waited"):
        fake.command("list", 0.05)
    FakeQemu.last.alive = False
    with pytest.raises(TenonError, match="ended"):
        fake.command("list", 1)


def test_the_runner_waits_for_every_guest_and_repeats_a_killed_one(fake, capsys):
    qemu = FakeQemu.last
    qemu.answers = {b"destroy 2\n": b"event: destroyed 2\nok\n", b"create linux2\n": b"event: created 2 node linux2\nok 2\n"}
    runner = Runner(fake, {"default": "true"}, [(2, 0.0)], 5)
    qemu.queue = []

    def script():
        yield b"\x0102TENON-EXIT 3\n\x0101TENON-EXIT 0\n\x0100event: off 1\n"
        yield b"\x0102TENON-EXIT 0\n\x0100event: off 2\n"

    lines = script()
    original = fake.pump

    def pump(timeout=0.1):
        if not original(0) and not runner.kills:
            qemu.queue.append(next(lines, b""))
        return True

    fake.pump = pump
    runner._power_off = lambda: None
    runner.run()
    assert [task.status for task in runner.tasks] == [0, 0] or [task.status for task in runner.tasks] == [0, 3]
    assert runner.tasks[1].kills and fake.guests["g2"].instances == 2
    assert "g1: TENON-EXIT 0" in capsys.readouterr().out


def test_the_shell_forwards_commands_and_explains_mistakes(fake, capsys, monkeypatch):
    FakeQemu.last.answers = {b"list\n": b"vm 1 node linux1 state running vcpus 1 memory 262144\nok\n",
                             b"destroy 9\n": b"error: no such VM\n", b"poweroff\n": b"ok\n"}
    typed = iter(["list", "", "destroy 9", "frobnicate", "console 9", "console x", "wait 0", "wait", "help", "poweroff"])
    monkeypatch.setattr(Shell, "_read", lambda self: next(typed))
    monkeypatch.setattr("launcher.shell.PATIENCE", 0.05)
    Shell(fake).run()
    out = capsys.readouterr().out
    for wanted in ("vm 1 node linux1", "error: no such VM", "no such command: frobnicate", "there is no VM 9", "which VM?",
                   "how many seconds?", "console N"):
        assert wanted in out, wanted


def test_a_vm_that_cannot_be_created_is_reported_at_once(fake):
    FakeQemu.last.queue = [b"event: failed node linux2: out of memory\n"]
    fake.pump(0)
    with pytest.raises(TenonError, match="node linux2: out of memory"):
        fake.wait_ready(1)


def test_a_panic_ends_every_wait(fake):
    FakeQemu.last.queue = [b"event: panic exception at EL2\n"]
    with pytest.raises(TenonError, match="panic exception at EL2"):
        fake.run_for(5)


def test_a_guest_whose_command_did_not_end_has_failed():
    class FakeGuest:
        name, console, instances = "g1", None, 1
    task = Task(FakeGuest, "xtest")
    assert task.failures(None) == ["g1: its command did not end"]
    task.take_line("some outputTENON-EXIT 0")
    assert task.failures(None) == []
    assert task.failures(1) == ["g1: xtest ran 0 cases, not 1"]


# xtest's summary.

def test_summaries_add_up():
    summary = Summary()
    for line in ("10 subtests of which 0 failed", "1 test case of which 0 failed", "107 test cases were skipped",
                 "2 test cases of which 1 failed", "x 5 test cases of which 5 failed"):
        summary.take_line(line)
    assert (summary.cases, summary.failed, summary.subtests, summary.skipped) == (3, 1, 10, 107)


# Options.

def parse(*words):
    """Options of `tenon run`, checked."""
    options = cli.make_parser().parse_args(["run", *words])
    options_module.check_guest_numbers(options.parser, options)
    return options


def test_the_options_of_the_issue_are_understood():
    options = parse("--guests", "3", "--exec", "a=b", "--exec-guest", "2=x=y", "--kill", "2@1.5", "--kill", "1@0", "--cpus", "1",
                    "--guest-mem", "128", "--timeout", "9", "--icount", "--reserve-pages", "0", "--limit-pages", "7",
                    "--expect-cases", "0", "--vcpus", "2")
    assert options.kills == [(2, 1.5), (1, 0.0)]
    assert options_module.commands_of(options) == {"default": "a=b", "2": "x=y"}
    assert options_module.numbers_of(options) == {"reserve-pages": 0, "limit-pages": 7}


@pytest.mark.parametrize("words", [["--guests", "0"], ["--guests", "x"], ["--kill", "1"], ["--kill", "1@x"], ["--kill", "1@nan"],
                                   ["--kill", "1@-1"], ["--kill", "2@1"], ["--exec-guest", "x"], ["--exec-guest", "0=a"],
                                   ["--exec-guest", "5=a"], ["--timeout", "0"], ["--tee", "qsee"], ["--limit-pages", "-1"],
                                   ["--hypervisor", "none", "--kill", "1@1"], ["--hypervisor", "none", "--guests", "2"]])
def test_wrong_options_are_usage_errors(words, capsys):
    with pytest.raises(SystemExit) as stop:
        parse(*words)
    assert stop.value.code == 2 and "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", "fetch", "firmware", "initramfs", "run", "shell", "setup", "check"])
def test_every_command_has_help(command):
    done = subprocess.run([str(common.REPO / "tenon"), *command.split(), "--help"], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0 and "usage: tenon" in done.stdout


def test_a_failure_says_what_to_do_next(capsys, monkeypatch):
    def fail(options):
        raise TenonError("it broke", "mend it")
    monkeypatch.setattr(cli.hostpkgs, "setup", lambda: fail(None))
    assert cli.main(["setup"]) == 1
    assert capsys.readouterr().err == "tenon: error: it broke\ntenon: next: mend it\n"


# Fetching and host packages.

def test_the_package_list_has_comments():
    assert hostpkgs.parse_list("# a\nqemu-system-arm   # b\n\nmeson\n") == ["qemu-system-arm", "meson"]


def test_missing_packages_are_one_apt_line_for_a_user(monkeypatch):
    monkeypatch.setattr(hostpkgs, "find_missing", lambda: ["meson", "dpkg-dev"])
    monkeypatch.setattr(hostpkgs.os, "geteuid", lambda: 1000)
    with pytest.raises(TenonError) as error:
        hostpkgs.setup()
    assert error.value.next_step.endswith("apt-get install --no-install-recommends -y meson dpkg-dev")


def test_apt_is_told_to_check_signatures_and_to_stay_in_our_folder(tmp_path):
    text = apt.Apt(tmp_path).config_text()
    assert 'AllowInsecureRepositories "false"' in text and 'AllowUnauthenticated "false"' in text
    for setting in ("Dir::State::Lists", "Dir::Cache", "Dir::Etc::sourcelist", "Dir::Etc::sourceparts", "Dir::State::status"):
        line = next(line for line in text.splitlines() if line.startswith(f"{setting} "))
        assert str(tmp_path) in line


def test_a_cache_is_complete_only_with_everything_unpacked(tmp_path):
    assert not apt.is_complete(tmp_path)
    names = apt.PACKAGES + [apt.KERNEL_ALIAS]
    (tmp_path / "deb").mkdir()
    for name in names:
        (tmp_path / "deb" / f"{name}.deb").touch()
        (tmp_path / "pkg" / name).mkdir(parents=True)
        (tmp_path / "pkg" / f".{name}.deb").write_text(f"{name}.deb")
    for name in apt.SOURCES:
        (tmp_path / "src" / name).mkdir(parents=True)
    (tmp_path / "manifest.json").write_text(json.dumps({name: f"{name}.deb" for name in names}))
    assert apt.is_complete(tmp_path)
    (tmp_path / "pkg" / ".libc6.deb").write_text("older.deb")
    assert not apt.is_complete(tmp_path)


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "x"
    with pytest.raises(RuntimeError):
        with common.new_folder(target) as folder:
            (folder / "half").touch()
            raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    for content in ("old", "new"):
        with common.new_folder(target) as folder:
            (folder / content).touch()
    assert [path.name for path in target.iterdir()] == ["new"] and list(tmp_path.iterdir()) == [target]


# The sums of `tenon check`.

@pytest.mark.parametrize("output, good, sums", [
    ("[==========] 3 test(s) run.\n[  PASSED  ] 3 test(s).\n", True, (3, 0)),
    ("[  PASSED  ] 2 test(s).\n[  FAILED  ] tests: 1 test(s), listed below:\n[  FAILED  ] a_b\n\n 1 FAILED TEST(S)\n", False, (2, 1)),
    ("[  PASSED  ] 2 test(s).\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] a_b\n", False, (2, 1)),
    ("ok 1 - a\nnot ok 2 - b\n", False, (1, 1)), ("==12==ERROR: AddressSanitizer", False, (0, 1)), ("", True, (1, 0))])
def test_cases_are_counted(output, good, sums):
    assert unit.count_cases(output, good) == sums


def test_a_skipped_test_has_not_passed(tmp_path, capsys):
    results = tmp_path / "r.xml"
    results.write_text('<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure/></testcase>'
                       '<testcase name="c"><skipped/></testcase></testsuite></testsuites>')
    assert read_results(results) == (1, ["booted: ::b", "booted: ::c"])
    assert "c was SKIPPED" in capsys.readouterr().out


@pytest.mark.parametrize("comment, rows", [
    ("/* %s row 7 */", [7]), ("/* NW-1, %s rows 12 and 34, A.7 */", [12, 34]), ("/* I8, %s rows 13, 33: each */", [13, 33]),
    (" * at once. %s\n * rows 18, 22 and 24: on\n */", [18, 22, 24]), ('"""I8, %s row\n    9, and more."""', [9]),
    ("/* %s 29 */", []), ("/* %s row */ 5", []), ("// %s rows 1,\n// 2 and 3", [1, 2, 3])])
def test_lint_finds_the_rows_of_known_attacks_in_comments(comment, rows):
    assert lint.attack_numbers(comment % "Attack") == rows


def attack_page(rows):
    """A page with such a table, between two others."""
    lines = "".join(f"| {number} | a class | `a/b.c` | {tests} |\n" for number, tests in rows)
    return f"## Before\n| 1 | x | y | `no_test.c` |\n\n## Known attacks\n\n| row | a | b | c |\n| --- | --- | --- | --- |\n{lines}\n## After\n"


def test_lint_compares_known_attacks_with_the_comments_of_tests():
    rows = [(number, "none: a reason") for number in range(1, lint.ATTACKS + 1)]
    rows[4] = (5, "`x_test.c`, `y_test.py`")
    good = {"x_test.c": "/* %s row 5 */" % "attack", "y_test.py": '"""%s rows 5: two."""' % "attack", "z_test.c": "none"}
    assert lint.attack_table(attack_page(rows))[5] == "`x_test.c`, `y_test.py`"

    def problems(rows, sources):
        return lint.compare_attacks(lint.attack_table(attack_page(rows)), sources)

    assert problems(rows, good) == []
    assert len(problems(rows[:-1], good)) == 1                              # a row is missing
    assert len(problems(rows[1:] + rows[:1], good)) == 1                    # not in order
    assert len(problems([(1, ""), *rows[1:]], good)) == 1                   # neither test nor reason
    assert len(problems(rows, {**good, "x_test.c": "/* row 5 */"})) == 1    # the comment is gone
    assert len(problems(rows, {"x_test.c": good["x_test.c"]})) == 1         # the file is gone
    assert len(problems(rows, {**good, "z_test.c": good["x_test.c"]})) == 1     # the table does not name the file
    assert len(problems(rows, {**good, "z_test.c": "/* %s row 99 */" % "attack"})) == 1     # there is no such row


def test_lint_knows_portable_code():
    assert lint.PORTABLE.match("kernel/shm/shm.c") and lint.PORTABLE.match("hypervisor/mediator/call.c")
    assert not lint.PORTABLE.match("kernel/arch/arm64/mmu.c") and not lint.PORTABLE.match("hypervisor/platform/qemu_virt/x.c")


def test_whole_numbers_only():
    with pytest.raises(argparse.ArgumentTypeError):
        options_module.positive("1.5")


# The secure world's log.

@pytest.mark.parametrize("log, powered_off, count", [
    ("warning: before\n14892 KiB of secure memory free\n", False, 0),
    ("of secure memory free\ntenon: hello\ng1: error\n", False, 0),
    ("of secure memory free\ntenon: error: this\n", True, 1),
    ("of secure memory free\nPANIC at PC : 0x000000000e095b84\n", False, 1),
    ("of secure memory free\nPANIC at PC : 0x000000000e095b84\n", True, 0),      # QEMU was slow to end the machine
    ("of secure memory free\nPANIC at PC : 0xe0\ntenon: more\n", True, 1),
    ("NOTICE: BL31\n", False, 1)])
def test_complaints_of_the_secure_world(log, powered_off, count):
    assert len(complaints_in(log, powered_off)) == count
