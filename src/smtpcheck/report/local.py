"""What is told of this machine on the terminal: only what bears on the cause. The JSON report has all of it."""

from smtpcheck.model import Report

_BEARS_ON = {
    "trust-store-empty": ("trust_store", "container"),
    "trust-store-outdated": ("trust_store", "openssl", "container"),
    "certificate-not-yet-valid": ("clock",),
    "resolver-unreachable": ("resolver", "container"),
    "hosts-file-override": ("hosts_file",),
    "resolves-to-loopback": ("hosts_file",),
    "helo-rejected": ("ehlo_name",),
    "no-common-address-family": ("address_families",),
    "app-calls-localhost": ("container",),
}

_NAMES = {
    "container": "in a container",
    "resolver": "nameservers",
    "hosts_file": "hosts file",
    "address_families": "address families with a route",
    "ehlo_name": "name said in EHLO",
    "trust_store": "trust store",
    "openssl": "TLS library",
    "clock": "clock",
}
_NOTHING_TO_TELL = ("no sign of one", "no line for ")


def local(report: Report) -> list[str]:
    """The facts of this machine that bear on the cause, a line each."""
    keys = _BEARS_ON.get(report.cause.id, ()) if report.cause else ()
    return [
        f"{_NAMES[key]}: {report.local[key]}"
        for key in keys
        if key in report.local and not report.local[key].startswith(_NOTHING_TO_TELL)
    ]
