# SPDX-License-Identifier: BSD-2-Clause
"""Runs a script's steps on a machine and judges what comes."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional

from .codes import ORIGIN_NAMES, result_name
from .machine import Answer, Machine, MachineDied, Output
from .script import Expectation, Operation, Step

SHOWN = 64                                      # octets of a memory content


@dataclass
class Report:
    """What a run gave."""
    operations: List[Dict[str, Any]] = field(default_factory=list)
    expectations: int = 0
    failures: List[str] = field(default_factory=list)
    chances: int = 0                            # allocations that could have failed
    exits: int = 0                              # times that the guest got control inside a call
    killed: bool = False
    missing_pages: int = 0
    instructions: int = 0
    crash: str = ""


def show_octets(data: bytes) -> str:
    """Octets for people, as the script would write them."""
    more = f" … ({len(data)} octets)" if len(data) > SHOWN else ""
    if data and all(32 <= octet < 127 for octet in data):
        return f"text:{data[:SHOWN].decode()}{more}"
    return f"hex:{data[:SHOWN].hex()}{more}"


def show_output(at: int, output: Output) -> str:
    """One output parameter for people."""
    if output.is_memory:
        return f"{at}: {output.size} octets {show_octets(output.content)}"
    return f"{at}: {output.values[0]} {output.values[1]}"


class Runner:
    """One script, once. strict: an operation without an expected result must succeed."""

    def __init__(self, machine: Machine, show: Callable[[str], None], strict: bool = True):
        self._machine, self._show, self._strict = machine, show, strict
        self._operation: Optional[Operation] = None
        self._answer = Answer()
        self._judged = False
        self.report = Report()

    def run(self, steps: List[Step]) -> Report:
        """All steps, then the end of the guest."""
        try:
            for step in steps:
                if isinstance(step, Expectation):
                    self._expect(step)
                else:
                    self._settle()
                    self._do(step)
                if self.report.killed:
                    break
            self._settle()
            self.report.missing_pages, self.report.instructions, _ = self._machine.finish()
        except MachineDied as error:
            self.report.crash = str(error)
        return self.report

    def _do(self, step: Operation) -> None:
        words = [step.verb, str(self._machine.slot(step.session))]
        if step.verb == "open":
            words += [step.uuid, str(step.login), step.client]
        if step.verb == "invoke":
            words.append(str(step.command))
        self._show(f"{step.where}: {step.text}")
        self._operation, self._judged = step, False
        words += [param.wire() if param else "-" for param in step.params]
        self._answer = answer = self._machine.send(" ".join(words))
        self.report.chances, self.report.exits, self.report.killed = answer.chances, answer.exits, answer.killed
        if answer.killed:
            self._show("  the guest died here")
            return
        outputs = [show_output(at, output) for at, output in enumerate(answer.outputs) if output]
        self._show("; ".join([f"  -> {result_name(answer.result)} from {ORIGIN_NAMES.get(answer.origin, answer.origin)}", *outputs]))
        self._check_beyond()
        self.report.operations.append({
            "where": step.where, "text": step.text, "result": answer.result, "origin": answer.origin, "log": answer.log,
            "outputs": [output and ({"size": output.size, "content": output.content.hex()} if output.is_memory
                                    else {"a": output.values[0], "b": output.values[1]}) for output in answer.outputs]})

    def _check_beyond(self) -> None:
        for at, output in enumerate(self._answer.outputs):
            if output and output.beyond:
                self._fail(self._operation.where, f"parameter {at}: the app changed {output.beyond} octets behind its end")

    def _fail(self, where: str, text: str) -> None:
        self.report.failures.append(f"{where}: {text}")
        self._show(f"  FAILED: {text}")

    def _settle(self) -> None:
        """The operation before is over: without an expected result it had to succeed."""
        answer = self._answer
        if self._operation and not self._judged and self._strict and answer.result and not answer.killed:
            hint = "".join(f"; {uuid}.ta is in no folder (--ta-dir)" for uuid in answer.missing)
            self._fail(self._operation.where, f"'{self._operation.text}' was to succeed, but came {result_name(answer.result)} "
                       f"from {ORIGIN_NAMES.get(answer.origin, answer.origin)}{hint}")
        self._judged = True

    def _expect(self, step: Expectation) -> None:
        answer = self._answer
        if not self._strict or answer.killed:
            return
        self.report.expectations += 1
        if step.kind == "result":
            self._judged = True
            self._compare(step, answer.result == step.values[0], result_name(step.values[0]), result_name(answer.result))
        elif step.kind == "origin":
            self._compare(step, answer.origin == step.values[0], ORIGIN_NAMES[step.values[0]],
                          ORIGIN_NAMES.get(answer.origin, str(answer.origin)))
        elif step.kind == "log":
            text = step.content.decode()
            self._compare(step, any(text in line for line in answer.log), f"a log line with '{text}'",
                          f"{len(answer.log)} log lines without it" if answer.log else "no log line")
        else:
            self._expect_output(step, answer.outputs[step.number])

    def _expect_output(self, step: Expectation, output: Optional[Output]) -> None:
        if not output:
            self._compare(step, False, step.kind, "nothing")
        elif step.kind == "value":
            came = output.values[:len(step.values)]
            self._compare(step, came == step.values, " ".join(map(str, step.values)), " ".join(map(str, came)))
        elif step.kind == "size":
            self._compare(step, output.size == step.values[0], str(step.values[0]), str(output.size))
        else:
            self._compare(step, output.content == step.content, show_octets(step.content), show_octets(output.content))

    def _compare(self, step: Expectation, good: bool, wanted: str, came: str) -> None:
        if not good:
            self._fail(step.where, f"'{step.text}': expected {wanted}, came {came}")
