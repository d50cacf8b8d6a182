# SPDX-License-Identifier: Apache-2.0
"""
Requests changed at random, read by p11csr, OpenSSL and pyca: nobody crashes, and where p11csr calls good what
another refuses, or the other way round, there is a rule or a row below that says why. P11CSR_SEED chooses the
same ones again; P11CSR_ROUNDS=10 ten times as many.
"""

import collections
import json
import os
import pathlib
import random
import resource
import subprocess

import craft
import encode as der
import keys
import mutate
import pytest
import support
from craft import Request

pytestmark = pytest.mark.filterwarnings("ignore:Country names")
COUNT = 2000 * int(os.environ.get("P11CSR_ROUNDS", "1"))
SEED = int(os.environ.get("P11CSR_SEED") or 20)
BATCH = 250
JUDGE = os.environ["P11CSR_JUDGE_OPENSSL"]
CORPUS = os.environ.get("P11CSR_CORPUS", "")
SANITIZED = "ASAN_OPTIONS" in os.environ
SECONDS, MEMORY = 120, 512 << 20

MANY = (
    craft.key_usage("digitalSignature", "keyEncipherment"),
    craft.eku("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"),
    craft.basic(path=1),
    der.extension("2.5.29.14", der.octet_string(b"x" * 20)),
    der.extension("2.5.29.32", der.sequence(der.sequence(der.oid("2.23.140.1.2.1")))),
    der.extension("1.3.6.1.4.1.99999.1", der.utf8("private"), True),
)
NAMES = (
    craft.dns("*.example.com"),
    craft.ip("192.0.2.1"),
    craft.ip("2001:db8::1"),
    craft.email("a@example.com"),
    craft.uri("https://www.example.com/x"),
    der.other_name("1.3.6.1.4.1.311.20.2.3", der.utf8("a@example.com")),
    der.tlv(0xA4, craft.dn("C=DE", "CN=a")),
    der.tlv(0x88, b"\x2a\x03"),
)
SUBJECT = craft.dn("C=DE", "ST=Bayern", "O=Beispiel GmbH", "CN=www.example.com")
RDN = der.name([[(craft.TYPES["CN"], der.utf8("ä")), (craft.TYPES["C"], der.printable("DE"))]])
OTHER = (
    der.attribute(craft.CHALLENGE_PASSWORD, der.utf8("secret")),
    der.attribute("1.2.840.113549.1.9.2", der.utf8("one")),
)
RSA = keys.rsa(1024)
BASES = [
    Request(),
    Request(subject=SUBJECT, san=NAMES, more=MANY),
    Request(subject=RDN, san=(), more=MANY[:2], other=OTHER),
    Request(san=()),
    Request(key=RSA, subject=SUBJECT, more=MANY[2:]),
    Request(key=RSA.with_scheme("pss"), other=OTHER),
    Request(key=keys.ED25519, san=NAMES[:4]),
    Request(key=keys.curve("p384", "sha384"), more=MANY),
]


def bases():
    """(DER, key that signs it again); of the corpus, the content is asked for with a key of ours."""
    made = [(request.der(), request.signer()) for request in BASES]
    for path in sorted(pathlib.Path(CORPUS).rglob("*.der")) if CORPUS else ():
        octets = path.read_bytes()
        made.append((octets, None))
        root = mutate.parse_list(octets)
        if root and len(root) == 1 and root[0].children and len(root[0].children) == 3:
            ours = root[0].copy()
            if len(ours.children[0].children or ()) == 4:
                ours.children[0].children[2] = mutate.parse(keys.curve("p256").spki)
                ours.children[1] = mutate.parse(keys.curve("p256").aid)
                mutate.sign_again(ours, keys.curve("p256"))
                made.append((ours.encode(), keys.curve("p256")))
    return made


def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def by_p11csr(box, requests):
    """For each: the ids of the errors and whether the signature could be judged; None and why."""
    answers = []
    for start in range(0, len(requests), BATCH):
        paths = []
        for at, octets in enumerate(requests[start : start + BATCH]):
            paths.append(box.work / f"{at}.csr")
            paths[-1].write_bytes(octets)
        said = box.run("lint", "--json", *paths, preexec_fn=limits)
        assert said.status in (0, 1, 9), (said.status, said.err)
        found = {one["file"]: one for one in said.json["files"]}
        answers += [found[str(path)] for path in paths]
    return answers


