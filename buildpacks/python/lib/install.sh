#!/usr/bin/env bash
# Installs what the app requires, or takes the environment of the last build when pip would read the same again.

# Whether a project is installed in place: then its files have to be found where they are, in the build and in /app.
HAS_EDITABLE="no"
# Named in the app's files as ${NAME}, and set nowhere.
MISSING_VARIABLES=()

install::dependencies() {
	case "${PACKAGE_MANAGER}" in
		pip) install::requirements ;;
		pip-dependencies) install::pyproject_dependencies ;;
		pip-project) install::project ;;
		pipenv | poetry | uv | pdm) locked::install ;;
		conda) conda::install ;;
		none) install::nothing ;;
	esac
}

# $1: what the hash $2 is of, in words. The rest: more `what<TAB>value` lines.
install::_key() {
	local settings
	printf '%s\t%s\n' 'layout of the cache' "${CACHE_LAYOUT}" 'stack' "${STACK:-none}" \
		'Python version' "${PYTHON_VERSION}" 'source of Python' "${PYTHON_SOURCE} ${PYTHON_BASE##*/}" \
		'package manager' "${PACKAGE_MANAGER}" 'path of the app' "${PYTHON_HOME_AT_BUILD%"${PYTHON_IN_BUILD}"}"
	case "${PACKAGE_MANAGER}" in
		none) ;;
		pipenv | poetry | uv | pdm) printf '%s\t%s\n' "version of ${TOOL_TITLES["${PACKAGE_MANAGER}"]}" "${TOOL_VERSION}" ;;
		*)
			settings="$(pip::settings_hash)"
			printf '%s\t%s\n' 'pip version' "${PIP_VERSION}" 'settings of pip' "${settings%% *}"
			;;
	esac
	printf '%s\t%s\n' "$1" "$2"
}

install::nothing() {
	environment::create
	output::step "No requirements.txt or pyproject.toml states dependencies: installing none"
	if [[ -d "${CACHE_DIR}/python/env" ]]; then rm -rf "${CACHE_DIR}/python/env"; fi
	report::set cache_status unused
}

install::requirements() {
	local copies="${WORK_DIR}/requirements" hash="" empty="" file="" editable="" moving="" what value third key
	while IFS=$'\t' read -r what value third; do
		case "${what}" in
			hash) hash="${value}" ;;
			empty) empty="${value}" ;;
			install) file="${value}" ;;
			editable) editable="${value}" ;;
			moving) moving="${value}" ;;
			missing) MISSING_VARIABLES+=("${value}") ;;
			variable) export "${value}=$(<"${ENV_DIR}/${value}")" ;;
			*) install::_fail_requirements "${value}" "${third%%$'\t'*}" "${third#*$'\t'}" ;;
		esac
	done < <(printf '%s\n' "${SURVEY_REQUIREMENTS[@]}")

	if [[ "${empty}" == yes ]]; then
		environment::create
		output::step "requirements.txt names no packages: installing none"
		report::set cache_status unused
		return
	fi

	if [[ "${editable}" != no ]]; then HAS_EDITABLE="yes"; fi
	pip::obtain
	key="$(install::_key 'contents of requirements.txt or of a file it names' "${hash}")"
	if cache::restore "${key}"; then
		output::step "Using cached install of Python ${PYTHON_VERSION}"
		environment::unsettle "${HAS_EDITABLE}"
		if [[ "${editable}" != always && "${moving}" == no ]]; then
			output::step "Using cached install of 'pip install -r requirements.txt': nothing that pip would read has changed"
			return
		fi
	else
		environment::create
		setuptools::provide
	fi

	output::step "Installing dependencies using 'pip install -r requirements.txt'"
	if [[ "${moving}" == yes ]]; then
		environment::create
		setuptools::provide
		output::detail "(A requirement from version control isn't pinned to a commit, so it's looked up in every build.)"
	fi
	install::_run "${key}" "${copies}" -r "${file}"
}

