"""What was asked for, word by word: every option of `check`, as it was typed.

Nothing is read, looked up or judged here. `build` turns it into a Target and Options; the names of the fields are those
of the command line's options.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from smtpcheck.model import Origin, Secret
from smtpcheck.model.record import record

_NOWHERE: Mapping[str, Origin] = MappingProxyType({})


@record
class Request:
    """The raw values; None (or False) where nothing was given. `secret` is one that the caller already holds. `origins`
    tells of the fields that were not typed where they come from, and `files` which settings files were used, in words.
    """

    target: str | None = None
    port: int | str | None = None
    tls: str | None = None

    user: str | None = None
    auth: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    password_stdin: bool = False
    password_command: str | None = None
    password_keyring: str | None = None
    ask_password: bool = False
    token_env: str | None = None
    token_file: str | None = None
    token_command: str | None = None
    secret: Secret | None = None
    allow_cleartext_auth: bool = False

    sender: str | None = None
    recipients: tuple[str, ...] = ()
    send: bool = False
    header_from: str | None = None
    subject: str | None = None
    body_file: str | None = None

    until: str | None = None
    helo: str | None = None
    timeout: float | str | None = None
    max_time: float | str | None = None
    patience: str | None = None
    second_looks: bool = True
    sibling_ports: bool = True
    expect: tuple[str, ...] = ()
    fail_on: str | None = None

    ipv4: bool = False
    ipv6: bool = False
    address: str | None = None
    all_addresses: bool = False
    source: str | None = None
    resolver: str | None = None
    proxy: str | None = None
    proxy_password_env: str | None = None

    ca_file: str | None = None
    verify_name: str | None = None
    sni: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    client_key_password_env: str | None = None
    min_tls: str | None = None
    insecure: bool = False

    app_config: tuple[str, ...] = ()
    app: str | None = None
    service: str | None = None
    app_process: str | None = None
    from_here: bool = False

    origins: Mapping[str, Origin] = field(default_factory=lambda: _NOWHERE)
    files: tuple[str, ...] = ()
