# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL and pgbouncer in a private world, with the files of etc/ as they stand, at their usual
ports; and psql, as a person would use it."""
import glob
import os
import shutil
import subprocess

from .host import FOLDER
from .product import SAMPLES
from .tools import as_account, can_connect, run, succeeds, wait_until

DATA = "/var/lib/postgresql/world"
POOLER = {"port": 6432, "database": "clones", "PGSSLMODE": "disable"}
SERVER = {"port": 5432, "database": "postgres", "PGSSLMODE": "require"}


def sql(text):
    """What PostgreSQL's own account is answered."""
    return run("psql", "-X", "-h", "/run/postgresql", "-Atqc", text, "postgres", text=True,
               stdout=subprocess.PIPE, preexec_fn=as_account("postgres"), cwd="/").stdout


def _prepend(path, sample):
    with open(sample, encoding="utf-8") as ours, open(path, "r+", encoding="utf-8") as theirs:
        text = ours.read() + theirs.read()
        theirs.seek(0)
        theirs.write(text)


def start_postgresql(host):
    postgres = as_account("postgres")
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    for folder in (DATA, "/run/postgresql"):
        os.makedirs(folder, exist_ok=True)
        shutil.chown(folder, "postgres", "postgres")
    # As Debian makes one; its own lines come after ours.
    run(f"{binaries}/initdb", "-D", DATA, "--auth-local=peer", "--auth-host=scram-sha-256",
        "--no-sync", "-E", "UTF8", "--locale=C", stdout=subprocess.DEVNULL, preexec_fn=postgres,
        cwd="/")
    for name in ("pg_hba.conf", "pg_ident.conf"):
        _prepend(f"{DATA}/{name}", f"{SAMPLES}/postgresql/{name}")
    for name in ("key", "crt"):
        shutil.copy(f"{host.certificates}/good.{name}", f"{DATA}/server.{name}")
        shutil.chown(f"{DATA}/server.{name}", "postgres", "postgres")
    host.postgresql = host.start(
        f"{binaries}/postgres", "-D", DATA, "-c", "ssl=on", "-c", "listen_addresses=127.0.0.1",
        "-c", "unix_socket_directories=/run/postgresql", "-c", "fsync=off",
        output="postgresql.log", preexec_fn=postgres)
    wait_until("PostgreSQL", lambda: succeeds(f"{binaries}/pg_isready", "-q"), 20)
    sql("create role dblab_pool login; create role dblab nologin; "
        "create role alice login in role dblab; create role bob login in role dblab; "
        "create role carol login password 'carols-password'")


def start_pgbouncer(host):
    for folder in ("/run/pgbouncer", "/var/log/pgbouncer"):
        os.makedirs(folder, exist_ok=True)
        shutil.chown(folder, "pgbouncer", "pgbouncer")
    config = "/etc/pgbouncer/pgbouncer.ini"
    os.makedirs("/etc/pgbouncer", exist_ok=True)
    shutil.copy(f"{SAMPLES}/pgbouncer/pgbouncer.ini", config)
    shutil.chown(config, "root", "pgbouncer")
    os.chmod(config, 0o640)
    host.pgbouncer = host.start("/usr/sbin/pgbouncer", config, output="pgbouncer.log",
                                preexec_fn=as_account("pgbouncer"))
    wait_until("pgbouncer", lambda: can_connect(("127.0.0.1", 6432)))


class Answer:
    def __init__(self, done):
        self.ok, self.output = done.returncode == 0, done.stdout.strip()

    def __repr__(self):
        return f"<{'let in' if self.ok else 'not let in'}, {self.output!r}>"


def psql(user, token, text="select current_user", port=6432, database="clones", **environment):
    """One psql of `user`; the token is in a password file that exists as long as the call."""
    path = f"{FOLDER}/pgpass-{os.urandom(8).hex()}"
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as out:
        escaped = token.replace("\\", "\\\\").replace(":", "\\:")
        out.write(f"*:*:*:*:{escaped}\n")
    try:
        return Answer(run("psql", "-X", "-h", "127.0.0.1", "-p", str(port), "-U", user, "-w",
                          "-Atqc", text, database, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, text=True, cwd="/",
                          env={"PATH": os.environ["PATH"], "PGPASSFILE": path, **environment}))
    finally:
        os.unlink(path)