def by_openssl(requests):
    done = subprocess.run(
        [JUDGE],
        input="".join(f"{one.hex()}\n" for one in requests).encode(),
        capture_output=True,
        preexec_fn=limits,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [json.loads(line)["good"] for line in done.stdout.splitlines()]
    assert len(answers) == len(requests)
    return answers


def by_pyca(octets):
    """None when it accepts the request and all that is in it; else why not."""
    try:
        request = support.x509.load_der_x509_csr(octets)
        if not request.is_signature_valid:
            return "signature"
        list(request.subject), list(request.extensions), list(request.attributes)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # its panics are no Exception
        return f"{type(error).__name__}: {error}"
    return None


# Where p11csr calls good what another refuses: a part of what is said -> why.
STRICTER = {
    "Only single-valued attributes": "pyca reads no attribute of several values, which most types may have",
    "::type_id": "pyca reads no arc of an OID that needs more than 28 bits",
    "x400Address/EDIPartyName": "pyca does not know all kinds of names",
    "mstring wrong tag": "OpenSSL reads only strings in a subject; of an unknown type any value is one",
    "pyca KeyError: ": "pyca reads only universal strings in a subject; of an unknown type any value is one",
}
# Extensions that pyca reads and p11csr shows as hex, so that any value is one: their OIDs in hex.
AS_HEX = {
    "issuerAltName": "0603551d12",
    "cRLDistributionPoints": "0603551d1f",
    "policyConstraints": "0603551d24",
    "freshestCRL": "0603551d2e",
    "inhibitAnyPolicy": "0603551d36",
    "authorityInfoAccess": "06082b06010505070101",
    "subjectInfoAccess": "06082b0601050507010b",
    "certificate timestamps": "060a2b06010401d679020402",
}
# Where p11csr cannot read what both others accept: a part of what it says -> why.
UNREADABLE = {}


def reason_of(octets, answer, openssl, pyca):
    """
    None where all agree; else a rule's id or a row of the tables above, and whether that explains it.
    """
    errors = sorted({one["id"] for one in answer.get("findings", ()) if one["severity"] == "error"})
    if "unreadable" in answer:
        said = answer["unreadable"]
        known = next((row for row in UNREADABLE if row in said), None)
        return (known or said, known is not None) if openssl and pyca is None else None
    if errors:
        return (" ".join(errors), True) if openssl and pyca is None else None
    judged = not any(one["id"] == "S06" for one in answer["findings"])
    if judged and (not openssl or pyca is not None):
        said = f"openssl {openssl}, pyca {pyca}"
        known = next((row for row in STRICTER if row in said), None)
        if openssl and pyca is not None and pyca.startswith("ValueError"):
            known = known or next((name for name, oid in AS_HEX.items() if oid in octets.hex()), None)
        return known or said, known is not None
    return None


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    return support.Box(tmp_path_factory.mktemp("mutations"))


def test_all_agree_on_the_bases(box):
    """Before anything is changed, so that what is found below is what the change did."""
    requests = [request.der() for request in BASES]
    for answer, openssl, octets in zip(by_p11csr(box, requests), by_openssl(requests), requests):
        assert openssl and by_pyca(octets) is None and answer["errors"] == 0, (answer, by_pyca(octets))


def test_mutations(box, capsys):
    rng = random.Random(SEED)
    all_bases = bases()
    requests = [mutate.mutate(rng, *rng.choice(all_bases)) for _ in range(COUNT)]
    ours, openssl = by_p11csr(box, requests), by_openssl(requests)
    found, unexplained, accepted = collections.Counter(), [], collections.Counter()
    for octets, answer, verdict in zip(requests, ours, openssl):
        pyca = by_pyca(octets)
        accepted["p11csr"] += answer.get("errors") == 0
        accepted["openssl"] += verdict
        accepted["pyca"] += pyca is None
        reason = reason_of(octets, answer, verdict, pyca)
        if reason is not None:
            found[reason[0]] += 1
        if reason is not None and not reason[1]:
            unexplained.append((reason[0], octets.hex()))
    with capsys.disabled():
        print(
            f"\n{COUNT} requests of {len(all_bases)}, P11CSR_SEED={SEED}; without a fault: {dict(accepted)}"
        )
        for reason, count in found.most_common():
            print(f"  {count:5} {reason}")
    assert not unexplained, f"P11CSR_SEED={SEED}: {len(unexplained)} without a reason: {unexplained[:5]}"
    assert all(accepted[judge] > COUNT // 100 for judge in ("p11csr", "openssl", "pyca")), accepted
