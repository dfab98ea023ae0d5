#!/usr/bin/env bash
# Package managers other than pip: fetched from the package index, kept in the cache, one folder for each version.

# The versions that builds were tried with. A config var such as POETRY_VERSION names another one.
declare -A TOOL_WANTED=([pipenv]="2026.7.1" [poetry]="2.4.1" [uv]="0.13.9" [pdm]="2.29.3")
declare -A TOOL_TITLES=([pipenv]=Pipenv [poetry]=Poetry [uv]=uv [pdm]=PDM)
TOOL_RUNNER='
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
name = sys.argv.pop(1)
sys.argv[0] = name
runpy.run_module(name, run_name="__main__", alter_sys=True)'

# Sets TOOL_VERSION to the one of $1 that is to be used: a config var, else what pyproject.toml asks for ($2), else ours.
tool::choose_version() {
	local name="$1" variable="${1^^}_VERSION" value=""
	TOOL_VERSION="${2:-${TOOL_WANTED["${name}"]}}"
	TOOL_VERSION_IS_ASKED_FOR="${2:+pyproject.toml}"
	if [[ -f "${ENV_DIR}/${variable}" ]]; then
		IFS= read -r value <"${ENV_DIR}/${variable}" || true
		if [[ ! "${value}" =~ ^[0-9]+(\.[0-9]+)+$ ]]; then
			output::fail "install-package-manager::invalid-version" <<-EOF
				Error: The config var ${variable} is no version.

				It says: $(pip_failure::_shown "${value}")

				Set it to the number of a version of ${TOOL_TITLES["${name}"]}, or remove it to get ${TOOL_WANTED["${name}"]}:

				    heroku config:set ${variable}=${TOOL_WANTED["${name}"]}
				    heroku config:unset ${variable}
			EOF
		fi
		TOOL_VERSION="${value}" TOOL_VERSION_IS_ASKED_FOR="the config var ${variable}"
	fi
	report::set "${name}_version" "${TOOL_VERSION}"
}

# Sets TOOL_DIR to the folder of version TOOL_VERSION of $1.
tool::obtain() {
	local name="$1"
	TOOL_DIR="${CACHE_DIR}/python/tools/${name}-${TOOL_VERSION}-${PYTHON_VERSION%.*}"
	if [[ "${name}" == uv ]]; then TOOL_DIR="${CACHE_DIR}/python/tools/uv-${TOOL_VERSION}"; fi
	if [[ "${name}" == poetry ]]; then
		# It knows no index in place of the public one by itself, and asks that one in a way that proxies of it often lack.
		export POETRY_PYPI_MIRROR_URL="${POETRY_PYPI_MIRROR_URL:-https://pypi.org/simple}"
		if [[ "${TOOL_VERSION%%.*}" -ge 2 ]]; then TOOL_DIR+="-mirror"; fi
	fi
	if [[ -d "${TOOL_DIR}" ]]; then return 0; fi
	output::step "Installing ${TOOL_TITLES["${name}"]} ${TOOL_VERSION}"
	if [[ "${name}" == uv ]]; then
		tool::_obtain_uv "${TOOL_DIR}" "${TOOL_VERSION}" || tool::_fail uv "${WORK_DIR}/tool.log"
	else
		tool::_install "${name}" || tool::_fail "${name}" "${WORK_DIR}/tool.log"
	fi
}

# Into the folder $1, version $2, or with a third argument the newest when the index doesn't have that.
tool::_obtain_uv() {
	local folder="$1" version="$2" wheel
	mkdir -p "${CACHE_DIR}/python/tools"
	rm -rf "${folder}.part"
	mkdir "${folder}.part"
	wheel="$("${HELPER_PYTHON}" -I -B "${BUILDPACK_DIR}/lib/simple_index.py" uv "${version}" "${PYTHON_VERSION:-3.13.0}" "${folder}.part" 2>"${WORK_DIR}/tool.log")" || return 1
	if [[ -n "${TOOL_VERSION_IS_ASKED_FOR:-}" && "${wheel##*/}" != "uv-${version}-"* ]]; then
		echo "No matching distribution found for uv==${version}" >"${WORK_DIR}/tool.log"
		return 1
	fi
	"${HELPER_PYTHON}" -I -S -c '
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith(".data/scripts/uv"))
    open(sys.argv[2], "wb").write(wheel.read(name))' "${wheel}" "${folder}.part/uv" 2>"${WORK_DIR}/tool.log" || return 1
	rm -f "${wheel}"
	chmod 755 "${folder}.part/uv"
	mv "${folder}.part" "${folder}"
}

