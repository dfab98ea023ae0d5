#!/usr/bin/env bash
# Yarn: version 1 (classic), and from version 2 on (berry).

YARN_LINKER=pnp

yarn::obtain() {
	local path
	MANAGER_COMMAND=yarn
	if [[ "${SURVEY_MANAGER}" == yarn-classic ]]; then
		manager::fetch yarn "${SURVEY_MANAGER_RANGE:-1.x}"
		manager::place yarn "${MANAGER_FOLDER}" yarn=bin/yarn.js yarnpkg=bin/yarn.js
		return
	fi
	YARN_LINKER="$(yarn::_setting nodeLinker)"
	YARN_LINKER="${YARN_LINKER:-pnp}"
	path="$(yarn::_setting yarnPath)"
	if [[ -n "${path}" && -f "${BUILD_DIR}/${path}" && "${path}" =~ ^[A-Za-z0-9._/-]+$ ]]; then
		# The app brings its own.
		# shellcheck disable=SC2016 # It expands in the script.
		printf '#!/bin/sh\nexec node "$(dirname "$(readlink -f "$0")")/../../../%s" "$@"\n' "${path}" >"${NODE_IN_BUILD}/bin/yarn"
		chmod 755 "${NODE_IN_BUILD}/bin/yarn"
		MANAGER_VERSION="${path##*/yarn-}"
		MANAGER_VERSION="${MANAGER_VERSION%.[cm]js}"
		SURVEY_MANAGER_ORIGIN=""
		return
	fi
	if [[ "${SURVEY_MANAGER_RANGE}" =~ ^[\^~]?2 ]]; then
		# The registry has version 2 under the old name.
		manager::fetch yarn "${SURVEY_MANAGER_RANGE}"
	else
		manager::fetch @yarnpkg/cli-dist "${SURVEY_MANAGER_RANGE:-4.x}"
	fi
	manager::place yarn "${MANAGER_FOLDER}" yarn=bin/yarn.js yarnpkg=bin/yarn.js
}

# A plain line of .yarnrc.yml.
yarn::_setting() {
	if [[ ! -f "${BUILD_DIR}/.yarnrc.yml" ]]; then return 0; fi
	sed -n -E "s/^$1:[[:space:]]*[\"']?([^\"'#]*[^\"'#[:space:]])[\"']?[[:space:]]*(#.*)?\$/\1/p" "${BUILD_DIR}/.yarnrc.yml" | tail -n 1
}

# With Plug'n'Play, packages are run out of the cache: that has to be a part of the app.
yarn::berry_settings() {
	export YARN_GLOBAL_FOLDER="${OWN_CACHE}/yarn-berry" YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_PROGRESS_BARS=0 YARN_ENABLE_INLINE_BUILDS=1
	if [[ "${YARN_LINKER}" == pnp ]]; then export YARN_ENABLE_GLOBAL_CACHE=0; else export YARN_ENABLE_GLOBAL_CACHE=1; fi
	if [[ -n "${npm_config_registry:-}" && -z "${YARN_NPM_REGISTRY_SERVER:-}" ]] && ! grep -q '^npmRegistryServer:' "${BUILD_DIR}/.yarnrc.yml" 2>/dev/null; then
		export YARN_NPM_REGISTRY_SERVER="${npm_config_registry%/}"
		if [[ "${npm_config_registry}" == http:* ]]; then
			local host="${npm_config_registry#*://}"
			host="${host%%/*}"
			export YARN_UNSAFE_HTTP_WHITELIST="${host%%:*}"
		fi
	fi
}

yarn::install() {
	if [[ "${SURVEY_MANAGER}" == yarn-berry ]]; then
		INSTALL_SHOWN="yarn install"
		if [[ -n "${SURVEY_LOCK_FILE}" ]]; then INSTALL_SHOWN+=" --immutable"; fi
		output::detail "${INSTALL_SHOWN}"
		# shellcheck disable=SC2086 # Words of ours.
		environment::run "" ${INSTALL_SHOWN}
		return
	fi
	local -a arguments=(--non-interactive --ignore-engines)
	INSTALL_SHOWN="yarn install"
	if [[ -n "${SURVEY_LOCK_FILE}" ]]; then
		INSTALL_SHOWN+=" --frozen-lockfile"
		arguments+=(--frozen-lockfile)
	fi
	if [[ "$1" == all ]]; then arguments+=(--production=false); else arguments+=(--production=true); fi
	output::detail "${INSTALL_SHOWN}"
	yarn::_with_registry environment::run "" yarn install "${arguments[@]}"
}

# Yarn 1 writes the address of the public registry into the lock file, and goes there whatever registry is set.
yarn::_with_registry() {
	local lock="${BUILD_DIR}/yarn.lock" kept="${WORK_DIR}/yarn.lock" status=0
	registry::open
	if [[ "${REGISTRY_URL}" == https://registry.npmjs.org/ || ! -f "${lock}" || -L "${lock}" ]]; then
		"$@"
		return
	fi
	cp -p "${lock}" "${kept}"
	sed -i -E "s#https://registry\.(yarnpkg\.com|npmjs\.org)/#${REGISTRY_URL//[&#\\]/\\&}#" "${lock}"
	"$@" || status=$?
	cp -p "${kept}" "${lock}"
	return "${status}"
}

yarn::prune() {
	if [[ "${SURVEY_MANAGER}" == yarn-classic ]]; then
		yarn::_with_registry environment::run "" yarn install --non-interactive --ignore-engines --ignore-scripts --prefer-offline --production=true
	elif [[ "${MANAGER_VERSION%%.*}" -ge 4 ]]; then
		environment::run "" yarn workspaces focus --all --production
	else
		output::detail "Skipped: Yarn ${MANAGER_VERSION} can't do it"
	fi
}
