#!/usr/bin/env bash
# Installs what a lock file names, with the package manager that wrote it.

locked::install() {
	local name="${PACKAGE_MANAGER}" title="${TOOL_TITLES["${PACKAGE_MANAGER}"]}" hash="" editable="no" wanted="" what value key line
	LOCK_VARIABLES=()
	for line in "${SURVEY_REQUIREMENTS[@]}"; do
		IFS=$'\t' read -r what value <<<"${line}"
		case "${what}" in
			hash) hash="${value}" ;;
			editable) editable="${value}" ;;
			wanted) wanted="${value}" ;;
			missing) MISSING_VARIABLES+=("${value}") ;;
			variable) LOCK_VARIABLES+=("${value}") ;;
			*) install::_fail_requirements "${value%%$'\t'*}" "$(cut -f 2 <<<"${value}")" "${value##*$'\t'}" ;;
		esac
	done
	HAS_EDITABLE="no"
	if [[ "${editable}" != no ]]; then HAS_EDITABLE="yes"; fi
	tool::choose_version "${name}" "${wanted}"
	locked::read_command

	key="$(install::_key "contents of ${LOCK_FILE}, or of what it was made from" "${hash}")"
	if cache::restore "${key}"; then
		output::step "Using cached install of Python ${PYTHON_VERSION}"
		environment::unsettle "${HAS_EDITABLE}"
		if [[ "${editable}" != always ]]; then
			output::step "Using cached install of '${LOCK_COMMAND}': nothing that ${title} would read has changed"
			return
		fi
	else
		environment::create
	fi

	index_settings::export "${name}"
	secrets::hide_logins
	tool::obtain "${name}"
	if [[ -n "${LOCK_WARNING}" ]]; then output::warning <<<"${LOCK_WARNING}"; fi
	output::step "Installing dependencies using '${LOCK_COMMAND}'"
	report::timed dependencies_install locked::_run || locked::_has_only_no_package || lock_failure::explain "${name}"
	case "${name}" in
		pipenv) locked::_leave_pipenv ;;
		pdm) rm -rf "${BUILD_DIR}/.pdm-build" "${BUILD_DIR}/.pdm-python" ;;
	esac
	install::_finish "${key}"
}

# Sets LOCK_FILE, LOCK_COMMAND (as it's shown), LOCK_OPTIONS (what isn't shown) and LOCK_WARNING.
locked::read_command() {
	local file
	LOCK_OPTIONS=() LOCK_WARNING=""
	case "${PACKAGE_MANAGER}" in
		pipenv) LOCK_FILE=Pipfile.lock LOCK_COMMAND="pipenv install --deploy" ;;
		poetry)
			LOCK_FILE=poetry.lock LOCK_COMMAND="poetry sync --only main" LOCK_OPTIONS=(--no-ansi --no-interaction)
			if [[ "${TOOL_VERSION%%.*}" -lt 2 ]]; then LOCK_COMMAND="poetry install --sync --only main"; fi
			;;
		uv) LOCK_FILE=uv.lock LOCK_COMMAND="uv sync --locked --no-default-groups" LOCK_OPTIONS=(--no-progress) ;;
		pdm) LOCK_FILE=pdm.lock LOCK_COMMAND="pdm sync --prod" ;;
	esac
	if [[ -f "${BUILD_DIR}/${LOCK_FILE}" ]]; then return 0; fi

	file=pyproject.toml
	case "${PACKAGE_MANAGER}" in
		pipenv) file=Pipfile LOCK_COMMAND="pipenv install --skip-lock" ;;
		uv) LOCK_COMMAND="uv sync --no-default-groups" ;;
	esac
	LOCK_WARNING="Warning: There's no ${LOCK_FILE}.

Without it, every change of ${file} gives the newest versions that fit,
and they can differ from those on your machine. Make one, and push it:

    ${PACKAGE_MANAGER} lock
    git add ${LOCK_FILE}
    git commit -m \"Add ${LOCK_FILE}\""
	LOCK_FILE="${file}"
}

# Most apps of Poetry aren't packages, and many don't say so: everything else is installed by the time that it fails.
locked::_has_only_no_package() {
	if [[ "${PACKAGE_MANAGER}" != poetry ]]; then return 1; fi
	grep -q 'The current project could not be installed: No file/folder found for package' "${WORK_DIR}/install.log" || return 1
	output::warning <<-'EOF'
		Warning: Your project is no package, and pyproject.toml says that it is one.

		Its requirements are installed, and nothing is missing. On Heroku this
		build would fail. To say so, write into pyproject.toml:

		    [tool.poetry]
		    package-mode = false
	EOF
}

locked::_run() {
	locked::_in_build | tee "${WORK_DIR}/install.log" | output::indent "" '/^INFO: Inside an active virtualenv|^Set env var PDM_IGNORE|^\[[A-Za-z]+Exception\]: /d'
	return "${PIPESTATUS[0]}"
}

