#!/usr/bin/env bash
# npm.

npm::obtain() {
	npm::provide
	MANAGER_COMMAND=npm MANAGER_VERSION="${NPM_VERSION}"
}

# The one that came with the node, unless the app asks for another. Sets NPM_VERSION.
npm::provide() {
	local range="" own="" folder=""
	if [[ "${SURVEY_MANAGER}" == npm ]]; then range="${SURVEY_MANAGER_RANGE}"; fi
	npm::_find_own
	own="${NPM_OWN}"
	if [[ -n "${own}" ]]; then
		NPM_VERSION="$(sed -n -E 's/^ *"version": *"([^"]+)".*/\1/p' "${own}/package.json" | head -n 1)"
		if [[ -z "${range}" ]] || manager::_does "${NPM_VERSION}" "${range}"; then
			if [[ "${NODE_SOURCE}" == machine ]]; then
				ln -sfn "${own}/bin/npm-cli.js" "${NODE_IN_BUILD}/bin/npm"
				ln -sfn "${own}/bin/npx-cli.js" "${NODE_IN_BUILD}/bin/npx"
			else
				manager::place npm "${own}" npm=bin/npm-cli.js npx=bin/npx-cli.js
			fi
			return 0
		fi
	fi
	manager::fetch npm "${range:-$(npm::_default_range)}"
	folder="${MANAGER_FOLDER}" NPM_VERSION="${MANAGER_VERSION}"
	manager::place npm "${folder}" npm=bin/npm-cli.js npx=bin/npx-cli.js
}

npm::_find_own() {
	NPM_OWN=""
	if [[ -n "${NODE_FOLDER}" ]]; then
		if [[ -f "${NODE_FOLDER}/lib/node_modules/npm/package.json" ]]; then NPM_OWN="${NODE_FOLDER}/lib/node_modules/npm"; fi
		return 0
	fi
	local folder
	for folder in "${NODE_PROGRAM%/bin/*}/lib/node_modules/npm" /usr/share/nodejs/npm /usr/lib/node_modules/npm /usr/local/lib/node_modules/npm; do
		if [[ -f "${folder}/package.json" && -f "${folder}/bin/npm-cli.js" ]]; then
			NPM_OWN="${folder}"
			return 0
		fi
	done
}

# The series that Node.js itself shipped with.
npm::_default_range() {
	local series="${NODE_VERSION%%.*}"
	if [[ "${series}" -ge 24 ]]; then
		echo 11.x
	elif [[ "${series}" -ge 18 ]]; then
		echo 10.x
	elif [[ "${series}" -ge 14 ]]; then
		echo 8.x
	elif [[ "${series}" -ge 6 ]]; then
		echo 6.x
	else
		echo 2.x
	fi
}

# $1: `all`, or `production` to leave devDependencies out.
npm::install() {
	local -a arguments=()
	if [[ -n "${SURVEY_LOCK_FILE}" && "${NPM_VERSION%%.*}" -ge 6 ]]; then arguments=(ci); else arguments=(install); fi
	INSTALL_SHOWN="npm ${arguments[0]}"
	if [[ "${NPM_VERSION%%.*}" -le 6 ]]; then
		if [[ "$1" == all ]]; then arguments+=(--production=false); else arguments+=(--production); fi
	else
		if [[ "$1" == all ]]; then arguments+=(--include=dev); else arguments+=(--omit=dev); fi
	fi
	output::detail "${INSTALL_SHOWN}$(if [[ "$1" != all ]]; then echo " --omit=dev (no script needs devDependencies)"; fi)"
	environment::run "" npm "${arguments[@]}" --no-audit --no-fund
}

npm::prune() {
	if [[ "${NPM_VERSION%%.*}" -le 6 ]]; then
		environment::run "" npm prune --production
	else
		environment::run "" npm prune --omit=dev --no-audit --no-fund
	fi
}
