"""An IMAP server on loopback, by Dovecot: PROGRAM PORT TLS_PORT CERTIFICATE. Every
name has a mailbox and the password `secret`. CERTIFICATE is written: what the server
shows, for localhost. Ends with its standard input."""

import datetime
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SETTINGS = """
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 100
# What comes within the moment in which a client begins to wait is found by this.
mailbox_idle_check_interval = 1 secs
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
"""

# Dovecot gives its parts to users of its own where it may; elsewhere all are ours.
OURS = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def certify(folder, certificate):
    """Makes a key, and a certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    with open(certificate, "wb") as file:
        file.write(made.public_bytes(Encoding.PEM))
    with open(folder + "/key.pem", "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def main(program, port, tls_port, certificate):
    # Not below the project: the users that Dovecot works as must get there.
    folder = tempfile.mkdtemp(prefix="attache-imap-")
    os.chmod(folder, 0o755)
    os.makedirs(folder + "/mail")
    root = os.getuid() == 0
    owner = pwd.getpwnam("mail") if root else pwd.getpwuid(os.getuid())
    if root:
        os.chown(folder + "/mail", owner.pw_uid, owner.pw_gid)
    certify(folder, certificate)
    words = {"folder": folder, "port": port, "tls_port": tls_port, "certificate": certificate}
    words.update(user=owner.pw_uid, group=owner.pw_gid)
    settings = SETTINGS.format(**words)
    if not root:
        import grp

        words.update(user=owner.pw_name, group=grp.getgrgid(owner.pw_gid).gr_name)
        settings += OURS.format(**words)
    with open(folder + "/dovecot.conf", "w", encoding="utf-8") as file:
        file.write(settings)
    server = subprocess.Popen([program, "-F", "-c", folder + "/dovecot.conf"], stdin=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if server.poll() is not None:
                sys.exit(f"dovecot ended with {server.returncode}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(port))) == 0:
                    break
            time.sleep(0.05)
        print(f"READY dovecot on {port}", flush=True)
        sys.stdin.read()
    finally:
        server.terminate()
        server.wait()
        with open(folder + "/log", encoding="utf-8") as file:
            sys.stderr.write(file.read())
        shutil.rmtree(folder, ignore_errors=True)


main(*sys.argv[1:5])
