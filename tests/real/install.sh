#!/usr/bin/env bash
# Installs the real mail servers and clients that tests/real talks to (Debian, Ubuntu).
#
#   tests/real/install.sh
#
# Postfix, Dovecot, swaks, openssl, curl, chromium and promtool (prometheus) come from apt, nodemailer from npm, the schemas
# of Kubernetes from pip (100 MB, too large for the `dev` extra, of which aiosmtpd is a part).
# Debian allows one mail transport agent at a time, so Exim is unpacked beside Postfix, not installed.
# No system service is started: the fixtures run every server themselves, from the templates in tests/real/servers.
# What apt does not own goes to $SMTPCHECK_REAL_DIR (default: ~/.cache/smtpcheck-real). Safe to run again.
set -euo pipefail

readonly destination="${SMTPCHECK_REAL_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/smtpcheck-real}"
readonly nodemailer_version=7.0.11
readonly kubernetes_validate_version=1.37.0
readonly policy=/usr/sbin/policy-rc.d
scratch=$(mktemp -d)
readonly scratch
own_policy=no
lists_are_fresh=no

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}

clean_up() {
    rm -rf "$scratch"
    if [ "$own_policy" = yes ]; then as_root rm -f "$policy"; fi
}

# A package's scripts ask policy-rc.d whether they may start its service; 101 says no. An existing policy stays.
forbid_services() {
    if [ -e "$policy" ]; then return; fi
    printf '#!/bin/sh\nexit 101\n' >"$scratch/policy-rc.d"
    own_policy=yes
    as_root install -m 755 "$scratch/policy-rc.d" "$policy"
}

installed() {
    dpkg-query --show --showformat='${db:Status-Status}\n' "$@" 2>/dev/null | grep -vqx installed && return 1
    dpkg-query --show "$@" >/dev/null 2>&1
}

# The package lists are fetched once, and only if something is missing.
refresh_lists() {
    if [ "$lists_are_fresh" = yes ]; then return; fi
    apt update
    lists_are_fresh=yes
}

install_packages() {
    if installed "$@"; then return; fi
    refresh_lists
    forbid_services
    apt install --yes --no-install-recommends "$@"
}

# Debian enables a service when its package comes in; nobody asked for a mail server at the next boot.
install_servers() {
    if installed postfix dovecot-core; then return; fi
    install_packages postfix dovecot-core
    if command -v systemctl >/dev/null; then as_root systemctl --quiet disable postfix dovecot || true; fi
}

library_dependencies() {
    dpkg-deb --field "$1" Depends | tr ',' '\n' | sed -nE 's/^ *(lib[^ (|]+).*/\1/p'
}

# Debian's binary looks this user up by name at every start, and the package that creates it is not installed.
create_exim_user() {
    if getent passwd Debian-exim >/dev/null; then return; fi
    install_packages adduser
    as_root adduser --force-badname --system --group --quiet --no-create-home --home /nonexistent Debian-exim
}

unpack_exim() {
    if [ -x "$destination/exim/usr/sbin/exim4" ]; then return; fi
    refresh_lists
    # apt-get download needs no privileges, but wants to write where it is.
    (cd "$scratch" && apt-get -qq -o APT::Sandbox::User=root download exim4-daemon-light)
    local package
    package=$(find "$scratch" -name 'exim4-daemon-light_*.deb')
    mapfile -t libraries < <(library_dependencies "$package")
    install_packages "${libraries[@]}"
    rm -rf "$destination/exim"
    dpkg-deb --extract "$package" "$destination/exim"
    # Set-uid root is for an installed mail system; here root itself starts it, or nobody.
    chmod u-s "$destination/exim/usr/sbin/exim4"
}

install_nodemailer() {
    local manifest="$destination/node_modules/nodemailer/package.json"
    if [ -f "$manifest" ] && grep -q "\"version\": \"$nodemailer_version\"" "$manifest"; then return; fi
    if ! command -v npm >/dev/null; then install_packages nodejs npm; fi
    npm install --prefix "$destination" --no-save --no-audit --no-fund --silent "nodemailer@$nodemailer_version"
}

install_kubernetes_schemas() {
    local python="$destination/kubernetes/bin/python"
    if [ -x "$python" ] && "$python" -m pip freeze | grep -qx "kubernetes-validate==$kubernetes_validate_version"; then return; fi
    rm -rf "$destination/kubernetes"
    python3 -m venv "$destination/kubernetes"
    "$python" -m pip install --quiet "kubernetes-validate==$kubernetes_validate_version"
}

trap clean_up EXIT
mkdir -p "$destination"
install_servers
install_packages swaks openssl libnet-ssleay-perl libauthen-sasl-perl libdigest-hmac-perl
install_packages curl chromium prometheus
create_exim_user
unpack_exim
install_nodemailer
install_kubernetes_schemas

versions() {
    echo "postfix $(postconf -h mail_version)"
    echo "dovecot $(dovecot --version)"
    "$destination/exim/usr/sbin/exim4" -C /dev/null -bV 2>/dev/null | sed -n '1s/^Exim version \([^ ]*\).*/exim \1/p'
    swaks --version | sed -n '1s/^swaks version /swaks /p'
    openssl version
    sed -n 's/^ *"version": "\(.*\)",/nodemailer \1/p' "$destination/node_modules/nodemailer/package.json"
    "$destination/kubernetes/bin/python" -m pip freeze | sed -n 's/^kubernetes-validate==/kubernetes-validate /p'
}

versions