# Sets UV to a uv for this buildpack's own use: the machine's, else the one of the package index. Returns 1 without any.
tool::find_uv() {
	local folder="${CACHE_DIR}/python/tools/uv-${TOOL_WANTED[uv]}" TOOL_VERSION_IS_ASKED_FOR=""
	if UV="$(type -P uv)"; then return 0; fi
	UV="${folder}/uv"
	if [[ -x "${UV}" ]]; then return 0; fi
	tool::_obtain_uv "${folder}" "${TOOL_WANTED[uv]}"
}

# Sets TOOL_INTERPRETER to the Python that package managers run with: the app's, outside of its environment.
tool::find_interpreter() {
	TOOL_INTERPRETER="${PYTHON_BASE}"
	if [[ "${PYTHON_SOURCE}" != machine ]]; then TOOL_INTERPRETER="${PYTHON_BASE}/bin/python3"; fi
}

# With uv, which takes a second where pip takes twenty; with pip where the index has no uv.
tool::_install() {
	local name="$1" part="${TOOL_DIR}.part" UV
	local -a what=("${name}==${TOOL_VERSION}")
	# The exact packages that this release was tried with.
	if [[ "${name}" == pdm ]]; then what=("pdm[locked]==${TOOL_VERSION}"); fi
	if [[ "${TOOL_DIR}" == *-mirror ]]; then what+=(poetry-plugin-pypi-mirror); fi
	tool::find_interpreter
	rm -rf "${part}"
	if tool::find_uv 2>/dev/null; then
		(
			index_settings::export tools
			export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}" UV_NO_CONFIG=1 UV_NO_PROGRESS=1
			UV_CACHE_DIR="${WORK_DIR}/uv-cache" UV_INDEX_STRATEGY=unsafe-best-match UV_PYTHON_DOWNLOADS=never \
				"${UV}" pip install --target "${part}" --python "${TOOL_INTERPRETER}" "${what[@]}"
		) >"${WORK_DIR}/tool.log" 2>&1 </dev/null || return 1
	else
		pip::obtain
		(
			unset PYTHONDONTWRITEBYTECODE
			PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore "${TOOL_INTERPRETER}" -I -S "${PIP_DIR}" install --no-input --progress-bar off \
				--no-color --no-compile --no-warn-script-location --cache-dir "${CACHE_DIR}/python/pip-cache" --target "${part}" "${what[@]}"
		) >"${WORK_DIR}/tool.log" 2>&1 </dev/null || return 1
	fi
	mv "${part}" "${TOOL_DIR}"
}

# Exports what pip's settings mean for the installer $1.
index_settings::export() {
	local line
	while IFS= read -r line; do export "${line?}"; done < <("${HELPER_PYTHON}" -I -S -B "${BUILDPACK_DIR}/lib/index_settings.py" "$1")
}

# $1: the name, $2: a log.
tool::_fail() {
	local name="$1" title="${TOOL_TITLES["$1"]}" log="$2"
	output::indent "" <"${log}" >&2
	if grep -q -i -E "${CERTIFICATE_TROUBLE}" "${log}"; then pip_failure::certificate; fi
	if grep -q -i -E "${NETWORK_TROUBLE}" "${log}"; then pip_failure::no_network; fi
	if [[ -n "${TOOL_VERSION_IS_ASKED_FOR}" ]] && grep -q -i -E 'no matching distribution|no version of|not found in the package registry|unsatisfiable|requires a different Python|does not satisfy' "${log}"; then
		output::fail "install-package-manager::no-such-version" <<-EOF
			Error: ${title} ${TOOL_VERSION} can't be had for Python ${PYTHON_VERSION%.*}.

			${TOOL_VERSION_IS_ASKED_FOR^} asks for this version, and the package index has
			none such that runs on this Python. The reason is in the lines above.

			Ask for another version, or for none: builds then use ${TOOL_WANTED["${name}"]}.
		EOF
	fi
	output::fail "install-package-manager::${name}" <<-EOF
		Error: ${title}, which installs the app's packages, couldn't be installed.

		The reason is in the lines above. It comes from the package index, like
		your packages. If you've set PIP_INDEX_URL, check that this index
		offers ${name} ${TOOL_VERSION} and what it needs:

		    heroku config:get PIP_INDEX_URL
	EOF
}
