"""A mail server on loopback, by aiosmtpd: PORT FILE. It answers as the reader's
name says, and writes each message that it has as one line of JSON."""

import email
import email.policy
import json
import sys

from aiosmtpd.controller import Controller


class Handler:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")

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
