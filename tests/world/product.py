# SPDX-License-Identifier: Apache-2.0
"""The product in a private world: installed as an administrator would, from the samples."""
import os
import shutil
import subprocess

from . import BUILD, TOP
from .tools import run, write

CONFIG = "/etc/dblab-auth/dblab-auth.conf"
SAMPLES = "/usr/share/doc/dblab-auth/examples"

# With a bound so long a verdict outlasts any test, however slow the machine.
DEFAULTS = {"bound": 60.0, "timeout": 2.0, "kill_wait": 0.5, "failures": 10, "wait": 1.0}
# To see a revocation: a verdict lasts 8 - 3 * 1 - 0 - 0.5 - 1 = 3.5 s.
SHORT = {"bound": 8.0, "timeout": 1.0}


def install():
    """`make install`, and the samples to their places, as they stand."""
    variant = os.path.relpath(BUILD, TOP + "/build")
    run("make", "-s", "-C", TOP, "install", "PREFIX=/usr",
        f"VARIANT={'' if variant == '.' else variant}", stdout=subprocess.DEVNULL)
    for name in os.listdir(f"{SAMPLES}/pam.d"):
        shutil.copy(f"{SAMPLES}/pam.d/{name}", "/etc/pam.d/")
    # Debian's sshd_config, whatever this host made of its own.
    shutil.copy("/usr/share/openssh/sshd_config", "/etc/ssh/sshd_config")
    shutil.rmtree("/etc/ssh/sshd_config.d")
    shutil.copytree(f"{SAMPLES}/ssh/sshd_config.d", "/etc/ssh/sshd_config.d")


def configure(url, ca_file, own_token, **changes):
    values = {**DEFAULTS, **changes}
    write("/etc/dblab-auth/access-token", own_token + "\n", 0o600)
    shutil.copy(ca_file, "/etc/dblab-auth/ca.pem")
    os.chmod("/etc/dblab-auth/ca.pem", 0o644)
    unix = ", ".join(f'{{ name = "{name}"; }}' for name in (
        "sshd", "sudo", "sudo-i", "su", "su-l", "login", "cron", "atd", "systemd-user"))
    write(CONFIG, f"""platform: {{
  url = "{url}"; caFile = "/etc/dblab-auth/ca.pem";
  accessTokenFile = "/etc/dblab-auth/access-token";
  connectTimeout = {values["timeout"]:.2f}; timeout = {values["timeout"]:.2f};
}};
identity: {{ domain = "acme.io"; }};
revocation: {{ bound = {values["bound"]:.1f}; killWait = {values["kill_wait"]:.2f}; }};
limits: {{ failuresPerMinute = {values["failures"]}; }};
services: ( {unix},
  {{ name = "pgbouncer"; callers = ["pgbouncer"]; unixAccount = false; wait = {values["wait"]}; }},
  {{ name = "postgresql"; callers = ["postgres"]; unixAccount = false; }},
  {{ name = "nginx"; callers = ["www-data"]; unixAccount = false; }} );
""")

