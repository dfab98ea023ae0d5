# shellcheck shell=bash
# Requests reach gunicorn through the router, and its access log belongs on stdout.
export FORWARDED_ALLOW_IPS="${FORWARDED_ALLOW_IPS:-*}"
export GUNICORN_CMD_ARGS="${GUNICORN_CMD_ARGS:---access-logfile -}"
