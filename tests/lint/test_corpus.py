# SPDX-License-Identifier: Apache-2.0
"""
Requests that others wrote, in the folder that P11CSR_CORPUS names: SOURCE/FILE, and RESULTS.tsv with what
independent verifiers say of each. Nothing of it is in this project; without the folder the tests say so.
"""

import collections
import csv
import os
import pathlib

import pytest
import support

FOLDER = os.environ.get("P11CSR_CORPUS", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="not run: P11CSR_CORPUS names no folder with requests")
CORPUS = pathlib.Path(FOLDER)
ROWS = []
if FOLDER:
    with (CORPUS / "RESULTS.tsv").open(encoding="utf-8") as table:
        ROWS = list(csv.DictReader(table, delimiter="\t"))
JUDGES = [name for name in (ROWS or [{}])[0] if name not in ("source", "file", "form", "bytes")]
# The exit status of a verdict on the signature, where nothing is wrong with the structure.
STATUS = {"good": 0, "bad": 1, "not verifiable here": 7, "unreadable": 9}

# Where p11csr says something else of the signature than the verifiers agree on, and why.
DIFFERENCES = {
    "x509__requests__rsa_md4.der": (
        "not verifiable here",
        "this libcrypto has no MD4, which is not to be wrong",
    ),
    "x509__requests__rsa_md4.pem": (
        "not verifiable here",
        "this libcrypto has no MD4, which is not to be wrong",
    ),
}
# Requests with a good signature whose structure is wrong, so that `verify` says no: the rules they break.
STRUCTURE = {
    "ca__testdata__ct_poison_extension.der.csr": {"S19"},
    "ca__testdata__ct_poison_extension_empty.der.csr": {"S19"},
    "ca__testdata__long_cn.der.csr": {"S10"},
    "acme__src__acme___internal__tests__testdata__csr-idnsans.pem": {"S11"},
    "acme__src__acme___internal__tests__testdata__csr-ipsans.pem": {"S02"},
    "acme__src__acme___internal__tests__testdata__csr-ipv6sans.pem": {"S02"},
    **{
        f"certbot-ci__src__certbot_integration_tests__assets__sample-config__csr__000{at}_csr-certbot.pem": {
            "S02"
        }
        for at in range(4)
    },
    "inline_csrBase64.der": {"S02"},
    "inline_dupAttCSR.pem": {"S04"},
    "inline_pem_2.pem": {"S04"},
    "inline_dupExtCSR.pem": {"S05"},
    "data_files__server1.req.key_usage_empty": {"S12"},
    "data_files__test-ca2.req.sha256": {"S07"},
    "x509__requests__freeipa-bad-critical.pem": {"S12"},
    "x509__requests__zero-element-attribute.pem": {"S04"},
}
# The fault that the name of a file announces: a part of the name -> the rules that find it.
FAULTS = {
    "bad_algorithm": "S18 L02",
    "must_staple": "L07",
    "short_key": "T01 L01 M01 C01",
    "fermat": "T05 L09",
    "_512.": "T01 L01",
    "nonames": "T09 L06",
    "unsupported_extension": "L11",
    "ca__testdata__invalid_signature": "S06",
    "long_cn": "S10 L05",
    "no_names": "S13 T09 L06",
    "ct_poison": "S19",
    "dupAttCSR": "S04",
    "dupExtCSR": "S05",
    "md5": "S18",
    "sha1.": "S18",
    "req.sha1": "S18",
    "rsa_md4": "S18",
    "key_usage_empty": "S12",
    "malformed_duplicated_extension": "S05",
    "malformed_extension_data_len": "S01",
    "malformed_extension_data_tag": "S05",
    "malformed_extension_id_tag": "S05",
    "malformed_extension_type_oid": "S01",
    "malformed_extension_key_usage_bitstream_tag": "S12",
    "malformed_extension_subject_alt_name_sequence_tag": "S11",
    "malformed_extensions_sequence_tag": "S05",
    "malformed_attributes_extension_request_sequence_tag": "S05",
    "requests__invalid_signature": "S06",
    "bad-version": "S02",
    "challenge": "S14",
    "challenge-invalid": "S04",
    "challenge-multi-valued": "S04",
    "old_header": "S20",
    "freeipa-bad-critical": "S12",
    "long-form-attribute": "S06",
    "two_basic_constraints": "S05",
    "zero-element-attribute": "S04",
}


def path_of(row):
    return CORPUS / row["source"] / row["file"]


def verdict_of(row):
    """What OpenSSL 3.0 says; later ones refuse another version than 0 without a look at the signature."""
    said = row["openssl-3.0.19"]
    return {"OK": "good", "SIGFAIL": "bad", "PARSEFAIL": "unreadable"}[said]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    return support.Box(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def judged(box):
    """File name -> the findings under all sets, or the error."""
    sets = sorted({rule["set"] for rule in box.run("lint", "--list", "--json").ok().json["rules"]})
    said = box.run("lint", "--json", "--rules", ",".join(sets), *map(path_of, ROWS))
    return {pathlib.Path(one["file"]).name: one for one in said.json["files"]}


def test_there_is_a_corpus():
    assert len(ROWS) > 100 and all(path_of(row).is_file() for row in ROWS)
    names = [row["file"] for row in ROWS]
    assert not [name for name in (*DIFFERENCES, *STRUCTURE, *FAULTS) if not any(name in one for one in names)]


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_show(row, box):
    """What parses is shown; the exit status of --check is that of verify."""
    plain = box.run("show", path_of(row))
    checked = box.run("show", "--check", path_of(row), "--json")
    assert plain.status == (9 if verdict_of(row) == "unreadable" else 0), plain
    assert (plain.out != "") == (plain.status == 0)
    assert checked.status == box.run("verify", path_of(row)).status, checked


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_verify(row, box):
    """The verdict is that of the verifiers, and the exit status that of the verdict and of the structure."""
    said = box.run("verify", path_of(row), "--json")
    theirs = verdict_of(row)
    expected, why = DIFFERENCES.get(row["file"], (theirs, ""))
    assert not why or expected != theirs, "there is no difference"
    assert said.json.get("verdict", "unreadable") == expected, said
    assert expected != "unreadable" or said.json["error"]["code"] == "REQUEST"
    assert said.status == (1 if row["file"] in STRUCTURE else STATUS[expected]), said
    assert theirs != "bad" or said.status != 0


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_structure(row, judged):
    """What the verifiers call good has no structure error, unless it is listed with the rules."""
    found = judged[row["file"]].get("findings", ())
    errors = {one["id"] for one in found if one["severity"] == "error" and one["set"] == "structure"}
    assert verdict_of(row) != "good" or errors == STRUCTURE.get(row["file"], set()), found


@pytest.mark.parametrize("name", FAULTS)
def test_announced_faults(name, judged):
    rows = [row for row in ROWS if name in row["file"]]
    for row in rows:
        found = {one["id"] for one in judged[row["file"]]["findings"] if one["severity"] != "not-judged"}
        assert set(FAULTS[name].split()) <= found, (row["file"], found)


def test_table(box, judged, capsys):
    agreement = collections.Counter()
    for row in ROWS:
        verdict = box.run("verify", path_of(row), "--json").json.get("verdict", "unreadable")
        for judge in JUDGES:
            agreement[judge, row[judge].split(":")[0].split()[0], verdict] += 1
    with capsys.disabled():
        print(f"\nverify on {len(ROWS)} requests of {CORPUS.name}, {len(DIFFERENCES)} differences explained")
        for (judge, said, verdict), count in sorted(agreement.items()):
            print(f"  {judge:16}{said:16}p11csr: {verdict:20}{count:4}")
