#!/usr/bin/env bash
# What starts an app that has no Procfile.

# Its only program; of several the one that is called `web` or `server`, or like the module.
process_types::write() {
	local name program module wanted=""
	rm -f "${BUILD_DIR}/.heroku/go-release.yml"
	module="$(sed -n -E 's/^module[[:space:]]+"?([^"[:space:]]+)"?.*/\1/p' "${BUILD_DIR}/go.mod" 2>/dev/null | head -n 1 || true)"
	if [[ "${module}" =~ /v[0-9]+$ ]]; then module="${module%/v*}"; fi
	if [[ "${#BUILD_PROGRAMS[@]}" -eq 1 ]]; then
		wanted="${BUILD_PROGRAMS[0]}"
	else
		for name in web server "${module##*/}" app main; do
			for program in "${BUILD_PROGRAMS[@]}"; do
				if [[ "${program}" == "${name}" && -z "${wanted}" ]]; then wanted="${program}"; fi
			done
		done
	fi
	if [[ -z "${wanted}" || ! "${wanted}" =~ ^[A-Za-z0-9_.-]+$ ]]; then
		if [[ ! -f "${BUILD_DIR}/Procfile" ]]; then
			output::step "No Procfile was found. Name the program that answers requests: 'web: bin/${BUILD_PROGRAMS[0]}'"
		fi
		return 0
	fi
	mkdir -p "${BUILD_DIR}/.heroku"
	printf 'default_process_types:\n  web: "bin/%s"\n' "${wanted}" >"${BUILD_DIR}/.heroku/go-release.yml"
	report::set default_web_process "bin/${wanted}"
}
