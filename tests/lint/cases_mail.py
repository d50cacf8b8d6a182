# SPDX-License-Identifier: Apache-2.0
"""S/MIME Baseline Requirements (M) and Code Signing Baseline Requirements (C)."""

import dataclasses

import craft
import encode as der
import keys
from craft import Case, Request, dn, eku, email, key_usage

SERVER, CLIENT, CODE, EMAIL, TIME = (f"1.3.6.1.5.5.7.3.{n}" for n in (1, 2, 3, 4, 8))
ANY = "2.5.29.37.0"
UTF8_MAILBOX = der.other_name("1.3.6.1.5.5.7.8.9", der.utf8("jürgen@xn--bcher-kva.example"))
DSA = keys.Mute("1.2.840.10040.4.1", 256, 70)


def changed(request, **fields):
    return dataclasses.replace(request, **fields)


MAIL = Request(
    subject=dn("CN=a@example.com"),
    san=(email("a@example.com"),),
    more=(key_usage("digitalSignature"), eku(EMAIL)),
)


def mail(*case, good=MAIL, **more):
    return Case(*case, good=good, sets="smime-br", **more)


def mail_key(key, *usages):
    return changed(MAIL, key=key, more=(key_usage(*(usages or ("digitalSignature",))), eku(EMAIL)))


def named(*subject, san=(email("a@example.com"),)):
    return changed(MAIL, subject=dn(*subject), san=san)


M01 = [
    mail("M01", "RSA of 1024 bits", mail_key(keys.rsa(1024)), good=mail_key(keys.rsa(2048)), text="1024"),
    mail("M01", "RSA of 2049 bits", mail_key(keys.rsa(2049)), good=mail_key(keys.rsa(2056)), text="8 does"),
    mail("M01", "P-224", mail_key(keys.curve("p224")), good=mail_key(keys.curve("p521")), text="P-224"),
    mail(
        "M01",
        "brainpool",
        mail_key(keys.curve("brainpoolP256r1")),
        good=mail_key(keys.curve("p384")),
        text="brainpoolP256r1",
    ),
    mail("M01", "X25519", mail_key(keys.X25519), good=mail_key(keys.ED25519), text="X25519"),
    mail("M01", "SLH-DSA", mail_key(keys.SLH_DSA_SHA2_128S), good=mail_key(keys.ED448), text="SLH-DSA"),
    mail("M01", "ML-DSA", mail_key(keys.ML_DSA_65), text="1.0.11", severity="warning"),
    mail(
        "M01",
        "key for RSASSA-PSS alone",
        changed(MAIL, spki=keys.spki(keys.algorithm("1.2.840.113549.1.1.10"), keys.rsa(2048).public)),
        good=mail_key(keys.rsa(2048).with_scheme("pss")),
        text="rsaEncryption",
    ),
]

M02 = [
    mail("M02", "no names", changed(MAIL, subject=dn("O=Example"), san=()), text="no mailbox"),
    mail(
        "M02",
        "a host name alone",
        changed(MAIL, subject=dn("O=Example"), san=(craft.dns("example.com"),)),
        good=changed(MAIL, subject=dn("O=Example"), san=(UTF8_MAILBOX,)),
        text="no mailbox",
    ),
    mail(
        "M02",
        "a host name beside a mailbox",
        changed(MAIL, san=(email("a@example.com"), craft.dns("example.com"))),
        good=changed(
            MAIL, san=(email("a@example.com"), der.other_name("1.3.6.1.4.1.311.20.2.3", der.utf8("a@b")))
        ),
        text="dns",
        severity="warning",
    ),
    mail("M02", "another mailbox as CN", named("CN=b@example.com"), text="b@example.com"),
    mail(
        "M02",
        "local part in capitals",
        named("CN=A@example.com"),
        good=named("CN=a@EXAMPLE.com"),
        text="A@example.com",
    ),
    mail(
        "M02",
        "emailAddress that is not repeated",
        named("CN=a@example.com", "email=b@example.com"),
        good=named("CN=a@example.com", "email=a@example.com"),
        text="b@example.com",
    ),
    mail("M02", "emailAddress of no mailbox", named("email=somebody"), text="no mailbox"),
    mail(
        "M02",
        "mailbox in UTF-8 that is not repeated",
        named("CN=jürgen@bücher.example"),
        good=named("CN=jürgen@bücher.example", san=(UTF8_MAILBOX,)),
        text="alternative name",
    ),
    mail(
        "M02",
        "mailbox in a directory name",
        changed(MAIL, san=(email("a@example.com"), der.tlv(0xA4, dn("CN=b@example.com")))),
        good=changed(MAIL, san=(email("a@example.com"), der.tlv(0xA4, dn("O=Example", "CN=a@example.com")))),
        text="b@example.com",
    ),
]


