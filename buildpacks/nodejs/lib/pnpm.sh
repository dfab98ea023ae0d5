#!/usr/bin/env bash
# pnpm.

pnpm::obtain() {
	local file name
	local -a programs=()
	MANAGER_COMMAND=pnpm
	manager::fetch pnpm "${SURVEY_MANAGER_RANGE:-$(pnpm::_default_range)}"
	for name in pnpm pnpx; do
		for file in "${MANAGER_FOLDER}/bin/${name}".{cjs,mjs,js}; do
			if [[ -f "${file}" ]]; then
				programs+=("${name}=bin/${file##*/}")
				break
			fi
		done
	done
	manager::place pnpm "${MANAGER_FOLDER}" "${programs[@]}"
}

# The newest that reads the form of the lock file without changing it.
pnpm::_default_range() {
	case "$(sed -n -E "s/^lockfileVersion: *'?([0-9]+).*/\1/p" "${BUILD_DIR}/pnpm-lock.yaml" 2>/dev/null | head -n 1)" in
		5) echo 7.x ;;
		6) echo 8.x ;;
		*) if [[ "${NODE_VERSION%%.*}" -ge 18 ]]; then echo 10.x; else echo 8.x; fi ;;
	esac
}

pnpm::install() {
	local -a arguments=(--reporter=append-only)
	INSTALL_SHOWN="pnpm install"
	if [[ -n "${SURVEY_LOCK_FILE}" ]]; then
		INSTALL_SHOWN+=" --frozen-lockfile"
		arguments+=(--frozen-lockfile)
	else
		arguments+=(--no-frozen-lockfile)
	fi
	if [[ "$1" == all ]]; then arguments+=(--prod=false); else arguments+=(--prod); fi
	output::detail "${INSTALL_SHOWN}"
	environment::run "" pnpm install "${arguments[@]}"
}

pnpm::prune() {
	if [[ -n "${SURVEY_HAS[workspaces]:-}" ]]; then
		output::detail "Skipped: pnpm can't do it in a workspace"
		return 0
	fi
	# As settings: versions before 8.15.6 don't know the option.
	environment::run "" env npm_config_ignore_scripts=true pnpm_config_ignore_scripts=true pnpm prune --prod
}
