# SPDX-License-Identifier: Apache-2.0
"""The simulated Platform in a private world."""
import subprocess
import sys

from . import BUILD, TOP
from .host import run, wait_until

sys.path.insert(0, f"{TOP}/tests/platform")
from platform_client import PlatformClient  # noqa: E402

PORT = 8443
URL = f"https://127.0.0.1:{PORT}/api/general"
OWN = "own-token-of-acme"
TOKENS = {  # token: org, personal, email
    OWN: (1, False, None),
    "alices-token-Aq7": (1, True, "alice@acme.io"),
    "alices-second-token-Zu2": (1, True, "Alice@ACME.io"),
    "bobs-token-Bw9": (1, True, "bob@acme.io"),
    "administrative-token-Cx3": (1, False, None),
    "foreign-token-Dy5": (2, True, "alice@acme.io"),
}
ALICE, ALICE2, BOB, ADMINISTRATIVE, FOREIGN = list(TOKENS)[1:]


def start_platform(host, *options):
    """Starts it and returns its control client, `host.ca` set."""
    folder = host.folder + "/certificates"
    run(f"{TOP}/tests/platform/make-ca.sh", folder, stdout=subprocess.DEVNULL)
    host.ca = folder + "/ca.crt"
    path = host.folder + "/platform.control"
    with open(host.folder + "/platform.log", "ab") as output:
        host.platformd = host.start(f"{BUILD}/platformd", "--certs", folder, "--control", path,
                                    "--port", str(PORT), *options, stdout=output, stderr=output)

    def connect():
        try:
            return PlatformClient(path)
        except OSError:
            return None

    client = wait_until("the simulated Platform", connect)
    reset_platform(client)
    return client


def reset_platform(client):
    for entry in client.list():
        client.delete(entry["token"])
    for token, (org, personal, email) in TOKENS.items():
        client.add(token, org, personal, email)
    client.all("normal")
    client.latency(0)
    client.listener("open")
