# SPDX-License-Identifier: Apache-2.0
"""sshd and nginx in a private world, with the files of etc/ as they stand, at their usual ports."""
import base64
import glob
import os
import shutil
import ssl
import urllib.error
import urllib.request

from .host import FOLDER
from .product import SAMPLES
from .tools import can_connect, run, wait_until, write

CA = FOLDER + "/certificates/ca.crt"
KEY_USERS = ("alice", "bob", "carol")


def start_sshd(host):
    for path in glob.glob("/etc/ssh/ssh_host_*"):
        os.unlink(path)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
    # Many logins at once from one address are no attack here.
    write("/etc/ssh/sshd_config.d/world.conf",
          "HostKey /etc/ssh/ssh_host_ed25519_key\nMaxStartups 400\n")
    host.sshd = host.start("/usr/sbin/sshd", "-D", output="sshd.log")
    wait_until("sshd", lambda: can_connect(("127.0.0.1", 22)))


def make_key(host):
    """One ssh key that alice, bob and carol have all authorized."""
    host.key = host.folder + "/key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host.key)
    for name in KEY_USERS:
        folder = f"/home/{name}/.ssh"
        os.makedirs(folder, mode=0o700)
        shutil.copy(host.key + ".pub", f"{folder}/authorized_keys")
        run("chown", "-R", f"{name}:{name}", folder)


def start_nginx(host):
    write("/var/www/protected/index.html", "protected\n")
    shutil.copy(f"{SAMPLES}/nginx/dblab.conf", "/etc/nginx/dblab.conf")
    write("/etc/nginx/nginx.conf", f"""load_module modules/ngx_http_auth_pam_module.so;
user www-data; worker_processes 1; daemon off; pid /run/nginx.pid;
error_log /var/log/nginx/error.log info; events {{}}
http {{ access_log /var/log/nginx/access.log; server {{
    listen 127.0.0.1:443 ssl; root /var/www;
    ssl_certificate {host.certificates}/good.crt; ssl_certificate_key {host.certificates}/good.key;
    include /etc/nginx/dblab.conf;
}} }}
""")
    host.nginx = host.start("/usr/sbin/nginx", output="nginx.log")
    wait_until("nginx", lambda: can_connect(("127.0.0.1", 443)))


class Page:
    """What nginx answers to somebody who asks for the protected page."""

    def __init__(self, user, token):
        word = base64.b64encode(f"{user}:{token}".encode()).decode()
        request = urllib.request.Request("https://127.0.0.1/protected/",
                                         headers={"Authorization": f"Basic {word}"})
        context = ssl.create_default_context(cafile=CA)
        try:
            with urllib.request.urlopen(request, timeout=20, context=context) as answer:
                self.status = answer.status
        except urllib.error.HTTPError as error:
            self.status = error.code
        self.ok = self.status == 200