# In a subshell of its own, since it's the beginning of a pipe: config vars are there for this step only.
locked::_in_build() {
	local name value
	local -a command arguments
	exec 2>&1 </dev/null
	cd "${BUILD_DIR}" || exit 1
	for name in "${LOCK_VARIABLES[@]}"; do
		IFS= read -r -d '' value <"${ENV_DIR}/${name}" || true
		export "${name}=${value}"
	done
	unset PYTHONDONTWRITEBYTECODE PIP_REQUIRE_VIRTUALENV
	export VIRTUAL_ENV="${PYTHON_HOME_AT_BUILD}" NO_COLOR=1 COLUMNS=500
	# What the machine trusts, pip trusts; the others bring a list of their own.
	if [[ -z "${REQUESTS_CA_BUNDLE:-}" && -r "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" ]]; then
		export REQUESTS_CA_BUNDLE="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
	fi
	read -r -a arguments <<<"${LOCK_COMMAND#* }"
	tool::find_interpreter
	command=("${TOOL_INTERPRETER}" -I -S -c "${TOOL_RUNNER}" "${TOOL_DIR}" "${PACKAGE_MANAGER}")
	"locked::_prepare_${PACKAGE_MANAGER}" || exit $?
	"${command[@]}" "${arguments[@]}" "${LOCK_OPTIONS[@]}"
}

locked::_prepare_pipenv() {
	export PIPENV_SYSTEM=1 PIPENV_VERBOSITY=-1 PIPENV_NOSPIN=1 PIPENV_YES=1 PIPENV_CACHE_DIR="${CACHE_DIR}/python/pipenv-cache"
	export PIP_CACHE_DIR="${CACHE_DIR}/python/pip-cache" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_PROGRESS_BAR=off
	export PIP_NO_COMPILE=1 PIP_SRC="${PYTHON_HOME_AT_BUILD}/src" PIP_EXISTS_ACTION=w
}

locked::_prepare_poetry() {
	export POETRY_VIRTUALENVS_CREATE=false POETRY_CACHE_DIR="${CACHE_DIR}/python/poetry-cache" POETRY_KEYRING_ENABLED=false
	export PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring
	if [[ -f poetry.lock ]]; then return 0; fi
	"${command[@]}" lock "${LOCK_OPTIONS[@]}"
}

locked::_prepare_uv() {
	export UV_PROJECT_ENVIRONMENT="${PYTHON_HOME_AT_BUILD}" UV_PYTHON="${PYTHON_HOME_AT_BUILD}/bin/python" UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
	# Copies: by a hard link, an app that writes into its packages would write into uv's cache, too.
	export UV_CACHE_DIR="${CACHE_DIR}/python/uv-cache" UV_LINK_MODE=copy
	command=("${TOOL_DIR}/uv")
	locked::_has_own_index || return 0
	echo "(Packages come from the machine's own index in place of pypi.org.)"
	locked::_sync_uv_from_index
	exit $?
}

# uv.lock names the public index and its files. A machine with an index of its own may reach nothing else.
locked::_has_own_index() {
	[[ -n "${OWN_INDEX_URL:-}" && ! "${OWN_INDEX_URL}" =~ ^https://pypi\.org/simple/?$ && -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" && -f uv.lock ]] &&
		grep -q -F 'registry = "https://pypi.org/simple"' uv.lock
}

# What is locked, with its hashes, from that index; then the project itself.
locked::_sync_uv_from_index() {
	local locked="${WORK_DIR}/locked.txt"
	"${command[@]}" export --locked --no-default-groups --no-emit-project --no-annotate --quiet --output-file "${locked}" || return $?
	export UV_DEFAULT_INDEX="${OWN_INDEX_URL}"
	"${command[@]}" pip install --python "${PYTHON_HOME_AT_BUILD}/bin/python" --no-progress --verify-hashes --no-deps -r "${locked}" || return $?
	if ! grep -q 'source = { editable = "." }' uv.lock; then return 0; fi
	"${command[@]}" pip install --python "${PYTHON_HOME_AT_BUILD}/bin/python" --no-progress --no-deps -e .
}

locked::_prepare_pdm() {
	export PDM_CHECK_UPDATE=0 PDM_IGNORE_SAVED_PYTHON=1 PDM_CACHE_DIR="${CACHE_DIR}/python/pdm-cache" PDM_NON_INTERACTIVE=1
	if [[ ! -f pdm.lock ]]; then
		"${command[@]}" lock --prod
		return
	fi
	"${command[@]}" lock --check
}

# `pipenv run ...` in a Procfile is usual: it stays in the slug, beside the app's packages.
locked::_leave_pipenv() {
	local folder="${PYTHON_IN_BUILD}/pipenv"
	rm -rf "${folder}"
	cp -RPl "${TOOL_DIR}" "${folder}" 2>/dev/null || { rm -rf "${folder}" && cp -a "${TOOL_DIR}" "${folder}"; }
	find "${folder}" -depth \( -name __pycache__ -o -path "${folder}/bin" \) -exec rm -rf {} +
	cat >"${PYTHON_IN_BUILD}/bin/pipenv" <<-EOF
		#!${PYTHON_HOME_AT_BUILD}/bin/python
		import os, sys
		sys.path.insert(0, os.path.join(sys.prefix, "pipenv"))
		os.environ.setdefault("PIPENV_SYSTEM", "1")
		os.environ.setdefault("PIPENV_VERBOSITY", "-1")
		from pipenv import cli
		sys.argv[0] = "pipenv"
		sys.exit(cli())
	EOF
	chmod 755 "${PYTHON_IN_BUILD}/bin/pipenv"
}