install::_run() {
	local key="$1" copies="$2"
	shift 2
	report::timed dependencies_install pip::install "${copies}" "$@" || pip_failure::explain
	cp -n "${PIP_WHEEL}" "${CACHE_DIR}/python/pip/"
	pip::leave_in_environment
	install::_finish "${key}"
}

# What follows an install, whoever has made it. $1: the key.
install::_finish() {
	report::timed byte_code environment::compile "${PYTHON_IN_BUILD}" "${SITE_PACKAGES}" "${APP_PYTHON}"
	environment::settle
	environment::forget_logins
	report::timed cache_save cache::save "$1"
	environment::unsettle "${HAS_EDITABLE}"
}

install::pyproject_dependencies() {
	local file="${WORK_DIR}/requirements/pyproject.toml" key
	mkdir -p "${WORK_DIR}/requirements"
	"${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/project.py" dependencies "${BUILD_DIR}" >"${file}"
	if [[ -z "$(tr -d '[:space:]' <"${file}")" ]]; then
		environment::create
		output::step "pyproject.toml names no dependencies: installing none"
		report::set cache_status unused
		return
	fi
	pip::obtain
	key="$(install::_key 'list of dependencies in pyproject.toml' "$(sha256sum <"${file}" | cut -d ' ' -f 1)")"
	if cache::restore "${key}"; then
		environment::unsettle
		output::step "Using cached install of the dependencies in pyproject.toml: nothing that pip would read has changed"
		return
	fi
	environment::create
	setuptools::provide
	output::step "Installing the dependencies in pyproject.toml using pip (there's no lock file, so the newest that fit)"
	install::_run "${key}" "${WORK_DIR}/requirements" -r "${file}"
}

# The project itself has to be built: its dependencies come from the cached environment as long as the files that state
# them are the same, and the project is installed over them when anything in it changed.
install::project() {
	local stated tree key last
	IFS=$'\t' read -r stated tree < <("${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/project.py" hash "${BUILD_DIR}")
	pip::obtain
	key="$(install::_key 'contents of pyproject.toml, setup.py or setup.cfg' "${stated}")"
	if cache::restore "${key}"; then
		environment::unsettle
		last="$(cat "${CACHE_DIR}/python/project-tree" 2>/dev/null || true)"
		if [[ "${last}" == "${tree}" ]]; then
			output::step "Using cached install of 'pip install .': nothing that pip would read has changed"
			return
		fi
	else
		environment::create
		setuptools::provide
	fi
	output::step "Installing the project using 'pip install .'"
	rm -f "${CACHE_DIR}/python/project-tree"
	install::_run "${key}" "" --upgrade --upgrade-strategy only-if-needed .
	rm -rf "${BUILD_DIR}/build/bdist."* "${BUILD_DIR}/build/lib"
	echo "${tree}" >"${CACHE_DIR}/python/project-tree"
}

install::_fail_requirements() {
	local reason="$1" file="$2" detail="$3"
	case "${reason}" in
		invalid-encoding)
			output::fail "requirements::invalid-encoding" <<-EOF
				Error: ${file} can't be read as text.

				Reason: ${detail}. The file has to be in the UTF-8 encoding.

				Open it in your editor, choose "Save with encoding: UTF-8", commit,
				and push again. Or write it anew, on Linux or macOS with:

				    pip freeze > requirements.txt
			EOF
			;;
		missing-include)
			output::fail "requirements::missing-include" <<-EOF
				Error: ${file} doesn't exist.

				A line of your requirements (-r or -c) names ${file}, which isn't
				in the git repository.

				Add the file with 'git add ${file}', or correct that line.
			EOF
			;;
		*)
			output::fail "requirements::${reason}" <<-EOF
				Error: ${file} is too much to read.

				A requirements file may have up to 1 MB, and include up to 100
				others. (${detail})
			EOF
			;;
	esac
}
