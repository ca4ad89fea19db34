# SPDX-License-Identifier: BSD-2-Clause
"""The command that maps points to tests: what it finds, what it takes for a result, what fails it."""
import json

import pytest
from conftest import REPO
from conformance import results, scan, table
from conformance.main import is_bad, judge
from launcher.common import TenonError
from launcher.xtest import Summary

C_SOURCE = """
static void ta_044_to_046_sentence(void **state)
{
	(void)state; /* TA-099 */
}

/* TA-001, TA-003 .. TA-005
 * and more */
static void another_sentence(void **state)
{
	(void)state;
}

/* TA-050: of something else */
static int helper(void);

static void no_points(void **state)
{
	(void)state;
}

static void about_ta_078_and_079(void **state)
{
}
"""


def test_points_of_c_tests_come_from_name_and_comment():
    """Ranges count, other functions' comments do not."""
    found = {test.function: set(test.points) for test in scan.scan_c("kernel/x_test.c", C_SOURCE)}
    assert found == {"ta_044_to_046_sentence": {"TA-044", "TA-045", "TA-046", "TA-099"},
                     "another_sentence": {"TA-001", "TA-003", "TA-004", "TA-005"}, "about_ta_078_and_079": {"TA-078", "TA-079"}}


def test_points_of_python_tests_come_from_name_and_docstring():
    """A helper's docstring is not a test's."""
    text = 'def test_ta_010_011_x():\n    """TA-020–TA-021."""\n\n\ndef helper():\n    """TA-001"""\n\n\ndef test_y():\n    """TA-7."""\n'
    assert [(test.function, test.points) for test in scan.scan_python("tests/x_test.py", text)] == [
        ("test_ta_010_011_x", ("TA-010", "TA-011", "TA-020", "TA-021"))]


def test_the_table_of_points_is_whole():
    """Every number once, in order; crypto and storage are gaps."""
    points = scan.read_points()
    assert [point.name for point in points] == [f"TA-{number:03}" for number in range(1, 155)]
    assert {point.gap for point in points} == {"", "crypto", "storage"}
    assert all(point.kinds and point.statement for point in points)


def test_a_line_that_is_no_point_is_refused(tmp_path):
    """With its place."""
    path = tmp_path / "points.tsv"
    path.write_text("TA-001\tQ\t-\t-\tx\n")
    with pytest.raises(TenonError, match="points.tsv:1"):
        scan.read_points(path)


def test_results_of_functions_are_read_from_both_kinds_of_log(tmp_path):
    """cmocka's lines within Meson's log; pytest's JUnit with parameters; skipped is not executed."""
    log = tmp_path / "testlog.json"
    log.write_text(json.dumps({"name": "tenon / x_test", "result": "FAIL", "stderr": "",
                               "stdout": "[       OK ] good\n[  FAILED  ] bad\n[  PASSED  ] 1 test(s).\n"}) + "\n"
                   + json.dumps({"name": "y_test", "result": "OK", "stdout": "ok 1 - tap\nnot ok 2 - tip\n"}) + "\n")
    assert results.unit_results(log) == {("x_test", "good"): "ok", ("x_test", "bad"): "FAILED", ("y_test", "tap"): "ok",
                                         ("y_test", "tip"): "FAILED"}
    report = tmp_path / "pytest.xml"
    report.write_text('<testsuites><testsuite><testcase classname="tests.a_test" name="test_x[1]"/><testcase '
                      'classname="tests.a_test" name="test_x[2]"><failure/></testcase><testcase classname="tests.a_test" '
                      'name="test_y"><skipped/></testcase></testsuite></testsuites>')
    assert results.booted_results(report) == {("a_test", "test_x"): "FAILED"}


def test_what_fails_the_command():
    """A failed test; a point with U or L and no executed test; not a gap, not a case of xtest alone."""
    test = scan.Test("kernel/x_test.c", "sentence", ("TA-001",))
    point = scan.Point("TA-001", "U", "", (), "x")
    gap, xtest = scan.Point("TA-002", "U", "crypto", (), "x"), scan.Point("TA-003", "X", "", ("1001",), "x")
    assert judge(point, [test], {("x_test", "sentence"): "ok"}, {}) == "ok"
    for tests, found, verdict in (([], {}, "no test"), ([test], {}, "not executed"),
                                  ([test], {("x_test", "sentence"): "FAILED"}, "FAILED")):
        assert judge(point, tests, found, {}) == verdict and is_bad(point, verdict)
    assert judge(gap, [], {}, {}) == "gap" and not is_bad(gap, "gap")
    assert judge(xtest, [], {}, {}) == "not executed" and not is_bad(xtest, "not executed")
    assert judge(xtest, [], {}, {"1001": "FAILED"}) == "FAILED" and is_bad(xtest, "FAILED")


def test_each_case_of_xtest_has_its_worst_result():
    """Skips are lines between a case's begin and end; a case without an end has failed."""
    summary = Summary()
    for line in ("* regression_1001 Core self tests", " - 1001 -   skip test, pseudo TA not found", "  regression_1001.1 OK",
                 "  regression_1001 OK", "* regression_1002 PTA", "  regression_1002 OK", "* regression_1002 PTA",
                 "  regression_1002 FAILED", "* regression_1002 PTA", "  regression_1002 OK", "* regression_1003 x",
                 "regression_1003 OK", "* regression_1004 x", "o regression_1004.1 a", "  regression_1004.1 OK",
                 "o regression_1004.2 b", "skip test", "  regression_1004.2 OK", "  regression_1004 OK"):
        summary.take_line(line)
    assert summary.results == {"regression_1001": "skipped", "regression_1002": "FAILED", "regression_1003": "FAILED",
                               "regression_1004": "OK, a part skipped"}


def test_the_page_names_every_case_and_its_sums():
    """docs/conformance.md is what the command writes."""
    page = table.render({"peer": {"regression_1": "OK", "regression_2": "skipped"}, "tenon": {"regression_1": "FAILED"}})
    assert "| regression_1 | OK | FAILED |" in page and "| regression_2 | skipped | did not run |" in page
    assert "| **2 cases** | 1 OK, 1 skipped, 0 FAILED | 0 OK, 0 skipped, 2 FAILED |" in page
    assert table.problems_of({"tenon": {"regression_1": "FAILED"}}) == ["tenon: 1 cases, not 64", "tenon: regression_1 FAILED"]


def test_no_test_names_a_point_that_does_not_exist():
    """Otherwise a slip of the pen would look like a test."""
    known = {point.name for point in scan.read_points()}
    unknown = [(test.file, test.function, name) for test in scan.find_tests(REPO) for name in test.points if name not in known]
    assert not unknown, unknown
