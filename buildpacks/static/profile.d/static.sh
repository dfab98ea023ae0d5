# shellcheck shell=bash
# The Node.js that serves the files.
export PATH="${HOME}/.heroku/node/bin:${PATH}"
