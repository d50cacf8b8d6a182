# SPDX-License-Identifier: Apache-2.0
"""What NSS is known for: arguments for C_Initialize, keys without labels, a CKA_ID that the module chose."""

import capabilities
import nss


def test_init_args(token):
    """From the alias, and from p11-kit's file by the module's name; without them the module refuses."""
    by_alias = token.run("keys", "list", *token.at, "--json", env={"P11CSR_MODULE": None}).ok()
    in_file = ("--token", token.LABEL, *token.at[2:], "--json")
    assert by_alias.json["keys"] == token.run("keys", "list", *in_file).ok().json["keys"]
    says = ["C_Initialize: CKR_ARGUMENTS_BAD", "init-args"]
    token.refused("tokens", "list", env={"P11CSR_MODULE": nss.MODULE}, status=6, code="TOKEN", says=says)


def test_two_databases_in_one_context(token):
    """The module can be told of one only: that is said, instead of giving the first one's keys."""
    config = token.home / "config" / "p11csr" / "p11csr.yaml"
    other = token.dir / "other.yaml"
    text = config.read_text().replace(f"{token.dir / 'db'}", f"{token.dir / 'elsewhere'}")
    other.write_text(text.replace("nss-db:", "elsewhere:"))
    with token.library("--config", config, "--config", other) as library:
        assert library.ask("list", "nss-db").startswith("OK")
        assert library.ask("list", "elsewhere").startswith("CONFIG ")
        assert library.ask("list", "nss-db").startswith("OK")


def test_keys_that_nss_made(token, proven):
    """They have no label, and a CKA_ID of 20 octets: found by that id, by the URI, and by the public key."""
    noise = token.dir / "noise"
    noise.write_bytes(bytes(64))
    before = {row["id"] for row in token.keys()}
    database = f"sql:{token.dir / 'db'}"
    make = ("certutil", "-G", "-d", database, "-f", token.pin_file, "-z", noise)
    token.other(*make, "-k", "rsa", "-g", "2048")
    token.other(*make, "-k", "ec", "-q", "nistp256")
    made = [row for row in token.keys() if row["id"] not in before]
    assert sorted(row["type"] for row in made) == ["p256", "rsa-2048"]
    for row in made:
        assert row["label"] == "" and len(row["id"]) == 40
        named = ("request", row["uri"], *token.at[2:], "--subject", "CN=x", "--json")
        answer = token.run(*named).ok().json
        proven(answer["pem"])
        by_id = ("request", *token.at, "--key-id", row["id"], "--subject", "CN=x", "-o", "x.csr", "--force")
        token.run(*by_id).ok()
        by_key = ("request", *token.at, "--key-for", "x.csr", "--subject", "CN=x", "--json")
        assert token.run(*by_key).ok().json["key"]["uri"] == row["uri"]


def test_nss_reads_the_key(token):
    """NSS' own program sees the key under the label and the id that it was given."""
    label = token.new_name()
    args = ("keys", "generate", "p256", *token.at, "--key-label", label, "--key-id", "00c0ffee")
    token.run(*args).ok()
    listed = token.other(
        "certutil", "-K", "-d", f"sql:{token.dir / 'db'}", "-f", token.pin_file
    ).stdout.decode()
    line = [line for line in listed.splitlines() if label in line]
    assert len(line) == 1 and "c0ffee" in line[0], listed


def test_other_curves_are_refused(token):
    """With what is known about NSS as the hint: the code alone speaks of domain parameters."""
    token.refused(
        "keys",
        "generate",
        "secp256k1",
        *token.at,
        "--key-label",
        token.new_name(),
        status=7,
        code="MECHANISM",
        says=["CKR_DOMAIN_PARAMS_INVALID", "P-256, P-384 and P-521 only"],
    )


def test_other_curves_are_not_offered(token):
    """The mechanism has all of 160 to 521 bits; what is known about NSS names three."""
    rows = token.run("algorithms", "--token", token.LABEL, "--json").ok().json["keys"]
    offered = {row["name"] for row in rows if row["offered"]}
    assert {name for name in offered if not name.startswith("rsa")} == {"p256", "p384", "p521"}
    library = token.run("doctor", "--token", token.LABEL, "--json").ok().json["modules"][0]["library"][0]
    specs = [slot["token"].get("key-specs", []) for slot in library["slots"]]
    assert any("p256" in each for each in specs) and not any("secp256k1" in each for each in specs)


def test_doctor_says_what_is_missing(token):
    """Without init-args the module gives nothing but a code."""
    result = token.run("doctor", "--module", token.MODULE, "--json", env={"P11CSR_MODULE": None})
    (module,) = result.json["modules"]
    assert result.status == 6 and module["status"] == "fails"
    assert "no init-args" in module["why"][0]["what"] and "configdir='sql:" in module["why"][0]["try"]