def purposes(*oids):
    return changed(MAIL, more=(key_usage("digitalSignature"), eku(*oids)))


M03 = [
    mail("M03", "clientAuth alone", purposes(CLIENT), text="lacks emailProtection"),
    *(mail("M03", f"{name} too", purposes(EMAIL, oid), text=name)
      for name, oid in (("serverAuth", SERVER), ("codeSigning", CODE), ("timeStamping", TIME))),
    mail("M03", "any too", purposes(EMAIL, ANY), text="anyExtendedKeyUsage"),
    mail("M03", "clientAuth too", purposes(EMAIL, CLIENT), text="Strict", severity="warning"),
    mail("M03", "none", changed(MAIL, more=MAIL.more[:1]), text="left to the CA", severity="warning"),
]  # fmt: skip

RSA, P256 = keys.rsa(2048), keys.curve("p256")
M04 = [
    mail(
        "M04",
        "RSA with keyAgreement",
        mail_key(RSA, "digitalSignature", "keyAgreement"),
        good=mail_key(RSA, "digitalSignature", "nonRepudiation", "keyEncipherment"),
        text="keyAgreement",
    ),
    mail(
        "M04",
        "RSA with nonRepudiation alone",
        mail_key(RSA, "nonRepudiation"),
        good=mail_key(RSA, "keyEncipherment"),
        text="lacks digitalSignature or keyEncipherment",
    ),
    mail(
        "M04",
        "RSA for decryption with nonRepudiation",
        mail_key(RSA, "keyEncipherment", "nonRepudiation"),
        good=mail_key(RSA),
        text="nonRepudiation",
    ),
    mail(
        "M04",
        "RSA for signing with dataEncipherment",
        mail_key(RSA, "digitalSignature", "dataEncipherment"),
        good=mail_key(RSA, "digitalSignature", "keyEncipherment"),
        text="dataEncipherment",
    ),
    mail(
        "M04",
        "RSA with dataEncipherment",
        mail_key(RSA, "keyEncipherment", "dataEncipherment"),
        good=mail_key(RSA, "keyEncipherment"),
        text="Strict",
        severity="warning",
    ),
    mail(
        "M04",
        "EC with keyEncipherment",
        mail_key(P256, "digitalSignature", "keyEncipherment"),
        good=mail_key(P256, "digitalSignature", "keyAgreement", "decipherOnly"),
        text="keyEncipherment",
    ),
    mail(
        "M04",
        "EC with encipherOnly alone",
        mail_key(P256, "digitalSignature", "encipherOnly"),
        good=mail_key(P256, "keyAgreement", "encipherOnly"),
        text="encipherOnly",
    ),
    mail(
        "M04",
        "EdDSA with keyAgreement",
        mail_key(keys.ED25519, "digitalSignature", "keyAgreement"),
        good=mail_key(keys.ED25519, "digitalSignature", "nonRepudiation"),
        text="keyAgreement",
    ),
    mail(
        "M04",
        "EdDSA with nonRepudiation alone",
        mail_key(keys.ED448, "nonRepudiation"),
        text="digitalSignature",
    ),
    mail("M04", "a CA's usage", mail_key(P256, "digitalSignature", "keyCertSign"), text="keyCertSign"),
    mail("M04", "none", changed(MAIL, more=MAIL.more[1:]), text="left to the CA", severity="warning"),
]

