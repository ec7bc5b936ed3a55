"""RFC text as functions: replies, commands, EHLO keywords, SASL, the message. No socket, no clock."""
