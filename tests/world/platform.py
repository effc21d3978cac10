# SPDX-License-Identifier: Apache-2.0
"""The simulated Platform in a private world, and the tokens that it begins with."""
import subprocess
import sys

from . import BUILD, TOP
from .tools import run, wait_until

sys.path.insert(0, f"{TOP}/tests/platform")
from platform_client import PlatformClient  # noqa: E402

PORT = 8443
URL = f"https://127.0.0.1:{PORT}/api/general"
OWN = "own-token-of-acme-Ex1"
ALICE = "alices-token-Aq7"
ALICE2 = "alices-second-token-Zu2"
BOB = "bobs-token-Bw9"
ADMINISTRATIVE = "administrative-token-Cx3"
FOREIGN = "foreign-token-Dy5"
TOKENS = {  # token: org, personal, email
    OWN: (1, False, None),
    ALICE: (1, True, "alice@acme.io"),
    ALICE2: (1, True, "Alice@ACME.io"),
    BOB: (1, True, "bob@acme.io"),
    ADMINISTRATIVE: (1, False, None),
    FOREIGN: (2, True, "alice@acme.io"),
}


def start_platform(host, *options):
    """Starts it, sets `host.certificates` and `host.ca`, and returns its control client."""
    host.certificates = host.folder + "/certificates"
    run(f"{TOP}/tests/platform/make-ca.sh", host.certificates, stdout=subprocess.DEVNULL)
    host.ca = host.certificates + "/ca.crt"
    path = host.folder + "/platform.control"
    host.platformd = host.start(f"{BUILD}/platformd", "--certs", host.certificates, "--control",
                                path, "--port", str(PORT), *options, output="platform.log")

    def connect():
        try:
            return PlatformClient(path)
        except OSError:
            return None

    client = wait_until("the simulated Platform", connect)
    reset_platform(client)
    return client


def reset_platform(client):
    """As it was in the beginning."""
    for entry in client.list():
        client.delete(entry["token"])
    for token, (org, personal, email) in TOKENS.items():
        client.add(token, org, personal, email)
    client.all("normal")
    client.latency(0)
    client.listener("open")
    client.reset()
