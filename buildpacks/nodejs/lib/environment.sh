#!/usr/bin/env bash
# What installers and the app's scripts see: its config vars, its node first on PATH, caches in OWN_CACHE.

COMMAND_LOG="${WORK_DIR}/command.log"

environment::prepare() {
	NODE_ENV=production
	config_vars::read NODE_ENV
	NODE_MODULES_CACHE=true
	config_vars::read NODE_MODULES_CACHE
	environment::_find_headers
	environment::_decide_pruning
	report::set node_env "${NODE_ENV}"
}

# Folder for native modules to be compiled with; without it node-gyp downloads one.
environment::_find_headers() {
	NODE_HEADERS=""
	if [[ -n "${NODE_FOLDER}" && -d "${NODE_FOLDER}/include/node" ]]; then
		NODE_HEADERS="${NODE_FOLDER}"
	elif [[ -f /usr/include/node/node_version.h && "${NODE_PROGRAM}" == /usr/bin/* ]]; then
		NODE_HEADERS=/usr
	fi
}

# PRUNE_SKIPPED: why devDependencies stay, or nothing. WANT_DEV: whether they're installed at all.
environment::_decide_pruning() {
	local name NPM_CONFIG_PRODUCTION="" YARN_PRODUCTION="" YARN2_SKIP_PRUNING="" PNPM_SKIP_PRUNING=""
	for name in NPM_CONFIG_PRODUCTION YARN_PRODUCTION YARN2_SKIP_PRUNING PNPM_SKIP_PRUNING; do config_vars::read "${name}"; done
	PRUNE_SKIPPED="" WANT_DEV=yes
	case "${SURVEY_MANAGER}" in
		npm) if [[ "${NPM_CONFIG_PRODUCTION}" == false ]]; then PRUNE_SKIPPED="NPM_CONFIG_PRODUCTION is false"; fi ;;
		yarn-classic) if [[ "${YARN_PRODUCTION}" == false ]]; then PRUNE_SKIPPED="YARN_PRODUCTION is false"; fi ;;
		yarn-berry) if [[ "${YARN2_SKIP_PRUNING}" == true ]]; then PRUNE_SKIPPED="YARN2_SKIP_PRUNING is true"; fi ;;
		pnpm) if [[ "${PNPM_SKIP_PRUNING}" == true ]]; then PRUNE_SKIPPED="PNPM_SKIP_PRUNING is true"; fi ;;
	esac
	if [[ "${NODE_ENV}" != production ]]; then PRUNE_SKIPPED="NODE_ENV isn't 'production'"; fi
	if [[ -n "${SURVEY_HAS[devDependencies]:-}" && -z "${PRUNE_SKIPPED}" && -z "${SURVEY_HAS[workspaces]:-}" ]] && ! scripts::any heroku-prebuild build heroku-postbuild heroku-cleanup "${LIFECYCLE[@]}"; then
		WANT_DEV=no
	fi
}

# Runs a command for the app, its words shown and kept in COMMAND_LOG. $1 is a command for `sed`, or nothing.
environment::run() {
	local edit="$1"
	shift
	(
		unset npm_config_nodedir
		environment::_forget_registry
		config_vars::export
		export NODE_ENV="${NODE_ENV:-production}"
		export PATH="${BUILD_DIR}/.heroku/node/bin:${PATH}:${BUILD_DIR}/node_modules/.bin" NODE_HOME="${BUILD_DIR}/.heroku/node"
		environment::_settings
		cd "${BUILD_DIR}" || exit 1
		"$@"
	) 2>&1 </dev/null | tee "${COMMAND_LOG}" | output::indent "/^npm (warn|WARN) (config |Unknown (env|user) config )/d${edit:+;${edit}}"
}

# The app's own registry comes before the machine's, which npm would prefer in this form.
environment::_forget_registry() {
	if grep -q -s -E '^[[:space:]]*"?registry"?[[:space:]=]' "${BUILD_DIR}/.npmrc" "${BUILD_DIR}/.yarnrc"; then
		unset npm_config_registry NPM_CONFIG_REGISTRY
	fi
}

# Settings of installers that config vars don't take back.
environment::_settings() {
	export npm_config_cache="${OWN_CACHE}/npm-cache" npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false \
		npm_config_progress=false npm_config_fetch_retry_mintimeout=1000 npm_config_fetch_retry_maxtimeout=10000
	if [[ -n "${NODE_HEADERS}" ]]; then export npm_config_nodedir="${NODE_HEADERS}"; fi
	# Before version 8, node doesn't know of NODE_EXTRA_CA_CERTS.
	if [[ "${NODE_VERSION%%.*}" -lt 8 && -r "${NODE_EXTRA_CA_CERTS:-}" && -z "${npm_config_cafile:-}" ]]; then
		cat /etc/ssl/certs/ca-certificates.crt "${NODE_EXTRA_CA_CERTS}" >"${WORK_DIR}/npm-authorities.pem" 2>/dev/null || true
		export npm_config_cafile="${WORK_DIR}/npm-authorities.pem"
	fi
	case "${SURVEY_MANAGER}" in
		yarn-classic) export YARN_CACHE_FOLDER="${OWN_CACHE}/yarn-cache" ;;
		yarn-berry) yarn::berry_settings ;;
		pnpm) export npm_config_confirm_modules_purge=false pnpm_config_confirm_modules_purge=false npm_config_manage_package_manager_versions=false \
			npm_config_store_dir="${OWN_CACHE}/pnpm-store" pnpm_config_store_dir="${OWN_CACHE}/pnpm-store" ;;
		bun) export BUN_INSTALL_CACHE_DIR="${OWN_CACHE}/bun-cache" BUN_INSTALL="${WORK_DIR}/bun" ;;
	esac
}
