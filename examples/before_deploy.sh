#!/bin/sh
# A smoke test in shell, for a CI job: one line, and the exit code says where it stopped (see README).
#
#   SMTPCHECK_PASSWORD=... sh before_deploy.sh smtp.example.com:587 alice@example.com
set -eu
target=$1
user=$2
shift 2

smtpcheck check "$target" --user "$user" --from "$user" --to "$user" --max-time 30 -q "$@"
