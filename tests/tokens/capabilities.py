# SPDX-License-Identifier: Apache-2.0
"""
What each token offers and how that is known: one row per token. The tests in this folder hold a token to its
row, both ways, and README's table "works with" is made from the rows: `capabilities.py README.md` renews it.
"""

import dataclasses
import pathlib
import re
import sys

REAL = "tested on the real module"
EMULATED = "tested on emulated hardware"
ENACTED = "enacted only"

RSA = ("rsa-2048", "rsa-3072", "rsa-4096")
NIST = ("p256", "p384", "p521")
OTHER_CURVES = ("secp256k1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1")
EDWARDS = ("ed25519", "ed448")

LIB = "/usr/lib/x86_64-linux-gnu"


@dataclasses.dataclass(frozen=True)
class Row:
    """One token. Nothing in it is about p11csr: all of it about what the token can do."""

    name: str  # of its tests and its fixture
    title: str
    proof: str
    packages: tuple = ()  # of Debian, beside those that all tests need
    files: tuple = ()  # what has to be there for the tests to run
    generates: tuple = ()  # the kinds of keys that it makes
    holds: tuple = ()  # the kinds of keys that lie on it already
    lacks: tuple = ()  # the schemes that it has no mechanism for, of those that fit its keys
    fails: tuple = ()  # the schemes that it has a mechanism for and fails in
    pin_locks: int = 0  # after so many wrong PINs; 0: never
    pin_warns: bool = True  # its flags tell before the last try
    always_authenticate: str = ""  # "enforced", "stored, not enforced", or "" where no test shows it
    removable: bool = False
    private: bool = False  # needs namespaces of its own, for state or ports that are one for the machine
    note: str = ""
    quirks: str = ""  # the row of tokens/profiles that it matches

    def specs(self):
        return self.generates + self.holds


ROWS = (
    Row(
        name="softhsm2",
        quirks="softhsm2",
        title="SoftHSM2 2.6",
        proof=REAL,
        packages=("softhsm2",),
        generates=RSA + NIST + OTHER_CURVES + EDWARDS,
        always_authenticate="enforced",
        note="ECDSA by CKM_ECDSA only: p11csr makes the digest",
    ),
    Row(
        name="opencryptoki",
        quirks="opencryptoki",
        title="opencryptoki 3.8, software token",
        proof=REAL,
        packages=("opencryptoki", "iproute2", "util-linux"),
        files=("/usr/sbin/pkcsslotd", LIB + "/pkcs11/libopencryptoki.so"),
        generates=RSA,
        pin_locks=3,
        always_authenticate="stored, not enforced",
        private=True,
        note="PKCS#1 v1.5 by CKM_RSA_PKCS only: p11csr makes the DigestInfo",
    ),
    Row(
        name="nss",
        quirks="nss",
        title="NSS 3.87 (softokn3)",
        proof=REAL,
        packages=("libnss3", "libnss3-tools", "iproute2"),
        files=(LIB + "/libsoftokn3.so", "/usr/bin/certutil"),
        generates=RSA + NIST,
        private=True,
        note="the module wants init-args; keys that it made itself have no label",
    ),
    Row(
        name="tpm2",
        title="TPM 2.0, tpm2-pkcs11 1.9",
        proof=EMULATED,
        quirks="tpm2-pkcs11",
        packages=(
            "libtpm2-pkcs11-1",
            "swtpm",
            "tpm2-abrmd",
            "libtss2-tcti-tabrmd0",
            "tpm2-tools",
            "dbus-daemon",
        ),
        files=(
            LIB + "/pkcs11/libtpm2_pkcs11.so",
            "/usr/bin/swtpm",
            "/usr/sbin/tpm2-abrmd",
            "/usr/bin/tpm2_getrandom",
            "/usr/bin/dbus-daemon",
        ),
        generates=("rsa-2048", "rsa-3072", "p256", "p384"),
        lacks=("rsa-pkcs1-sha224", "rsa-pss-sha256", "rsa-pss-sha384", "rsa-pss-sha512"),
        fails=("ecdsa-sha224",),
        pin_locks=3,
        pin_warns=False,
        always_authenticate="enforced",
        note="through the resource manager, on swtpm",
    ),
    Row(
        name="p11kit",
        quirks="p11-kit-client",
        title="p11-kit 0.24 server and client, before SoftHSM2",
        proof=REAL,
        packages=("softhsm2", "p11-kit-modules", "procps"),
        files=(LIB + "/pkcs11/p11-kit-client.so", "/usr/bin/p11-kit", "/usr/bin/ps"),
        generates=RSA + NIST + OTHER_CURVES,
        note="over a socket; no EdDSA passes",
    ),
    Row(
        name="piv",
        quirks="opensc",
        title="PIV card, OpenSC 0.23",
        proof=EMULATED,
        packages=("opensc-pkcs11", "opensc", "pcscd", "vsmartcard-vpcd", "iproute2"),
        files=(LIB + "/pkcs11/opensc-pkcs11.so", "/usr/sbin/pcscd", "/etc/reader.conf.d/vpcd"),
        holds=("rsa-2048", "p256", "p384"),
        pin_locks=3,
        always_authenticate="enforced",
        removable=True,
        private=True,
        note="9A, 9C and 9E, the last without a PIN",
    ),
    Row(
        name="cac",
        quirks="opensc",
        title="CAC card, OpenSC 0.23",
        proof=EMULATED,
        packages=("opensc-pkcs11", "opensc", "pcscd", "vsmartcard-vpcd", "libcacard-dev", "libnss3-tools"),
        files=(
            LIB + "/pkcs11/opensc-pkcs11.so",
            "/usr/sbin/pcscd",
            "/etc/reader.conf.d/vpcd",
            "/usr/include/cacard/libcacard.h",
            "/usr/bin/certutil",
        ),
        holds=("rsa-2048",),
        pin_locks=3,
        removable=True,
        private=True,
        note="read-only, with keys that were made elsewhere",
    ),
    Row(
        name="camlcrush",
        quirks="softhsm2",
        title="Caml Crush 1.0, before SoftHSM2",
        proof=REAL,
        packages=("softhsm2", "caml-crush-server", "caml-crush-clients", "iproute2"),
        files=("/usr/bin/pkcs11proxyd", LIB + "/caml-crush/libp11clienttcp.so"),
        generates=RSA + EDWARDS,
        private=True,
        note="a filter that forbids CKM_ECDSA and CKM_SHA256_RSA_PKCS",
    ),
    Row(
        name="ykcs11",
        title="YubiKey, ykcs11",
        proof=ENACTED,
        quirks="ykcs11",
        generates=("p256",),
        note="keys are made with the management key, in a place that is named; asks for a touch",
    ),
    Row(
        name="yubihsm2",
        title="YubiHSM 2",
        proof=ENACTED,
        quirks="yubihsm2",
        generates=("p256",),
        note="logs in before it reads; CKA_ID of two bytes",
    ),
    Row(
        name="luna",
        title="Thales Luna",
        proof=ENACTED,
        quirks="luna",
        generates=("rsa-2048",),
        note="RSA keys by the FIPS 186-3 mechanisms",
    ),
    Row(
        name="nshield",
        title="Entrust nShield",
        proof=ENACTED,
        quirks="nshield",
        generates=("ed25519",),
        note="Edwards curves by name",
    ),
    Row(
        name="cloudhsm",
        title="AWS CloudHSM",
        proof=ENACTED,
        quirks="cloudhsm",
        generates=("p256",),
        note="read-write sessions, a reduced template, waits when it is throttled",
    ),
    Row(
        name="kmsp11",
        title="Google Cloud KMS, kmsp11",
        proof=ENACTED,
        quirks="kmsp11",
        generates=("p256",),
        note="the template of new keys is its own",
    ),
    Row(
        name="utimaco",
        title="Utimaco SecurityServer",
        proof=ENACTED,
        quirks="utimaco",
        generates=("p256",),
    ),
    Row(
        name="nethsm",
        title="Nitrokey NetHSM",
        proof=ENACTED,
        quirks="nethsm",
        generates=("rsa-2048",),
        note="the administrator makes keys, the operator uses them",
    ),
    Row(
        name="smartcard-hsm",
        title="SmartCard-HSM, sc-hsm-embedded",
        proof=ENACTED,
        quirks="smartcard-hsm",
        holds=("p256",),
        note="PIN pad",
    ),
    Row(
        name="cryptoauthlib",
        title="Microchip ATECC608, cryptoauthlib",
        proof=ENACTED,
        quirks="cryptoauthlib",
        holds=("p256",),
        note="one session",
    ),
)

