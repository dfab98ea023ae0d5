#!/usr/bin/env bash
# What starts an app that has no Procfile.

# Its only program; of several the one that Cargo.toml names as `default-run`, or that is called like the package, or `web`, `server`.
process_types::write() {
	local name program wanted=""
	local -a likely=()
	rm -f "${BUILD_DIR}/.heroku/rust-release.yml"
	if [[ "${#BUILD_PROGRAMS[@]}" -eq 1 ]]; then
		wanted="${BUILD_PROGRAMS[0]}"
	else
		for name in default-run name; do
			likely+=("$(sed -n -E "s/^[[:space:]]*${name}[[:space:]]*=[[:space:]]*[\"']([^\"']+)[\"'].*/\\1/p" "${BUILD_DIR}/Cargo.toml" | head -n 1 || true)")
		done
		for name in "${likely[@]}" web server app main; do
			for program in "${BUILD_PROGRAMS[@]}"; do
				if [[ -n "${name}" && "${program}" == "${name}" && -z "${wanted}" ]]; then wanted="${program}"; fi
			done
		done
	fi
	if [[ -z "${wanted}" || ! "${wanted}" =~ ^[A-Za-z0-9_.-]+$ ]]; then
		if [[ ! -f "${BUILD_DIR}/Procfile" ]]; then
			output::step "No Procfile was found. Name the program that answers requests: 'web: ./target/release/${BUILD_PROGRAMS[0]}'"
		fi
		return 0
	fi
	mkdir -p "${BUILD_DIR}/.heroku"
	printf 'default_process_types:\n  web: "./target/release/%s"\n' "${wanted}" >"${BUILD_DIR}/.heroku/rust-release.yml"
	report::set default_web_process "./target/release/${wanted}"
}
