#!/usr/bin/env bash
# Bun, as the package manager of a Node.js app and as what runs its scripts. Node.js is there as well.

bun::obtain() {
	local package="@oven/bun-linux-x64"
	MANAGER_COMMAND=bun
	if [[ "${NODE_ARCH}" == arm64 ]]; then
		package="@oven/bun-linux-aarch64"
	elif ! grep -q -m 1 -w avx2 /proc/cpuinfo; then
		package="@oven/bun-linux-x64-baseline"
	fi
	manager::fetch "${package}" "${SURVEY_MANAGER_RANGE:-1.x}"
	chmod 755 "${MANAGER_FOLDER}/bin/bun"
	node::link "${MANAGER_FOLDER}/bin/bun" "${NODE_IN_BUILD}/bin/bun"
	ln -sfn bun "${NODE_IN_BUILD}/bin/bunx"
}

bun::install() {
	local -a arguments=(--no-progress)
	INSTALL_SHOWN="bun install"
	if [[ -n "${SURVEY_LOCK_FILE}" ]]; then
		INSTALL_SHOWN+=" --frozen-lockfile"
		arguments+=(--frozen-lockfile)
	fi
	if [[ "$1" == production ]]; then arguments+=(--production); fi
	output::detail "${INSTALL_SHOWN}"
	environment::run "" bun install "${arguments[@]}"
}

# Bun has no command for it: what stays is installed anew, out of its cache.
bun::prune() {
	rm -rf "${BUILD_DIR}/node_modules"
	environment::run "" bun install --no-progress --production --ignore-scripts ${SURVEY_LOCK_FILE:+--frozen-lockfile}
}
