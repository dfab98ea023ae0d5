# shellcheck shell=bash
# The app's Node.js. Sourced by bash at the start of every dyno, after config vars are set.
export PATH="${HOME}/.heroku/node/bin:${PATH}:${HOME}/bin:${HOME}/node_modules/.bin"
export NODE_HOME="${HOME}/.heroku/node"
export NODE_ENV="${NODE_ENV:-production}"
# Nobody could follow its advice in a dyno.
export npm_config_update_notifier="${npm_config_update_notifier:-false}"
