"""Sends a test mail as WGDashboard does: `python dashboard.py wg-dashboard.ini [HOST:PORT]`.

No timeout anywhere. Up to 4.2.1 the username is the envelope sender, whatever send_from says. HOST:PORT is where it
connects instead of the server in the file.
"""

import configparser
import smtplib
import sys
from email.message import EmailMessage

config = configparser.RawConfigParser(strict=False)
config.read(sys.argv[1])
email = config["Email"]
host, _, port = (sys.argv[2] if len(sys.argv) > 2 else f"{email['server']}:{email['port']}").rpartition(":")
old = config["Server"]["version"] < "v4.2.2"

message = EmailMessage()
message["From"] = email["send_from"]
message["To"] = "ops@example.com"
message["Subject"] = "test"
message.set_content("test")

smtp = smtplib.SMTP(host, port=int(port))
smtp.ehlo()
if email["encryption"] == "STARTTLS":
    smtp.starttls()
smtp.login(email["username"], email["email_password"])
smtp.sendmail(email["username"] if old else email["send_from"], ["ops@example.com"], message.as_string())
print("sent")
