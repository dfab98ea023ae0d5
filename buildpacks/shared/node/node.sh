#!/usr/bin/env bash
# Finds a Node.js of the wanted version, and one that runs the buildpack's own helpers. After start.sh:
#
#     node::find_helper           sets HELPER_NODE: any node from version 18 on
#     node::choose RANGE ORIGIN   sets NODE_VERSION and NODE_SOURCE; RANGE may be empty, ORIGIN is the file that states it
#     node::obtain                sets NODE_FOLDER (bin/node, perhaps lib/node_modules/npm and include/), or for the machine's
#                                 own node NODE_PROGRAM alone
#     node::place                 puts it into BUILD_DIR/.heroku/node/bin
#
# Sources, best first, when the same version is in several: releases from nodejs.org or a mirror of it, packages of the npm
# registry, what the machine has. They lie in CACHE_DIR/node-toolchain, which all buildpacks of the app share.

source "${SHARED_DIR}/node/registry.sh"
source "${SHARED_DIR}/node/node-words.sh"

DEFAULT_NODE_SERIES=24
NODE_SOURCES="${NODE_BUILDPACK_SOURCES:-upstream registry machine}"
# As nvm and others name it; a folder can be given as file:///...
NODE_MIRROR="${NODEJS_ORG_MIRROR:-https://nodejs.org/dist}"
NODE_MIRROR="${NODE_MIRROR%/}"
# After so many days it's asked whether there is a newer version.
NODE_ASK_AGAIN_DAYS=7
NODE_TOOLCHAIN="${CACHE_DIR}/node-toolchain"
NODE_PROGRAM=""
NODE_PROBLEMS=()
# What it is for, when the app itself asks for none: then nothing is said about the version either.
NODE_FOR=""

case "$(uname -m)" in
	aarch64 | arm64) NODE_ARCH=arm64 ;;
	*) NODE_ARCH=x64 ;;
esac

# The last build's choice: version, source, path (a program of the machine or a folder of ours), what tells that program from
# another one at the same path, and the range that it was chosen for.
node::_read_last() {
	NODE_LAST_VERSION="" NODE_LAST_SOURCE="" NODE_LAST_PATH="" NODE_LAST_IDENTITY="" NODE_LAST_REQUEST=""
	if [[ ! -f "${NODE_TOOLCHAIN}/last" ]]; then return 0; fi
	IFS=$'\t' read -r NODE_LAST_VERSION NODE_LAST_SOURCE NODE_LAST_PATH NODE_LAST_IDENTITY NODE_LAST_REQUEST <"${NODE_TOOLCHAIN}/last" || true
	local program="${NODE_LAST_PATH}"
	if [[ "${NODE_LAST_SOURCE}" != machine ]]; then program="${NODE_LAST_PATH}/bin/node"; fi
	if [[ ! -x "${program}" || ("${NODE_LAST_SOURCE}" == machine && "$(node::_identity "${program}")" != "${NODE_LAST_IDENTITY}") ||
		" ${NODE_SOURCES} " != *" ${NODE_LAST_SOURCE} "* ]]; then
		NODE_LAST_VERSION=""
		return 0
	fi
	NODE_LAST_PROGRAM="${program}"
}

node::_identity() {
	stat -L -c '%i-%s-%Y' "$1" 2>/dev/null || true
}

