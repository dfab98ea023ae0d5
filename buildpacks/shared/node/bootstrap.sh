#!/usr/bin/env bash
# A first Node.js for a machine that has none from version 18 on, with nothing but bash, curl and coreutils: the newest of the
# default series. Often it's the very one that the app gets afterwards.

node_bootstrap::obtain() {
	local folder="${NODE_TOOLCHAIN}/helper" source
	HELPER_NODE="${folder}/bin/node"
	if [[ -x "${HELPER_NODE}" ]]; then return 0; fi
	for source in ${NODE_SOURCES}; do
		if [[ "${source}" == machine ]]; then continue; fi
		"node_bootstrap::_${source}" "${folder}" || continue
		chmod 755 "${HELPER_NODE}"
		if "${HELPER_NODE}" --version >/dev/null 2>&1; then return 0; fi
		rm -rf "${folder}"
	done
	output::fail "no-helper-node" <<-END
		Error: This machine has no Node.js, and none can be downloaded.

		The buildpack needs one for its own work. ${TOOLCHAIN_PROBLEM:+The last try: ${TOOLCHAIN_PROBLEM}.}

		Ask the operator of this platform to install one (apt-get install
		nodejs curl), or to let builds reach the npm registry.
	END
}

node_bootstrap::_upstream() {
	local base="${NODE_MIRROR}/latest-v${DEFAULT_NODE_SERIES}.x" sums="${WORK_DIR}/sums" hash file
	toolchain::get "${base}/SHASUMS256.txt" "${sums}" || return 1
	read -r hash file < <(grep -E "^[0-9a-f]{64}  node-v[0-9.]+-linux-${NODE_ARCH}\.tar\.gz\$" "${sums}") || return 1
	toolchain::install "${base}/${file}" "sha256:${hash}" "$1" --exclude='*/share'
}

# Two fields of one line of JSON, of the newest version of the series.
node_bootstrap::_registry() {
	local document="${WORK_DIR}/bootstrap.json" registry="${npm_config_registry:-https://registry.npmjs.org}" version integrity
	registry="${registry%/}"
	toolchain::get "${registry}/node-linux-${NODE_ARCH}" "${document}" --header 'Accept: application/vnd.npm.install-v1+json' || return 1
	read -r version integrity < <(tr -d '\n' <"${document}" | sed 's/"dist":/\n&/g' |
		sed -n -E "/node-linux-${NODE_ARCH}-${DEFAULT_NODE_SERIES}\.[0-9]+\.[0-9]+\.tgz/{s#^\"dist\":(\{[^}]*\}).*#\1#;s#.*node-linux-${NODE_ARCH}-([0-9.]+)\.tgz.*#\1 &#;p}" |
		sed -n -E 's#^([0-9.]+) .*"integrity": *"(sha512-[A-Za-z0-9+/=]+)".*#\1 \2#p' | sort -V | tail -n 1) || return 1
	toolchain::install "${registry}/node-linux-${NODE_ARCH}/-/node-linux-${NODE_ARCH}-${version}.tgz" "${integrity}" "$1" --exclude='*/share'
}
