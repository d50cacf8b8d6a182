# SPDX-License-Identifier: Apache-2.0
"""
Each lint rule fires for a request that breaks it, and does not for the same request without the fault. The
cases are rows in cases_*.py: see craft.py.
"""

import importlib
import itertools
import pathlib

import craft
import pytest
import support

HERE = pathlib.Path(__file__).resolve().parent
CASES = [
    case for path in sorted(HERE.glob("cases_*.py")) for case in importlib.import_module(path.stem).CASES
]
# What a rule says of a good neighbour that it cannot judge is no finding.
QUIET = ("not-judged",)


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    return support.Box(tmp_path_factory.mktemp("lint"))


@pytest.fixture(scope="module")
def rules(box):
    return {rule["id"]: rule for rule in box.run("lint", "--list", "--json").ok().json["rules"]}


def data_folder(box, data, number):
    """The words that name the files of --lint-data."""
    if not data:
        return ()
    folder = box.work / f"data-{number}"
    folder.mkdir()
    for name, octets in data:
        (folder / name).write_bytes(octets)
    return ("--lint-data", folder)


def judge(box, number, run, cases):
    """(title, "bad" or "good") -> findings, by one command."""
    sets, data, args = run
    files = {}
    for at, case in enumerate(cases):
        for kind, request in (("bad", case.bad), ("good", case.good)):
            if request is not None:
                path = box.work / f"{number}-{at}-{kind}.csr"
                path.write_bytes(request.octets())
                files[str(path)] = (case.title, kind)
    words = (*args, *data_folder(box, data, number))
    said = box.run("lint", "--json", "--rules", sets, *words, *files)
    assert said.status in (0, 1), said
    answers = {one["file"]: one for one in said.json["files"]}
    assert answers.keys() == files.keys(), said
    assert said.status == (1 if any(one["errors"] for one in answers.values()) else 0), said.status
    return {what: answers[path]["findings"] for path, what in files.items()}


@pytest.fixture(scope="module")
def judged(box):
    found = {}
    cases = sorted(CASES, key=lambda case: repr(case.run))
    for number, (run, group) in enumerate(itertools.groupby(cases, key=lambda case: case.run)):
        found.update(judge(box, number, run, list(group)))
    return found


def of_rule(findings, rule):
    return [one for one in findings if one["id"] == rule]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_rule_fires(case, rules, judged):
    severity = case.severity or rules[case.rule]["severity"]
    found = of_rule(judged[case.title, "bad"], case.rule)
    fitting = [one for one in found if one["severity"] == severity and case.text in one["text"]]
    assert fitting, judged[case.title, "bad"]
    assert all(one["set"] == rules[case.rule]["set"] for one in found)


@pytest.mark.parametrize("case", [case for case in CASES if case.good], ids=lambda case: case.title)
def test_rule_spares_the_neighbour(case, judged):
    found = of_rule(judged[case.title, "good"], case.rule)
    assert not [one for one in found if one["severity"] not in QUIET or case.severity in QUIET], found


def test_every_rule_has_a_case(rules):
    """One without a good neighbour is never judged, or only tells something."""
    missing = sorted(set(rules) - {case.rule for case in CASES})
    assert not missing, f"no case for {', '.join(missing)}"
    assert not {case.rule for case in CASES} - set(rules)
    bare = {case.rule for case in CASES if case.good is None} - {case.rule for case in CASES if case.good}
    loud = [case.title for case in CASES if case.rule in bare and case.severity not in ("info", *QUIET)]
    assert not loud, f"no good neighbour: {loud}"


def test_titles_are_unique():
    titles = [case.title for case in CASES]
    assert len(titles) == len(set(titles)), sorted(title for title in titles if titles.count(title) > 1)


def test_the_plain_request_has_no_fault(box):
    path = box.work / "plain.csr"
    path.write_bytes(craft.pem(craft.Request().der()))
    (answer,) = box.run("lint", "--json", path).ok().json["files"]
    assert (answer["errors"], answer["warnings"], answer["infos"]) == (0, 0, 0), answer
