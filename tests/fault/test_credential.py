# SPDX-License-Identifier: Apache-2.0
"""
A PIN from a credential that systemd itself hands to a service (--pin-source cred:NAME). Run as a program it
enters namespaces of its own first; where that cannot be, it says "not run" and why.
"""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

import support  # noqa: E402

PRIVATE = HERE.parent / "tokens/private.sh"
SYSTEMD = pathlib.Path("/lib/systemd/systemd")
SKIPPED = 77  # what meson takes for "skipped"

UNIT = """
[Unit]
DefaultDependencies=no
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
LoadCredential=hsm-pin:{pin}
{environment}
WorkingDirectory={work}
ExecStart={command}
StandardOutput=file:{work}/out
StandardError=file:{work}/err
"""


def run_as_service(token, *args):
    """Runs p11csr as a service; what it wrote on standard error."""
    unit = token.work / "p11csr-request.service"
    pin = pathlib.Path("/run/hsm-pin")  # while systemd loads credentials it has another /dev/shm
    pin.write_text(token.pin_file.read_text())
    env = "\n".join(f'Environment="{name}={value}"' for name, value in token.environment().items())
    command = " ".join(f'"{word}"' for word in (support.PROGRAM, *args))
    unit.write_text(UNIT.format(pin=pin, environment=env, work=token.work, command=command))
    done = subprocess.run(
        [HERE / "private_systemd.sh", unit], capture_output=True, text=True, timeout=60, check=False
    )
    assert (token.work / "err").stat().st_size > 0, (done.stdout, done.stderr)
    return (token.work / "err").read_text()


def test_credential_of_a_service(token):
    token.make_key()
    wanted = ("request", "--token", token.label, "--key-label", "web", *support.SUBJECT, "-o", "web.csr")
    said = run_as_service(token, *wanted, "--pin-source", "cred:hsm-pin")
    assert "signature verified" in said, said
    request = support.x509.load_pem_x509_csr((token.work / "web.csr").read_bytes())
    assert request.is_signature_valid and token.pin not in said


def test_another_credential_is_not_there(token):
    token.make_key()
    wanted = ("request", "--token", token.label, "--key-label", "web", *support.SUBJECT, "-o", "web.csr")
    said = run_as_service(token, *wanted, "--pin-source", "cred:other")
    assert "No such file" in said and not (token.work / "web.csr").exists(), said


def why_not():
    if os.geteuid() != 0:
        return "needs root for namespaces of its own"
    return None if SYSTEMD.exists() else f"{SYSTEMD} is not there"


if __name__ == "__main__":
    if why_not() is not None:
        print(f"not run: credential: {why_not()}")
        sys.exit(SKIPPED)
    os.execv(PRIVATE, [PRIVATE, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__])
