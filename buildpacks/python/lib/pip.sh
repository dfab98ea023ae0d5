#!/usr/bin/env bash
# pip itself: one wheel of it in the cache, unpacked, run by whichever Python it is to install for.

# The version that builds were tried with; an index without it gives its newest.
PIP_WANTED="26.2.1"

# Settings of pip that may come as config vars; the environment (the platform's) has them too.
PIP_SETTINGS=(PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_TRUSTED_HOST PIP_CONSTRAINT PIP_NO_BINARY
	PIP_ONLY_BINARY PIP_PREFER_BINARY PIP_PRE PIP_REQUIRE_HASHES PIP_CONFIG_FILE)

pip::read_settings() {
	local name
	for name in "${PIP_SETTINGS[@]}"; do
		if [[ -f "${ENV_DIR}/${name}" ]]; then
			export "${name}=$(<"${ENV_DIR}/${name}")"
		fi
	done
}

# Everything but the requirements that decides what pip installs. A hash only: it can hold passwords.
pip::settings_hash() {
	local name file
	{
		for name in "${PIP_SETTINGS[@]}"; do
			printf '%s=%s\0' "${name}" "${!name:-}"
		done
		for file in /etc/pip.conf "${HOME:-/app}/.pip/pip.conf" "${HOME:-/app}/.config/pip/pip.conf" "${PIP_CONFIG_FILE:-}" "${PIP_CONSTRAINT:-}"; do
			if [[ -n "${file}" && -f "${file}" ]]; then cat "${file}"; fi
		done
	} | sha256sum
}

# Sets PIP_VERSION and PIP_DIR (the folder to run). From the cache, else the package index, else a wheel that the
# machine has for ensurepip. The wheel stays for the app's own `pip`.
pip::obtain() {
	local folder="${CACHE_DIR}/python/pip" wheel
	local -a cached=("${CACHE_DIR}/python/pip"/pip-*-py3-none-any.whl)
	if [[ ! -d "${folder}" ]]; then mkdir -p "${folder}"; fi
	if [[ "${#cached[@]}" -gt 1 ]]; then
		wheel="$(printf '%s\n' "${cached[@]}" | sort -V | tail -n 1)"
	elif [[ -f "${cached[0]}" ]]; then
		wheel="${cached[0]}"
	else
		wheel="$(pip::_download "${folder}")"
	fi
	PIP_VERSION="${wheel##*/pip-}"
	PIP_VERSION="${PIP_VERSION%%-*}"
	PIP_DIR="${folder}/${PIP_VERSION}/pip"
	PIP_WHEEL="${wheel}"
	if [[ ! -d "${PIP_DIR}" ]]; then
		rm -rf "${folder}/unpacking"
		"${HELPER_PYTHON}" -I -S -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' "${wheel}" "${folder}/unpacking"
		mv "${folder}/unpacking" "${folder}/${PIP_VERSION}"
		output::step "Installing pip ${PIP_VERSION}"
	fi
	report::set pip_version "${PIP_VERSION}"
}

pip::_download() {
	local folder="$1" problem="${WORK_DIR}/pip-download.log" status=0 bundled
	"${HELPER_PYTHON}" -I -B "${BUILDPACK_DIR}/lib/simple_index.py" pip "${PIP_WANTED}" "${PYTHON_VERSION}" "${folder}" 2>"${problem}" || status=$?
	if [[ "${status}" -eq 0 ]]; then return 0; fi

	bundled="$(find /usr/share/python-wheels "$(dirname "${PYTHON_BASE}")"/../lib/python3*/ensurepip/_bundled "${PYTHON_BASE}"/lib/python3*/ensurepip/_bundled \
		-maxdepth 1 -name 'pip-*-py3-none-any.whl' 2>/dev/null | sort -V | tail -n 1 || true)"
	if [[ -n "${bundled}" ]]; then
		# Into the cache only once it has installed something: the next build should ask the index again.
		echo "${bundled}"
		return 0
	fi
	if [[ "${status}" -eq 3 ]]; then
		output::indent <"${problem}" >&2
		pip_failure::no_network
	fi
	output::indent <"${problem}" >&2
	output::fail "install-package-manager::pip" <<-EOF
		Error: pip, which installs the app's packages, couldn't be downloaded.

		The package index answered, but pip couldn't be had from it; the
		reason is in the line above. If you've set PIP_INDEX_URL, check that
		this index offers pip:

		    heroku config:get PIP_INDEX_URL
	EOF
}

# $1: where it is shown from when it's a copy of the app's file (else ""). The rest are pip's arguments.
# pip's words go to the pusher and into WORK_DIR/install.log.
pip::install() {
	local copies="$1" log="${WORK_DIR}/install.log" byte_code="${WORK_DIR}/byte-code"
	shift
	# Byte code of what runs meanwhile stays out of the app and the environment; pip's own is kept, which makes it start
	# quickly next time.
	mkdir -p "${byte_code}${CACHE_DIR}/python" "${CACHE_DIR}/python/pip-byte-code"
	ln -sfn "${CACHE_DIR}/python/pip-byte-code" "${byte_code}${CACHE_DIR}/python/pip"
	(
		cd "${BUILD_DIR}" || exit 1
		unset PYTHONDONTWRITEBYTECODE
		export PYTHONPYCACHEPREFIX="${byte_code}" PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
		PIP_RETRIES="${PIP_RETRIES:-2}" PIP_DEFAULT_TIMEOUT="${PIP_DEFAULT_TIMEOUT:-15}" \
			"${PYTHON_HOME_AT_BUILD}/bin/python" "${PIP_DIR}" install --no-input --progress-bar off --no-color --no-compile --no-warn-script-location \
			--exists-action w --cache-dir "${CACHE_DIR}/python/pip-cache" --src "${PYTHON_HOME_AT_BUILD}/src" "$@"
	) 2>&1 </dev/null | tee "${log}" | output::indent "${copies}"
}

# `pip` for the app's hooks and one-off dynos: the wheel as it is, one file in the slug instead of hundreds.
pip::leave_in_environment() {
	local name="${PIP_WHEEL##*/}"
	if [[ -d "${SITE_PACKAGES}/pip" ]]; then return 0; fi
	cp "${PIP_WHEEL}" "${PYTHON_IN_BUILD}/lib/${name}"
	echo "../../${name}" >"${SITE_PACKAGES}/pip.pth"
	cat >"${PYTHON_IN_BUILD}/bin/pip" <<-EOF
		#!${PYTHON_HOME_AT_BUILD}/bin/python
		import sys
		from pip._internal.cli.main import main
		sys.exit(main())
	EOF
	chmod 755 "${PYTHON_IN_BUILD}/bin/pip"
	ln -sf pip "${PYTHON_IN_BUILD}/bin/pip3"
}
