# SPDX-License-Identifier: Apache-2.0
"""Microsoft's AD CS (A)."""

import dataclasses

import craft
import encode as der
import keys
from craft import Case, Request, dn, dns, eku, uri

SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
LOGON, KDC = "1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.2.3.5"
UPN = der.other_name("1.3.6.1.4.1.311.20.2.3", der.utf8("user@example.com"))
GUID = der.other_name("1.3.6.1.4.1.311.25.1", der.octet_string(bytes(range(16))))
TEMPLATE = der.extension(
    "1.3.6.1.4.1.311.21.7", der.sequence(der.oid("1.3.6.1.4.1.311.21.8.1.2"), der.integer(100))
)
TEMPLATE_NAME = der.extension("1.3.6.1.4.1.311.20.2", der.bmp("User"))
SID = der.extension(
    "1.3.6.1.4.1.311.25.2",
    der.sequence(der.other_name("1.3.6.1.4.1.311.25.2.1", der.octet_string(b"S-1-5-21-1-2-3-1104"))),
)
SID_URI = uri("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1104")
DC = "dc1.example.com"


def pairs(*texts):
    """The attribute of AD CS that carries request attributes."""
    values = (text.split("=", 1) for text in texts)
    return der.attribute(
        "1.3.6.1.4.1.311.13.2.1", *(der.sequence(der.bmp(name), der.bmp(value)) for name, value in values)
    )


def adcs(rule, name, bad, good=Request(), **more):
    return Case(rule, name, bad, good, sets="adcs", **more)


def names(san, *usages, more=()):
    return Request(subject=dn("CN=user"), san=san, more=(eku(*usages), *more) if usages else more)


A01 = [
    adcs("A01", "no template", Request(), Request(more=(TEMPLATE,)), text="certreq"),
    adcs("A01", "no template at all", Request(san=()), Request(more=(TEMPLATE_NAME,)), text="certreq"),
    adcs(
        "A01",
        "another request attribute",
        Request(other=(pairs("ValidityPeriod=Years"),)),
        Request(other=(pairs("ValidityPeriod=Years", "certificatetemplate=User"),)),
    ),
    adcs(
        "A01",
        "a request attribute that cannot be read",
        Request(other=(der.attribute("1.3.6.1.4.1.311.13.2.1", der.null()),)),
        Request(other=(pairs("CertificateTemplate=User"),)),
    ),
]

A02 = [adcs("A02", "any key", Request(), None, text="a key on P-256", severity="not-judged")]

RSA = keys.rsa(2048)
PSS_SPKI = keys.spki(keys.algorithm("1.2.840.113549.1.1.10"), RSA.public)
SHAKE = keys.algorithm("1.3.6.1.5.5.7.6.30")
A03 = [
    adcs("A03", "signed by PSS", Request(key=RSA.with_scheme("pss")), Request(key=RSA), text="signed with"),
    adcs("A03", "a key for PSS", Request(key=RSA, spki=PSS_SPKI), Request(key=RSA), text="the key is for"),
    adcs("A03", "signed by PSS with SHAKE", Request(key=RSA, aid=SHAKE), Request(key=RSA)),
]

A04 = [
    adcs("A04", "user without a SID", names((UPN,), CLIENT), names((UPN,), SERVER), text="strong mapping"),
    adcs(
        "A04", "card without a SID", names((UPN,), LOGON, CLIENT), names((UPN,), LOGON, CLIENT, more=(SID,))
    ),
    adcs("A04", "another URI", names((UPN, uri("urn:a:b")), CLIENT), names((UPN, SID_URI), CLIENT)),
    adcs(
        "A04",
        "SID of a template",
        names((UPN,), CLIENT, more=(SID,)),
        names((dns(DC),), CLIENT),
        text="template",
        severity="not-judged",
    ),
]

A05 = [
    adcs(
        "A05",
        "names in a request attribute",
        Request(other=(pairs("SAN=dns=admin.example.com"),)),
        Request(other=(pairs("SANITY=dns=admin.example.com"),)),
        text="EDITF",
    ),
    adcs("A05", "among others", Request(other=(pairs("CertificateTemplate=User", "san=upn=a@example.com"),))),
]

A06 = [
    adcs("A06", "without clientAuth", names((UPN,), LOGON), names((UPN,), LOGON, CLIENT), text="clientAuth"),
    adcs(
        "A06",
        "without a UPN",
        names((craft.email("user@example.com"),), LOGON, CLIENT),
        names((UPN,), LOGON, CLIENT),
        text="UPN",
    ),
    adcs("A06", "without names", names((), LOGON, CLIENT), names((), CLIENT), text="UPN"),
    adcs(
        "A06",
        "without a UPN, on a server",
        names((dns(DC),), LOGON, CLIENT, SERVER),
        names((dns(DC),), LOGON, CLIENT, SERVER, KDC),
        text="UPN",
    ),
]

A07 = [
    adcs("A07", "without a DNS name", names((GUID,), KDC), names((dns(DC), GUID), KDC), text="DNS name"),
    adcs("A07", "without names", names((), KDC, SERVER), names((dns(DC),), KDC, SERVER), text="DNS name"),
    adcs("A07", "a GUID alone", names((GUID,)), names((dns(DC), GUID), KDC, CLIENT), text="DNS name"),
    adcs(
        "A07",
        "a GUID without Kerberos",
        names((dns(DC), GUID), CLIENT, SERVER),
        names((dns(DC),), CLIENT, SERVER),
        text="SMTP",
        severity="warning",
    ),
]

POSSESSION = der.attribute(
    "1.3.6.1.4.1.22112.2.1", der.sequence(der.sequence(dn("CN=Test CA"), der.integer(1)))
)
A08 = [
    adcs("A08", "wrong signature", Request(spoil=True), text="AD CS refuses it"),
    adcs("A08", "signed by another key", Request(key=keys.X25519, other=(POSSESSION,)), text="another key"),
    adcs("A08", "a key that is not known", Request(key=keys.ML_DSA_65), severity="not-judged"),
]

NEW = "NEW CERTIFICATE REQUEST"
A09 = [
    adcs(
        "A09",
        "the other label",
        Request(file=lambda octets: craft.pem(octets, label=NEW)),
        Request(file=craft.pem),
        text=NEW,
    ),
]

CASES = [*A01, *A02, *A03, *A04, *A05, *A06, *A07, *A08, *A09]