# Programs that dynos can see too: not in somebody's home folder, which a sandbox hides.
node::_machine_programs() {
	local path real
	for path in /usr/local/bin/node /usr/bin/node /usr/bin/nodejs /opt/node*/bin/node; do
		if [[ ! -x "${path}" ]]; then continue; fi
		real="$(readlink -f "${path}")"
		case "${real}" in
			/usr/* | /opt/* | /nix/*) echo "${path}" ;;
		esac
	done
}

# Prints `version<TAB>path` of each.
node::_machine() {
	local path version
	while IFS= read -r path; do
		version="$("${path}" --version 2>/dev/null)" || continue
		if [[ "${version}" =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]; then printf '%s\t%s\n' "${version#v}" "${path}"; fi
	done < <(node::_machine_programs)
}

node::find_helper() {
	local version path
	node::_read_last
	if [[ -n "${NODE_LAST_VERSION}" && "${NODE_LAST_VERSION%%.*}" -ge 18 ]]; then
		HELPER_NODE="${NODE_LAST_PROGRAM}"
		return 0
	fi
	node::_machine >"${WORK_DIR}/machine.tsv"
	while IFS=$'\t' read -r version path; do
		if [[ "${version%%.*}" -ge 18 ]]; then
			HELPER_NODE="${path}"
			return 0
		fi
	done <"${WORK_DIR}/machine.tsv"
	source "${SHARED_DIR}/node/bootstrap.sh"
	node_bootstrap::obtain
}

# Both lists at once: in a network that is closed to one, only the connect timeout is lost.
node::_ask_sources() {
	local upstream="${WORK_DIR}/upstream.json" registry="${WORK_DIR}/registry.tsv" document="${WORK_DIR}/registry.json" asking=""
	if [[ " ${NODE_SOURCES} " == *" upstream "* ]]; then
		(
			toolchain::get "${NODE_MIRROR}/index.json" "${upstream}.part" && mv "${upstream}.part" "${upstream}" ||
				echo "${TOOLCHAIN_PROBLEM}" >"${WORK_DIR}/upstream-problem"
		) &
		asking=$!
	fi
	if [[ " ${NODE_SOURCES} " == *" registry "* ]]; then
		if registry::document "node-linux-${NODE_ARCH}" "${document}"; then
			"${HELPER_NODE}" "${SHARED_DIR}/node/registry.mjs" list "${document}" "${REGISTRY_URL}" >"${registry}" ||
				NODE_PROBLEMS+=("What the npm registry answered can't be read.")
		else
			NODE_PROBLEMS+=("The npm registry has none: ${TOOLCHAIN_PROBLEM}.")
		fi
	fi
	if [[ -n "${asking}" ]]; then wait "${asking}"; fi
	if [[ -s "${WORK_DIR}/upstream-problem" ]]; then NODE_PROBLEMS+=("No release can be downloaded: $(<"${WORK_DIR}/upstream-problem")."); fi
	if [[ ! -f "${WORK_DIR}/machine.tsv" && " ${NODE_SOURCES} " == *" machine "* ]]; then node::_machine >"${WORK_DIR}/machine.tsv"; fi
}

node::choose() {
	local request="$1" origin="$2" answer status rest capped=-
	NODE_REQUEST="${request}" NODE_ORIGIN="${origin}"
	if node::_last_will_do "${request}"; then
		NODE_VERSION="${NODE_LAST_VERSION}" NODE_SOURCE="${NODE_LAST_SOURCE}" NODE_URL="-" NODE_CHECKSUM="-"
	else
		node::_ask_sources
		answer="$("${HELPER_NODE}" "${SHARED_DIR}/node/choose-node.mjs" "${request}" "${DEFAULT_NODE_SERIES}" "${NODE_SOURCES}" \
			"${WORK_DIR}/upstream.json" "${WORK_DIR}/registry.tsv" "${WORK_DIR}/machine.tsv")"
		IFS=$'\t' read -r status rest <<<"${answer}"
		case "${status}" in
			ok) IFS=$'\t' read -r NODE_VERSION NODE_SOURCE NODE_URL NODE_CHECKSUM capped <<<"${rest}" ;;
			invalid) node::_fail_invalid ;;
			*) node::_fail_unavailable "$(tail -n +2 <<<"${answer}")" ;;
		esac
	fi
	report::set node_version "${NODE_VERSION}"
	report::set node_version_requested "${request:-none}"
	report::set node_version_origin "${origin:-default}"
	report::set node_source "${NODE_SOURCE}"
	node::_announce "${capped}"
}

node::_last_will_do() {
	if [[ -z "${NODE_LAST_VERSION}" ]]; then return 1; fi
	if [[ -n "$(find "${NODE_TOOLCHAIN}/last" -mtime "+${NODE_ASK_AGAIN_DAYS}")" && ! "$1" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then return 1; fi
	if [[ -z "$1" && "${NODE_LAST_VERSION%%.*}" != "${DEFAULT_NODE_SERIES}" && "${NODE_LAST_SOURCE}" != machine ]]; then return 1; fi
	[[ "${NODE_LAST_REQUEST}" == "$1" ]]
}

node::obtain() {
	local sums="${WORK_DIR}/sums"
	if [[ "${NODE_SOURCE}" == machine ]]; then
		NODE_PROGRAM="${NODE_URL}"
		if [[ "${NODE_PROGRAM}" == - ]]; then NODE_PROGRAM="${NODE_LAST_PATH}"; fi
		NODE_FOLDER=""
		node::_remember "${NODE_PROGRAM}"
		return 0
	fi
	NODE_FOLDER="${NODE_TOOLCHAIN}/${NODE_SOURCE}-${NODE_VERSION}"
	NODE_PROGRAM="${NODE_FOLDER}/bin/node"
	node::_take_helper
	if [[ ! -x "${NODE_PROGRAM}" ]]; then
		output::step "Downloading Node.js ${NODE_VERSION}"
		if [[ "${NODE_SOURCE}" == upstream ]]; then
			local file="node-v${NODE_VERSION}-linux-${NODE_ARCH}.tar.gz"
			NODE_URL="${NODE_MIRROR}/v${NODE_VERSION}/${file}"
			if ! toolchain::get "${NODE_MIRROR}/v${NODE_VERSION}/SHASUMS256.txt" "${sums}"; then node::_fail_download; fi
			NODE_CHECKSUM="sha256:$(awk -v file="${file}" '$2 == file { print $1 }' "${sums}")"
			toolchain::install "${NODE_URL}" "${NODE_CHECKSUM}" "${NODE_FOLDER}" --exclude='*/share' --exclude='*/lib/node_modules/corepack' || node::_fail_download
		else
			toolchain::install "${NODE_URL}" "${NODE_CHECKSUM}" "${NODE_FOLDER}" --exclude='*/share' || node::_fail_download
			node::_unpack_inner
		fi
		chmod 755 "${NODE_PROGRAM}" 2>/dev/null || true
		if [[ "$("${NODE_PROGRAM}" --version 2>&1 || true)" != "v${NODE_VERSION}" ]]; then
			TOOLCHAIN_PROBLEM="it doesn't run on this machine"
			rm -rf "${NODE_FOLDER}"
			node::_fail_download
		fi
	fi
	node::_remember "${NODE_FOLDER}"
}

