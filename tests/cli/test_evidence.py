# SPDX-License-Identifier: Apache-2.0
"""Evidence that a key lives in a device: collected from the token and from files, and beside a request."""

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec

import support
from vendor import PIV, SUBJECT, certificates, der, pem


def store(bench, certificate, label, key_id):
    path = bench.write(f"{key_id}.store", der(certificate))
    bench.token.tool("--write-object", path, "--type", "cert", "--label", label, "--id", key_id)


def test_collect_from_token(bench):
    """As Yubico's module shows them: the attestation of each slot, and the device's own certificate."""
    token = bench.token
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    store(bench, bench.leaf, "X.509 Certificate for PIV Attestation 9c", "1b")
    store(
        bench, bench.device.issue("A 9a", other, False, PIV), "X.509 Certificate for PIV Attestation 9a", "19"
    )
    store(bench, bench.device.certificate, "X.509 Certificate for PIV Attestation", "f9")
    store(
        bench, support.Authority().issue(support.name("code"), bench.public), "X.509 Certificate for 9c", "03"
    )
    middle = bench.write("middle.pem", pem(bench.middle.certificate))
    found = token.run(
        "attest", "collect", *token.at, "--key-label", "code", "-o", "e", "--files", middle, "--root",
        bench.root_file, "--json",
    ).ok()  # fmt: skip
    assert found.json["attestation"]["level"] == "vendor-attested" and found.json["folder"] == "e"
    folder = token.work / "e"
    assert sorted(path.name for path in folder.iterdir()) == [
        "attestation.pem",
        "evidence.json",
        "report.json",
        "report.txt",
    ]
    bundle = certificates((folder / "attestation.pem").read_bytes())
    assert bundle == [bench.leaf, bench.device.certificate, bench.middle.certificate]
    evidence = json.loads((folder / "evidence.json").read_text())
    support.validate(evidence, "evidence-file")
    assert evidence["attestation"] == found.json["attestation"]
    assert any("object=X.509%20Certificate" in one["name"] for one in evidence["attestation"]["files"])
    support.validate(json.loads((folder / "report.json").read_text()), "report-file")
    assert "this is no evidence" in (folder / "report.txt").read_text()
    bench.verify(folder).ok()
    token.refused(
        "attest", "collect", *token.at, "--key-label", "code", "-o", "e", status=11, code="FILE_EXISTS",
        says="e/attestation.pem",
    )  # fmt: skip
    again = token.run(
        "attest", "collect", *token.at, "--key-label", "code", "-o", "e", "--force", "--json"
    ).ok()
    assert again.json["attestation"]["level"] == "not-verified"
    assert "not verified to a root" in again.json["attestation"]["why"]


def test_nothing_to_collect(bench):
    token = bench.token
    store(bench, support.Authority().issue(support.name("code"), bench.public), "code", "03")
    token.refused(
        "attest", "collect", *token.at, "--key-label", "code", "-o", "e", status=3, code="CERT_NOT_FOUND",
        says=["no certificate certifies the public key", "--files FILE"],
    )  # fmt: skip
    token.refused(
        "attest", "collect", *token.at, "--key-label", "code", status=64, code="USAGE", says="-o names"
    )
    path = bench.write("a.pem", bench.chain())
    token.refused("attest", "verify", path, status=64, code="USAGE", says="say which key: --key-for FILE")


def test_request_with_evidence(bench):
    token = bench.token
    path = bench.write("a.pem", bench.chain())
    made = token.request(
        "--key-label",
        "code",
        *SUBJECT,
        "--evidence",
        "e",
        "--files",
        path,
        "--root",
        bench.root_file,
        "--json",
    ).json
    assert made["key"]["evidence"] == "vendor-attested"
    assert made["key"]["attestation"]["vendor"]["device"] == "YubiKey PIV"
    assert made["key"]["protection"]["evidence"] == "module-reported"
    bench.verify(token.work / "e").ok()
    # Without an attestation there is the report, and a warning.
    plain = token.request("--key-label", "code", *SUBJECT, "--evidence", "p", "--json").json
    assert plain["key"]["evidence"] == "module-reported"
    assert "not attested by its vendor: no certificate certifies" in plain["warnings"][0]
    assert sorted(p.name for p in (token.work / "p").iterdir()) == [
        "evidence.json",
        "report.json",
        "report.txt",
    ]
    token.refused(
        "request", *token.at, "--key-label", "code", *SUBJECT, "--root", path, status=64, code="USAGE",
        says="--root goes with --evidence DIR",
    )  # fmt: skip
    token.refused(
        "request", *token.at, "--key-label", "code", *SUBJECT, "--evidence", "p", status=11,
        code="FILE_EXISTS", says="p/evidence.json",
    )  # fmt: skip


def test_planned_evidence(bench):
    """A plan holds the digests of the files with attestations; what --evidence takes later are those."""
    token = bench.token
    path = bench.write("a.pem", bench.chain())
    statement = bench.write("statement", b"\x05\x00")
    made = token.run(
        "plan", *token.at, "--key-label", "code", *SUBJECT, "--attestation", f"1.2.4:{statement}",
        "--attestation-cert", path, "--files", path, "--root", bench.root_file, "-o", "plan.json", "--json",
    ).ok().json["plan"]  # fmt: skip
    assert made == json.loads((token.work / "plan.json").read_text())
    assert made["evidence"]["files"] == [
        {"option": option, "file": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        for option, file in (
            ("attestation", statement),
            ("attestation-cert", path),
            ("files", path),
            ("root", bench.root_file),
        )
    ]
    asked = ("--plan", "plan.json", "--evidence", "e")
    root = ("--root", bench.root_file)
    other = bench.write("b.pem", bench.chain() + b"\n")
    for files, says in (
        (("--files", other, *root), "--files 'b.pem' is not one of the files that were planned"),
        (("--files", path, "--root", path), "is not one of the files that were planned"),
        (("--files", path), f"--root '{bench.root_file}' was planned, and is not given"),
        ((), f"--files '{path}' was planned, and is not given"),
    ):
        said = [file if file != other else "b.pem" for file in files]
        token.refused("request", *token.at, *asked, *said, status=8, code="NOT_PLANNED", says=says)
    token.run("request", *token.at, *asked, "--files", path, *root).ok()
    # Under another name it is the same, and a plan without such files leaves them to the request.
    bench.write("c.pem", bench.chain())
    token.run("request", *token.at, *asked, "--files", "c.pem", *root, "--force").ok()
    token.run("plan", *token.at, "--key-label", "code", *SUBJECT, "-o", "free.json").ok()
    token.run("request", *token.at, "--plan", "free.json", "--evidence", "f", "--files", path, *root).ok()
    token.refused(
        "plan", *token.at, "--key-label", "code", *SUBJECT, "--files", "-", status=64, code="USAGE",
        says="a plan holds the digests of files: name one in place of '-'", stdin=bench.chain(),
    )  # fmt: skip
