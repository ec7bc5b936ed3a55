"""Each syntax gives its keys with their lines, and what wins where several say the same."""

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from smtpcheck.model import UsageError
from smtpcheck.model.settings import Entry, Given
from smtpcheck.settings.carriers import given


def written(folder: Path, **files: str) -> list[str]:
    """The files, by their names with `__` for a dot and `_` for a hyphen; and their paths."""
    paths = []
    for name, text in files.items():
        place = folder / name.replace("__", ".").replace("_", "-")
        place.write_text(text)
        paths.append(str(place))
    return paths


def last(one: Given, key: str) -> Entry:
    """The entry that counts."""
    return next(entry for entry in reversed(one.entries) if entry.key == key)


def says(one: Given, key: str) -> tuple[object, str, int | None]:
    """Value, file and line of the entry that counts."""
    entry = last(one, key)
    return entry.value, Path(entry.origin.file or "").name, entry.origin.line


COMPOSE = """\
x-mail: &mail
  SMTP_PORT: 587
  SMTP_SECURITY: starttls
services:
  app:
    container_name: my-app
    env_file:
      - mail.env
      - path: missing.env
        required: false
    environment:
      <<: *mail
      SMTP_HOST: ${MAIL_HOST:-smtp.example.com}
      SMTP_PASSWORD: pa$$word
      SMTP_USERNAME: ${UNSET}
      SMTP_FROM:
  listed:
    environment:
      - SMTP_HOST=${MAIL_HOST-none}
      - "SMTP_FROM=a=b@example.com"
      - PASSED_ON
"""


def test_a_compose_file_gives_each_service_its_environment(tmp_path: Path) -> None:
    """Anchors and merges, `${VAR:-x}`, `$$`, maps and lists; `environment` wins over `env_file`."""
    (tmp_path / "mail.env").write_text("SMTP_HOST=from.file\nHELO_NAME=app.example.com\n")
    app, listed = given(written(tmp_path, docker_compose__yml=COMPOSE))
    assert (app.service, app.container, app.container_name, app.services) == ("app", True, "my-app", ("app", "listed"))
    assert says(app, "SMTP_HOST") == ("smtp.example.com", "docker-compose.yml", 13)
    assert says(app, "SMTP_PASSWORD") == ("pa$word", "docker-compose.yml", 14)
    assert says(app, "SMTP_PORT") == ("587", "docker-compose.yml", 2)
    assert says(app, "SMTP_USERNAME")[0] == ""
    assert says(app, "HELO_NAME") == ("app.example.com", "mail.env", 2)
    assert says(listed, "SMTP_FROM") == ("a=b@example.com", "docker-compose.yml", 20)
    assert last(listed, "PASSED_ON").unread == "is passed on from the environment of docker compose"


def test_the_env_file_beside_a_compose_file_fills_its_variables(tmp_path: Path) -> None:
    """And is no environment of the container by itself."""
    (tmp_path / ".env").write_text("MAIL_HOST=smtp.example.net\nSMTP_USERNAME=not-passed\nSMTP_FROM=a@example.com\n")
    app, _ = given(written(tmp_path, docker_compose__yml=COMPOSE.replace("- mail.env", "- .env")))
    assert says(app, "SMTP_HOST")[0] == "smtp.example.net"
    assert says(app, "SMTP_FROM")[0] == "a@example.com"  # a name alone is passed on


def test_a_missing_env_file_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"docker-compose.yml' line 8: env_file names 'mail.env', which is not there"):
        given(written(tmp_path, docker_compose__yml=COMPOSE))


def test_an_override_file_wins(tmp_path: Path) -> None:
    base = "services:\n  app:\n    environment:\n      SMTP_HOST: one\n      SMTP_FROM: a@example.com\n"
    more = "services:\n  app:\n    environment:\n      SMTP_HOST: two\n"
    (app,) = given(written(tmp_path, docker_compose__yml=base, docker_compose__override__yml=more))
    assert says(app, "SMTP_HOST") == ("two", "docker-compose.override.yml", 4)
    assert says(app, "SMTP_FROM")[0] == "a@example.com"


def test_extends_takes_over_what_it_does_not_set(tmp_path: Path) -> None:
    (tmp_path / "base.yml").write_text(
        "services:\n  base:\n    environment:\n      SMTP_HOST: base\n      SMTP_PORT: '25'\n"
    )
    text = (
        "services:\n  app:\n    extends:\n      file: base.yml\n      service: base\n"
        "    environment:\n      SMTP_HOST: own\n"
    )
    (app,) = given(written(tmp_path, compose__yml=text))
    assert says(app, "SMTP_HOST") == ("own", "compose.yml", 7)
    assert says(app, "SMTP_PORT") == ("25", "base.yml", 5)


def test_a_secret_of_compose_is_read_where_it_lies_beside(tmp_path: Path) -> None:
    (tmp_path / "password.txt").write_text("s3cr3t\n")
    text = (
        "services:\n  app:\n    environment:\n      SMTP_PASSWORD_FILE: /run/secrets/mail\n      OTHER_FILE: "
        "/run/secrets/far\nsecrets:\n  mail:\n    file: ./password.txt\n  far:\n    external: true\n"
    )
    (app,) = given(written(tmp_path, compose__yml=text))
    assert says(app, "SMTP_PASSWORD")[0] == "s3cr3t"
    assert last(app, "OTHER").unread == "the secret 'far' is kept outside of this file"


MANIFESTS = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: mail}}
data:
  password: {b64encode(b"s3cr3t").decode()}
  broken: "not base64!"
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: mail}}
data:
  SMTP_HOST: smtp.example.com
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app}}
spec:
  template:
    spec:
      containers:
        - name: web
          envFrom:
            - configMapRef: {{name: mail}}
          env:
            - name: SMTP_PORT
              value: "587"
            - name: SMTP_PASSWORD
              valueFrom: {{secretKeyRef: {{name: mail, key: password}}}}
            - name: SMTP_USERNAME
              valueFrom: {{secretKeyRef: {{name: elsewhere, key: user}}}}
