#!/usr/bin/env bash
# What dynos, later buildpacks and bin/release get from this build.

profile::write() {
	if [[ ! -d "${BUILD_DIR}/.profile.d" ]]; then mkdir -p "${BUILD_DIR}/.profile.d"; fi
	# Not through a link of the same name.
	cp --remove-destination "${BUILDPACK_DIR}"/profile.d/*.sh "${BUILD_DIR}/.profile.d/"
}

# For the buildpacks after this one, which run in this build.
profile::write_export() {
	local file="${BUILDPACK_DIR}/export"
	distribution::find_libraries "${PYTHON_IN_BUILD}/base"
	if [[ ! -w "${BUILDPACK_DIR}" || (-e "${file}" && ! -w "${file}") ]]; then
		output::step "Buildpacks after this one won't find Python: ${file} can't be written."
		return 0
	fi
	# shellcheck disable=SC2016 # What is printed expands in the shell that sources the file.
	{
		printf 'export PATH=%q:"$PATH"\n' "${PYTHON_HOME_AT_BUILD}/bin"
		printf 'export PYTHONUNBUFFERED=true\n'
		printf 'export LANG="${LANG:-C.UTF-8}"\n'
		printf 'export PIP_DISABLE_PIP_VERSION_CHECK=1\n'
		printf 'unset PYTHONHOME\n'
		if [[ -n "${LIBRARIES}" ]]; then printf 'export LD_LIBRARY_PATH=%q"${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\n' "${LIBRARIES}"; fi
	} >"${file}"
}

# For an app without a Procfile: its web process, found by reading the source. Heroku has no such default for Python.
profile::write_release() {
	local found="${BUILD_DIR}/.heroku/python-release.yml" kind text
	if [[ -e "${found}" || -L "${found}" ]]; then rm -f "${found}"; fi
	if [[ -e "${BUILD_DIR}/Procfile" ]]; then return 0; fi
	while IFS=$'\t' read -r kind text; do
		case "${kind}" in
			web)
				output::step "No Procfile was found: the web process will be '${text}' (a default of this platform; on Heroku, add a Procfile with 'web: ${text}')"
				# JSON is YAML, and quotes whatever the command holds.
				printf 'default_process_types:\n  web: "%s"\n' "$(sed 's/\\/\\\\/g; s/"/\\"/g' <<<"${text}")" >"${found}"
				report::set default_web_process "${text}"
				;;
			warning) profile::_name_manager <<<"Warning: ${text}" | output::warning ;;
			none) output::step "No Procfile was found, and no web app to start. Add a Procfile with a line such as 'web: python server.py'" ;;
		esac
	done < <("${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/web_process.py" "${BUILD_DIR}" "${SITE_PACKAGES}")
}

# What is said of a requirements.txt, in the words of the app's package manager.
profile::_name_manager() {
	local file=pyproject.toml add="${PACKAGE_MANAGER} add"
	case "${PACKAGE_MANAGER}" in
		pipenv) file=Pipfile add="pipenv install" ;;
		poetry | uv | pdm) ;;
		*)
			cat
			return
			;;
	esac
	sed -E -e "s/add a line '([a-z]+)' to requirements\.txt/run '${add} \1', and push ${file} and its lock file/" -e "s/requirements\.txt/${file}/"
}