# The one that was fetched for the helpers is often the very one.
node::_take_helper() {
	local helper="${NODE_TOOLCHAIN}/helper"
	if [[ -x "${NODE_PROGRAM}" || ! -x "${helper}/bin/node" || "$("${helper}/bin/node" --version)" != "v${NODE_VERSION}" ]]; then return 0; fi
	rm -rf "${NODE_FOLDER}"
	mv "${helper}" "${NODE_FOLDER}"
	HELPER_NODE="${NODE_PROGRAM}"
}

# Old packages of the registry hold the release's own archive.
node::_unpack_inner() {
	local archive
	for archive in "${NODE_FOLDER}"/node-v*.tar.gz; do
		if [[ ! -f "${archive}" || -x "${NODE_PROGRAM}" ]]; then continue; fi
		tar -x -z -f "${archive}" -C "${NODE_FOLDER}" --strip-components=1 --no-same-owner --exclude='*/share' || true
		rm -f "${archive}"
	done
}

node::_remember() {
	local identity="-" folder
	if [[ "${NODE_SOURCE}" == machine ]]; then identity="$(node::_identity "$1")"; fi
	if [[ "${NODE_URL}" != - || ! -f "${NODE_TOOLCHAIN}/last" ]]; then
		mkdir -p "${NODE_TOOLCHAIN}"
		printf '%s\t%s\t%s\t%s\t%s\n' "${NODE_VERSION}" "${NODE_SOURCE}" "$1" "${identity}" "${NODE_REQUEST}" >"${NODE_TOOLCHAIN}/last.part"
		mv "${NODE_TOOLCHAIN}/last.part" "${NODE_TOOLCHAIN}/last"
	fi
	# The helpers run with the new one from here on, or, if that is too old, go on with the one they have.
	if [[ -n "${NODE_FOLDER}" && "${NODE_VERSION%%.*}" -ge 18 ]]; then HELPER_NODE="${NODE_PROGRAM}"; fi
	for folder in "${NODE_TOOLCHAIN}"/{upstream-*,registry-*,helper}; do
		if [[ -d "${folder}" && "${folder}" != "${NODE_FOLDER}" && "${HELPER_NODE}" != "${folder}"/* ]]; then rm -rf "${folder}"; fi
	done
}

# The machine's by a link, so that its updates reach the app; a downloaded one by a hard link, which costs nothing.
node::place() {
	local bin="${BUILD_DIR}/.heroku/node/bin"
	mkdir -p "${bin}"
	if [[ "${NODE_SOURCE}" == machine ]]; then
		ln -sfn "${NODE_PROGRAM}" "${bin}/node"
	else
		node::link "${NODE_PROGRAM}" "${bin}/node"
	fi
}

# Hard links where both are on one mount, else a copy.
node::link() {
	if [[ -e "$2" || -L "$2" ]]; then rm -rf "$2"; fi
	if ! cp -RPl "$1" "$2" 2>/dev/null; then
		rm -rf "$2"
		cp -a --reflink=auto "$1" "$2"
	fi
}