"""


def test_a_deployment_takes_its_variables_from_secrets_and_maps(tmp_path: Path) -> None:
    (web,) = given(written(tmp_path, app__yaml=MANIFESTS))
    assert (web.service, web.container) == ("web", True)
    assert says(web, "SMTP_HOST") == ("smtp.example.com", "app.yaml", 12)
    assert says(web, "SMTP_PASSWORD") == ("s3cr3t", "app.yaml", 5)
    assert says(web, "SMTP_PORT") == ("587", "app.yaml", 26)
    assert last(web, "SMTP_USERNAME").unread == "stands in the Secret 'elsewhere', which is not among the files"


def test_a_secret_alone_stands_for_itself(tmp_path: Path) -> None:
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata:\n  SMTP_HOST: {b64encode(b'h').decode()}\n"
    (one,) = given(written(tmp_path, secret__yaml=text))
    assert says(one, "SMTP_HOST") == ("h", "secret.yaml", 5)


def test_a_unit_sets_several_variables_in_one_line(tmp_path: Path) -> None:
    """Quotes around an assignment, an empty one that clears the list, and a file that wins."""
    (tmp_path / "mail.env").write_text('SMTP_PORT="465"\n')
    text = (
        "[Service]\nEnvironment=GONE=1\nEnvironment=\n"
        "Environment=\"SMTP_FROM=a b\" 'SMTP_HOST=smtp.example.com' SMTP_PORT=25 PERCENT=100%%\n"
        "EnvironmentFile=-missing.env\nEnvironmentFile=mail.env\n"
    )
    (one,) = given(written(tmp_path, app__service=text))
    assert says(one, "SMTP_FROM") == ("a b", "app.service", 4)
    assert says(one, "SMTP_PORT") == ("465", "mail.env", 1)
    assert says(one, "PERCENT")[0] == "100%"
    assert "GONE" not in {entry.key for entry in one.entries}


def test_the_environment_of_a_running_process() -> None:
    """As the kernel keeps it; nothing is quoted, and no file is named."""
    if not os.path.exists("/proc/self/environ"):
        pytest.skip("only Linux shows the environment of a process")
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"SMTP_HOST": "smtp.example.com", "SMTP_PASSWORD": "a 'b' #c"},
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        (one,) = given([], process=child.pid)
    finally:
        child.communicate()
    assert last(one, "SMTP_PASSWORD").value == "a 'b' #c"
    assert last(one, "SMTP_HOST").origin.kind == "process"


def test_a_process_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"--app-process 4194305: .* cannot be read"):
        given([], process=4194305)


def test_printed_variables_are_recognised_by_their_look(tmp_path: Path) -> None:
    """The output of `printenv`, kept in a file of any name."""
    (one,) = given(written(tmp_path, printed="HOME=/root\nSMTP_HOST=smtp.example.com\nEMPTY=\n"))
    assert says(one, "SMTP_HOST") == ("smtp.example.com", "printed", 2)
    assert one.syntaxes == ("env",)


def test_json_lines_are_counted(tmp_path: Path) -> None:
    options = '"host": "smtp.example.com",\n  "port": 465, "secure": true'
    text = f'{{\n "mail": {{"options": {{\n  {options}}}}},\n "list": [1, null]}}'
    (one,) = given(written(tmp_path, config__json=text))
    assert says(one, "mail.options.host") == ("smtp.example.com", "config.json", 3)
    assert says(one, "mail.options.secure") == (True, "config.json", 4)
    assert says(one, "list.1") == (None, "config.json", 5)


def test_python_is_read_and_not_run(tmp_path: Path) -> None:
    """Constants with their lines; what only a run could tell is named, without its texts."""
    mark = tmp_path / "mark"
    text = (
        f"import os\nopen({str(mark)!r}, 'w')\nEMAIL_HOST: str = 'smtp.' + 'example.com'\n"
        "if True:\n    EMAIL_PORT = 587\nEMAIL_HOST_PASSWORD = os.environ.get('MAIL_PASSWORD', 's3cr3t')\n"
    )
    (one,) = given(written(tmp_path, settings__py=text))
    assert not mark.exists()
    assert says(one, "EMAIL_HOST") == ("smtp.example.com", "settings.py", 3)
    assert says(one, "EMAIL_PORT") == (587, "settings.py", 5)
    unread = last(one, "EMAIL_HOST_PASSWORD").unread
    assert unread is not None
    assert "MAIL_PASSWORD" in unread
    assert "s3cr3t" not in unread


def test_php_is_read_and_not_run(tmp_path: Path) -> None:
    text = (
        "<?php // a comment with 'quotes'\n$CONFIG = array (\n  'mail_smtphost' => 'smtp.example.com',\n"
        "  'mail_smtpport' => 465,\n  'mail_smtppassword' => getenv('X') . 's3cr3t',\n"
        "  'nested' => ['ssl' => ['verify_peer' => false]],\n);\n"
    )
    (one,) = given(written(tmp_path, config__php=text))
    assert says(one, "mail_smtphost") == ("smtp.example.com", "config.php", 3)
    assert says(one, "mail_smtpport") == (465, "config.php", 4)
    assert last(one, "mail_smtppassword").unread == "is an expression"
    assert says(one, "nested.ssl.verify_peer") == (False, "config.php", 6)


def test_a_file_of_no_known_kind_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither its name nor its text tells what kind of file this is"):
        given(written(tmp_path, notes="Dear diary\n"))
