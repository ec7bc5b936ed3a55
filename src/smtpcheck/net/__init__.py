"""Sockets, TLS, DNS, certificates, kernel and machine facts: the only package that touches any of them."""
