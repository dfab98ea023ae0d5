#!/usr/bin/env bash
# What starts an app that has no Procfile.

# Every program by its own name; `web` is the only one, or of several the one that is called `web` or `server`, or like the module.
process_types::write() {
	local name program module wanted=""
	local -a lines=('default_process_types:')
	rm -f "${BUILD_DIR}/.heroku/go-release.yml"
	if [[ -f "${BUILD_DIR}/Procfile" ]]; then return 0; fi
	module="$(module::value '^module[[:space:]]+"?([^[:space:]"]+).*')"
	if [[ "${module}" =~ /v[0-9]+$ ]]; then module="${module%/v*}"; fi
	if [[ "${#BUILD_PROGRAMS[@]}" -eq 1 ]]; then wanted="${BUILD_PROGRAMS[0]}"; fi
	for name in web server "${module##*/}" app main; do
		for program in "${BUILD_PROGRAMS[@]}"; do
			if [[ "${program}" == "${name}" && -z "${wanted}" ]]; then wanted="${program}"; fi
		done
	done
	for program in "${BUILD_PROGRAMS[@]}"; do
		if [[ ! "${program}" =~ ^[A-Za-z0-9_.-]+$ ]]; then continue; fi
		if [[ "${program}" == "${wanted}" ]]; then
			lines+=("  web: \"bin/${program}\"")
			report::set default_web_process "bin/${program}"
		elif [[ "${program}" =~ ^[A-Za-z0-9_-]{1,64}$ && "${program}" != web ]]; then
			lines+=("  ${program}: \"bin/${program}\"")
		fi
	done
	if [[ -z "${wanted}" ]]; then
		output::step "No Procfile was found. Name the program that answers requests: 'web: bin/${BUILD_PROGRAMS[0]:-<program>}'"
	fi
	if [[ "${#lines[@]}" -eq 1 ]]; then return 0; fi
	mkdir -p "${BUILD_DIR}/.heroku"
	printf '%s\n' "${lines[@]}" >"${BUILD_DIR}/.heroku/go-release.yml"
}