BEGIN = "<!-- works with: made by tests/tokens/capabilities.py -->"
END = "<!-- end of works with -->"


def words(specs):
    """The specs with whole families drawn together."""
    left = list(specs)
    said = []
    for family, text in ((RSA, "RSA 2048-4096"), (NIST, "P-256/384/521"), (EDWARDS, "Ed25519, Ed448")):
        if all(spec in left for spec in family):
            said.append(text)
            left = [spec for spec in left if spec not in family]
    if all(spec in left for spec in OTHER_CURVES):
        said.append("secp256k1, brainpool")
        left = [spec for spec in left if spec not in OTHER_CURVES]
    rsa = [spec[4:] for spec in left if spec in RSA]
    if rsa:
        said.insert(0, "RSA " + ", ".join(rsa))
    return said + [re.sub(r"^p(\d+)$", r"P-\1", spec) for spec in left if spec not in RSA]


def remarks(row):
    said = [row.note] if row.note else []
    if row.lacks or row.fails:
        said.append("without " + ", ".join(row.lacks + row.fails))
    if row.always_authenticate:
        said.append("always-authenticate keys: " + row.always_authenticate)
    if row.pin_locks:
        warning = "" if row.pin_warns else " without a warning"
        said.append(f"locks after {row.pin_locks} wrong PINs{warning}")
    if row.removable:
        said.append("removal and reinsertion")
    return "; ".join(said)


def table(rows=ROWS):
    """README's table."""
    lines = ["| token | how it is tested | keys | remarks |", "|---|---|---|---|"]
    for row in rows:
        made = words(row.generates)
        held = words(row.holds)
        keys = "; ".join(filter(None, [", ".join(made), "on it already: " + ", ".join(held) if held else ""]))
        lines.append(f"| {row.title} | {row.proof} | {keys} | {remarks(row)} |")
    return "\n".join(lines) + "\n"


def renewed(readme, rows=ROWS):
    """The text with the part between the two marks made anew."""
    head, rest = readme.split(BEGIN + "\n")
    return head + BEGIN + "\n" + table(rows) + END + rest.split(END)[1]


def row_named(name):
    found = [row for row in ROWS if row.name == name]
    assert len(found) == 1, name
    return found[0]


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1])
    path.write_text(renewed(path.read_text()))
