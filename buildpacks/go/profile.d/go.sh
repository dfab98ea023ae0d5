# shellcheck shell=bash
# A Procfile may name a program of bin/ alone.
export PATH="${HOME}/bin:${PATH}"
