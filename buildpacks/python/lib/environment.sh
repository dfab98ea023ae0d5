#!/usr/bin/env bash
# The Python environment in BUILD_DIR/.heroku/python: a virtual environment that works in the build and, moved, in /app.
# The interpreter is the machine's, or lies in `base` inside of it. Layout: bin/, lib/python3.N/site-packages, pyvenv.cfg.

# What the app will find at run time.
APP_PYTHON="/app/.heroku/python"

# Chooses ENV_DIR_PATH's names: PYTHON_HOME_AT_BUILD is /app/.heroku/python (a link to the build folder, as on Heroku) when
# there is a real /app, else the build folder itself; environment::settle then writes /app into what holds the path.
environment::place() {
	PYTHON_IN_BUILD="${BUILD_DIR}/.heroku/python"
	PYTHON_HOME_AT_BUILD="${PYTHON_IN_BUILD}"
	SITE_PACKAGES="${PYTHON_IN_BUILD}/lib/python${PYTHON_VERSION%.*}/site-packages"
	mkdir -p "${BUILD_DIR}/.heroku" "${BUILD_DIR}/.profile.d"
	if [[ "${BUILD_DIR}" == "/app" ]]; then return; fi
	# Only where /app is ours: elsewhere HOME is a folder of the host, and two builds would fight over /app.
	if [[ "${HOME:-}" == "/app" ]] && { [[ -d /app/.heroku ]] || mkdir -p /app/.heroku 2>/dev/null; } &&
		{ [[ ! -e "${APP_PYTHON}" && ! -L "${APP_PYTHON}" ]] || rm -rf "${APP_PYTHON}" 2>/dev/null; } &&
		ln -s "${PYTHON_IN_BUILD}" "${APP_PYTHON}" 2>/dev/null; then
		PYTHON_HOME_AT_BUILD="${APP_PYTHON}"
	fi
}

# A virtual environment by hand: `python -m venv` takes seconds, because of ensurepip, which Debian leaves out anyway.
environment::create() {
	local name="python${PYTHON_VERSION%.*}" home
	if [[ -e "${PYTHON_IN_BUILD}" ]]; then rm -rf "${PYTHON_IN_BUILD}"; fi
	mkdir -p "${PYTHON_IN_BUILD}/bin" "${SITE_PACKAGES}"
	if [[ "${PYTHON_SOURCE}" == machine ]]; then
		home="${PYTHON_BASE%/*}"
		ln -s "${PYTHON_BASE}" "${PYTHON_IN_BUILD}/bin/${name}"
	else
		cp -a --reflink=auto "${PYTHON_BASE}" "${PYTHON_IN_BUILD}/base"
		home="${PYTHON_HOME_AT_BUILD}/base/bin"
		ln -s "../base/bin/${name}" "${PYTHON_IN_BUILD}/bin/${name}"
	fi
	ln -s "${name}" "${PYTHON_IN_BUILD}/bin/python3"
	ln -s "${name}" "${PYTHON_IN_BUILD}/bin/python"
	printf '%s\n' "home = ${home}" 'include-system-site-packages = false' "version = ${PYTHON_VERSION}" >"${PYTHON_IN_BUILD}/pyvenv.cfg"
}

# Variables for everything that runs Python from here on. PYTHONHOME stays unset: a virtual environment breaks with it.
environment::activate() {
	unset PYTHONHOME PYTHONPATH
	export PATH="${PYTHON_HOME_AT_BUILD}/bin:${PATH}"
	export PYTHONUNBUFFERED=1
	export LANG="${LANG:-C.UTF-8}"
	# The same tree gives the same slug: no clock, no hash seed, no debug information with temporary paths.
	export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}"
	export PYTHONHASHSEED=0
	export CFLAGS="-g0${CFLAGS:+ ${CFLAGS}}"
	distribution::find_libraries "${PYTHON_IN_BUILD}/base"
	if [[ -n "${LIBRARIES}" ]]; then export LD_LIBRARY_PATH="${LIBRARIES}${LD_LIBRARY_PATH:+:${LD_LIBRARY_PATH}}"; fi
}

# Byte code next to every module under $2, by the Python of the environment or interpreter in $1. It trusts its source
# unseen (no time stamps), and names its files by where they will be at run time, $3 for $1. One process per package and
# a fixed order in each: what a process compiled before can show in the bytes that it writes.
environment::compile() {
	local root="$1" folder="$2" runtime="$3" python="$1/bin/python3"
	# shellcheck disable=SC2016 # The inner shell expands its own arguments.
	{
		find "${folder}" -mindepth 1 -maxdepth 1 -type d ! -name __pycache__ ! -name '*-info' ! -name site-packages -print0 | sort -z
		printf '%s\0' "${folder}"
	} | PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 xargs -0 -P "$(nproc)" -n 1 bash -c '
		depth=(); [[ "$4" != "$3" ]] || depth=(-l)
		"$0" -I -m compileall -qq -f "${depth[@]}" --invalidation-mode unchecked-hash -s "$1" -p "$2" "$4" || true
	' "${python}" "${root}" "${runtime}" "${folder}"
}

# Takes the names of this build out of the files that hold them, so that the tree works in /app and has no random path.
# The cache gets the environment in this state.
environment::settle() {
	local -a files=()
	local file status=0
	# Mostly nothing holds them, and `grep` knows that sooner than Python has started. The same files as settle.py reads.
	for file in "${SITE_PACKAGES}"/{*.pth,*.egg-link,__editable__*,*.dist-info/direct_url.json} "${PYTHON_IN_BUILD}"/{bin/*,pyvenv.cfg}; do
		if [[ -f "${file}" && ! -L "${file}" ]]; then files+=("${file}"); fi
	done
	if [[ "${#files[@]}" -eq 0 ]]; then return; fi
	grep -q -F -e "${BUILD_DIR}" -e "$(cd "${BUILD_DIR}" && pwd -P)" -- "${files[@]}" || status=$?
	if [[ "${status}" -eq 1 ]]; then return; fi
	"${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/settle.py" "${PYTHON_IN_BUILD}" all "${BUILD_DIR}" /app
}

# The opposite, as far as the rest of the build needs it: projects installed in place (when $1 is yes) are in the build
# folder, not in /app, and without a real /app so are the scripts.
environment::unsettle() {
	if [[ "${1:-no}" == yes ]]; then
		"${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/settle.py" "${PYTHON_IN_BUILD}" editable /app "${BUILD_DIR}"
	fi
	if [[ "${PYTHON_HOME_AT_BUILD}" != "${APP_PYTHON}" ]]; then
		"${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/settle.py" "${PYTHON_IN_BUILD}" all "${APP_PYTHON}" "${PYTHON_IN_BUILD}"
	fi
}

# Whoever can read the slug must not find the password of a private repository in it: installers note where packages came
# from, and git clones remember their origin.
environment::forget_logins() {
	local -a files=()
	local file
	for file in "${PYTHON_IN_BUILD}"/src/*/.git; do
		if [[ -e "${file}" ]]; then rm -rf "${file}"; fi
	done
	for file in "${SITE_PACKAGES}"/*.dist-info/direct_url.json; do
		if [[ -f "${file}" && ! -L "${file}" ]]; then files+=("${file}"); fi
	done
	if [[ "${#files[@]}" -eq 0 ]] || ! grep -q -E '(https?|ftp)://[^/"@]+@' -- "${files[@]}"; then return 0; fi
	"${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/settle.py" "${PYTHON_IN_BUILD}" logins "" ""
}
