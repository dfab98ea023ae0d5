#!/usr/bin/env bash
# The npm registry that this machine uses. Needs HELPER_NODE.

# Sets REGISTRY_URL, with a slash at the end, and leaves the login in WORK_DIR/curl-login.
registry::open() {
	if [[ -n "${REGISTRY_URL:-}" ]]; then return 0; fi
	REGISTRY_URL="$("${HELPER_NODE}" "${SHARED_DIR}/node/registry.mjs" settings "${WORK_DIR}/curl-login")"
}

# The versions of the package $1, as the registry tells an installer, into the file $2.
registry::document() {
	registry::open
	toolchain::get "${REGISTRY_URL}${1/\//%2f}" "$2" --header 'Accept: application/vnd.npm.install-v1+json' --config "${WORK_DIR}/curl-login"
}

# Unpacks the newest $1 that satisfies $2 into the folder $3-<version>, unless it's there: sets REGISTRY_VERSION and
# REGISTRY_FOLDER. Returns 1 with TOOLCHAIN_PROBLEM set. The rest are options of tar.
registry::install() {
	local name="$1" range="$2" folder="$3" file="${WORK_DIR}/document.json" picked url integrity existing
	shift 3
	# Of one exact version nothing has to be asked.
	if [[ "${range}" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ && -d "${folder}-${range}" ]]; then
		REGISTRY_VERSION="${range}" REGISTRY_FOLDER="${folder}-${range}"
		return 0
	fi
	if ! registry::document "${name}" "${file}"; then
		# A registry that doesn't answer takes nothing away from who has it already.
		for existing in "${folder}"-[0-9]*; do
			if [[ -d "${existing}" && "$("${HELPER_NODE}" "${SHARED_DIR}/node/satisfies.mjs" "${existing#"${folder}-"}" "${range}")" == yes ]]; then
				REGISTRY_VERSION="${existing#"${folder}-"}" REGISTRY_FOLDER="${existing}"
				return 0
			fi
		done
		return 1
	fi
	picked="$("${HELPER_NODE}" "${SHARED_DIR}/node/registry.mjs" pick "${file}" "${range}" "${REGISTRY_URL}")" || {
		TOOLCHAIN_PROBLEM="what the registry answered can't be read"
		return 1
	}
	if [[ -z "${picked}" ]]; then
		TOOLCHAIN_PROBLEM="the registry has no version of ${name} that satisfies '${range}'"
		return 1
	fi
	IFS=$'\t' read -r REGISTRY_VERSION url integrity <<<"${picked}"
	REGISTRY_FOLDER="${folder}-${REGISTRY_VERSION}"
	if [[ -d "${REGISTRY_FOLDER}" ]]; then return 0; fi
	toolchain::install "${url}" "${integrity}" "${REGISTRY_FOLDER}" "$@"
	# Older versions are of no more use.
	for existing in "${folder}"-[0-9]*; do
		if [[ -d "${existing}" && "${existing}" != "${REGISTRY_FOLDER}" ]]; then rm -rf "${existing}"; fi
	done
}