M05 = [
    mail("M05", "a name of nobody", named("CN=Robin Example"), text="'Robin Example'"),
    mail(
        "M05",
        "another organization",
        named("O=Example", "CN=Example Mail"),
        good=named("O=Example", "CN=Example"),
        text="neither",
    ),
    mail(
        "M05",
        "the organization of a person",
        named("O=Example", "GN=Robin", "SN=Doe", "CN=Example"),
        good=named("O=Example", "GN=Robin", "SN=Doe", "CN=Doe, Robin"),
        text="person",
    ),
    mail(
        "M05",
        "another pseudonym",
        named("pseudonym=owl", "CN=lark"),
        good=named("pseudonym=owl", "CN=owl (PN)"),
        text="pseudonym",
    ),
    mail("M05", "no CN is needed: another's", named("CN=x"), good=named("O=Example")),
]

CODE_SIGNING = Request(
    subject=dn("C=DE", "O=Example", "CN=Example"),
    san=(),
    more=(key_usage("digitalSignature"), eku(CODE)),
)
STAMPS = changed(CODE_SIGNING, more=(key_usage("digitalSignature"), eku(TIME, critical=True)))


def code(*case, good=CODE_SIGNING, **more):
    return Case(*case, good=good, sets="codesigning-br", **more)


def code_key(key):
    return changed(CODE_SIGNING, key=key)


def code_usage(*names, critical=True):
    return changed(CODE_SIGNING, more=(key_usage(*names, critical=critical), eku(CODE)))


def code_purposes(*oids, critical=False):
    return changed(CODE_SIGNING, more=(key_usage("digitalSignature"), eku(*oids, critical=critical)))


C01 = [
    code("C01", "RSA of 2048 bits", code_key(keys.rsa(2048)), good=code_key(keys.rsa(3072)), text="2048"),
    code("C01", "RSA of 3071 bits", code_key(keys.rsa(3071)), good=code_key(keys.rsa(4096)), text="3071"),
    code("C01", "Ed25519", code_key(keys.ED25519), good=code_key(keys.curve("p384")), text="Ed25519"),
    code(
        "C01",
        "secp256k1",
        code_key(keys.curve("secp256k1")),
        good=code_key(keys.curve("p521")),
        text="secp256k1",
    ),
    code("C01", "ML-DSA", code_key(keys.ML_DSA_87), text="ML-DSA-87"),
    code("C01", "DSA", code_key(DSA), text="L = 2048", severity="not-judged"),
]

C02 = [
    code("C02", "no digitalSignature", code_usage("nonRepudiation"), text="lacks digitalSignature"),
    code("C02", "not critical", code_usage("digitalSignature", critical=False), text="not critical"),
    code("C02", "keyCertSign", code_usage("digitalSignature", "keyCertSign"), text="keyCertSign"),
    code("C02", "cRLSign", code_usage("digitalSignature", "cRLSign"), text="cRLSign"),
    code(
        "C02",
        "nonRepudiation",
        code_usage("digitalSignature", "nonRepudiation"),
        text="nonRepudiation",
        severity="warning",
    ),
    code(
        "C02", "none", changed(CODE_SIGNING, more=(eku(CODE),)), good=STAMPS, text="left", severity="warning"
    ),
]

LIFETIME, DOCUMENTS = "1.3.6.1.4.1.311.10.3.13", "1.3.6.1.4.1.311.10.3.12"
C03 = [
    code("C03", "emailProtection alone", code_purposes(EMAIL), text="lacks codeSigning"),
    code(
        "C03",
        "serverAuth too",
        code_purposes(CODE, SERVER),
        good=code_purposes(CODE, EMAIL, LIFETIME, DOCUMENTS),
        text="serverAuth",
    ),
    code("C03", "any too", code_purposes(CODE, ANY), good=STAMPS, text="anyExtendedKeyUsage"),
    code("C03", "clientAuth too", code_purposes(CODE, CLIENT), text="clientAuth", severity="warning"),
    code(
        "C03",
        "none",
        changed(CODE_SIGNING, more=(key_usage("digitalSignature"),)),
        text="left to the CA",
        severity="warning",
    ),
]

C04 = [code("C04", "no evidence", CODE_SIGNING, good=None, text="attest collect", severity="not-judged")]

C05 = [
    code("C05", "codeSigning too", code_purposes(TIME, CODE, critical=True), good=STAMPS, text="alone"),
    code("C05", "not critical", code_purposes(TIME), good=STAMPS, text="not critical"),
    code("C05", "neither alone nor critical", code_purposes(TIME, CODE), text="alone"),
]

CASES = [*M01, *M02, *M03, *M04, *M05, *C01, *C02, *C03, *C04, *C05]
