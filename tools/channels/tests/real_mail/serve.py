"""A mail server on loopback, by aiosmtpd: PORT FILE. It answers as the reader's
name says, and writes each message that it has as one line of JSON, with what
dkimpy says of its signature. FILE.key is the private key to sign with."""

import base64
import email
import email.policy
import json
import sys

import dkim
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

NAME = b"mail._domainkey.brightwater.example."


def record(path):
    """Makes a key, and what the domain of whoever signs with it publishes."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    with open(path, "wb") as file:
        file.write(key.private_bytes(*form))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


class Handler:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.record = record(path + ".key")

    def signed(self, content):
        try:
            return dkim.verify(content, dnsfunc=lambda name, timeout=5: self.record if name == NAME else None)
        except dkim.DKIMException:
            return False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("bounce"):
            return "550 5.1.1 no such user"
        if address.startswith("later"):
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        seen = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": message["subject"],
            "id": message["message-id"],
            "automatic": message["auto-submitted"],
            "text": message.get_content(),
            "signed": self.signed(envelope.content),
            "signed_if_changed": self.signed(envelope.content + b"P.S.\r\n"),
            "unsubscribe": message["list-unsubscribe"],
        }
        self.file.write(json.dumps(seen) + "\n")
        self.file.flush()
        if envelope.rcpt_tos[0].startswith("cut"):
            server.transport.abort()
        return "250 queued"


controller = Controller(Handler(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1]))
controller.start()
print("READY", flush=True)
# It ends with its standard input, so it cannot outlive whoever started it.
sys.stdin.read()
controller.stop()
