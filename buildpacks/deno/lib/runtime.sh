#!/usr/bin/env bash
# Which Deno the app asks for; it comes from the npm registry, as the package of Deno's own authors, or is the machine's.

# Sets DENO_VERSION, and puts it into .heroku/deno/bin.
runtime::obtain() {
	local package="@deno/linux-x64-glibc" found machine=""
	runtime::_find
	if [[ "$(uname -m)" == aarch64 ]]; then package="@deno/linux-arm64-glibc"; fi
	node::find_helper
	if registry::install "${package}" "${DENO_RANGE}" "${OWN_CACHE}/deno"; then
		output::step "Using Deno ${REGISTRY_VERSION}"
		found="${REGISTRY_FOLDER}/deno"
	else
		for machine in /usr/local/bin/deno /usr/bin/deno /opt/deno/bin/deno; do
			if [[ -x "${machine}" ]]; then found="${machine}"; fi
		done
		if [[ -z "${found:-}" ]]; then
			output::fail "runtime::not-available" <<-END
				Error: Deno ${DENO_RANGE} can't be had.

				${DENO_ORIGIN:+${DENO_ORIGIN} asks for it. }From the npm registry: ${TOOLCHAIN_PROBLEM}. The machine has none.

				Ask for another one in a file .deno-version, or tell the operator of this platform.
			END
		fi
		output::step "Using the Deno of this machine"
	fi
	mkdir -p "${BUILD_DIR}/.heroku/deno/bin"
	cp --remove-destination "${found}" "${BUILD_DIR}/.heroku/deno/bin/deno"
	chmod 755 "${BUILD_DIR}/.heroku/deno/bin/deno"
	DENO_VERSION="$("${BUILD_DIR}/.heroku/deno/bin/deno" --version | sed -n -E 's/^deno ([0-9.]+).*/\1/p')"
	report::set deno_version "${DENO_VERSION}"
}

# Sets DENO_RANGE and DENO_ORIGIN.
runtime::_find() {
	local file DENO_VERSION=""
	DENO_RANGE="2.x" DENO_ORIGIN=""
	config_vars::read DENO_VERSION
	if [[ -n "${DENO_VERSION}" ]]; then DENO_ORIGIN="the config var DENO_VERSION"; fi
	for file in .deno-version .dvmrc .tool-versions; do
		if [[ -n "${DENO_VERSION}" || ! -f "${BUILD_DIR}/${file}" ]]; then continue; fi
		DENO_VERSION="$(tr -d '\r' <"${BUILD_DIR}/${file}" | sed -n -E 's/^(deno[[:space:]]+)?v?([0-9][0-9.]*(\.x)?)[[:space:]]*$/\2/p' | head -n 1 || true)"
		if [[ "${file}" == .tool-versions && -n "${DENO_VERSION}" ]] && ! grep -q '^deno[[:space:]]' "${BUILD_DIR}/${file}"; then DENO_VERSION=""; fi
		DENO_ORIGIN="${file}"
	done
	if [[ -n "${DENO_VERSION}" ]]; then DENO_RANGE="${DENO_VERSION#v}"; fi
	if [[ ! "${DENO_RANGE}" =~ ^[0-9]+(\.([0-9]+|x)){0,2}$ ]]; then
		output::fail "runtime::invalid-version" <<-END
			Error: ${DENO_ORIGIN} asks for no version of Deno.

			It says: $(output::quoted "${DENO_RANGE}")

			Write a number such as '2', '2.4' or '2.4.1'.
		END
	fi
}
