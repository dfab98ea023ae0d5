#!/usr/bin/env bash
# What dynos, later buildpacks and the formation get from this build.

profile::write() {
	mkdir -p "${BUILD_DIR}/.profile.d"
	# Not through a link of the same name.
	cp --remove-destination "${BUILDPACK_DIR}"/profile.d/*.sh "${BUILD_DIR}/.profile.d/"
}

# For the buildpacks after this one, which run in this build.
profile::write_export() {
	local file="${BUILDPACK_DIR}/export"
	if [[ ! -w "${BUILDPACK_DIR}" || (-e "${file}" && ! -w "${file}") ]]; then
		output::step "Buildpacks after this one won't find Node.js: ${file} can't be written."
		return 0
	fi
	# shellcheck disable=SC2016 # What is printed expands in the shell that sources the file.
	{
		printf 'export PATH=%q:"$PATH":%q\n' "${NODE_IN_BUILD}/bin" "${BUILD_DIR}/node_modules/.bin"
		printf 'export NODE_HOME=%q\n' "${NODE_IN_BUILD}"
		printf 'export NODE_ENV="${NODE_ENV:-production}"\n'
		if [[ -n "${NODE_HEADERS}" ]]; then printf 'export npm_config_nodedir=%q\n' "${NODE_HEADERS}"; fi
	} >"${file}"
}

# The web process of an app whose Procfile has none.
profile::write_release() {
	local found="${BUILD_DIR}/.heroku/node-release.yml" kind text
	rm -f "${found}"
	while IFS=$'\t' read -r kind text; do
		case "${kind}" in
			web)
				# JSON is YAML, and quotes whatever the command holds.
				printf 'default_process_types:\n  web: "%s"\n' "$(sed 's/\\/\\\\/g; s/"/\\"/g' <<<"${text}")" >"${found}"
				report::set default_web_process "${text}"
				;;
			static)
				mkdir -p "${BUILD_DIR}/.heroku/static"
				cp "${SHARED_DIR}"/static/*.mjs "${BUILD_DIR}/.heroku/static/"
				;;
			say) output::step "${text}" ;;
			warning) output::warning <<<"Warning: ${text}" ;;
		esac
	done < <("${HELPER_NODE}" "${BUILDPACK_DIR}/lib/web-process.mjs" "${BUILD_DIR}" "${MANAGER_COMMAND}" "${NODE_VERSION}")
}
