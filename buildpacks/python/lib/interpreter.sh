#!/usr/bin/env bash
# Finds an interpreter of the wanted version: sets PYTHON_VERSION, PYTHON_SOURCE and PYTHON_BASE.
# PYTHON_BASE is the absolute path of the machine's python3.N, or for a downloaded one, of its folder in the cache.

# Best first. An operator can leave sources out, e.g. on a machine that must not download anything.
PYTHON_SOURCES="${PYTHON_BUILDPACK_SOURCES:-standalone distribution machine}"

# The Python that runs this buildpack's own helpers; any version will do.
interpreter::find_helper() {
	local candidate
	for candidate in /usr/bin/python3 /usr/local/bin/python3 "$(type -P python3 || true)"; do
		if [[ -n "${candidate}" && -x "${candidate}" ]] && "${candidate}" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
			HELPER_PYTHON="${candidate}"
			return
		fi
	done
	output::fail "no-helper-python" <<-'EOF'
		Error: This machine has no python3.

		The buildpack needs one for its own work. Ask the operator of
		this platform to install it:

		    apt-get install python3
	EOF
}

interpreter::choose() {
	local candidates chosen how sticky=""
	if [[ -z "${PYTHON_REQUEST}" ]]; then sticky="$(cache::last_series)"; fi

	if interpreter::reuse_cached; then
		chosen="${PYTHON_VERSION}"
	else
		candidates="$(interpreter::candidates)"
		STANDALONE_PROBLEM="$(standalone::problem)"
		chosen="$(interpreter::pick "${sticky}" "${candidates}")"
		if [[ -z "${chosen}" ]]; then version::fail_unavailable "${candidates}"; fi
		IFS=$'\t' read -r PYTHON_VERSION PYTHON_SOURCE PYTHON_BASE <<<"${chosen}"
	fi

	how="requested"
	if [[ -z "${PYTHON_REQUEST}" ]]; then
		how="fallback"
		if [[ "${PYTHON_VERSION}" == "${DEFAULT_PYTHON_SERIES}".* ]]; then how="default"; fi
		if [[ "${PYTHON_VERSION%.*}" == "${sticky}" ]]; then how="sticky"; fi
	elif [[ ! "${PYTHON_REQUEST}" =~ ^[0-9.]+$ ]]; then
		how="range"
	fi
	version::announce "${how}"
	report::set python_version "${PYTHON_VERSION}"
	report::set python_source "${PYTHON_SOURCE}"
}

interpreter::pick() {
	"${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/versions.py" pick "${PYTHON_SPECIFIER}" "${DEFAULT_PYTHON_SERIES}" "$1" <<<"$2"
}

# The last build's interpreter, if it's still there and still what the app asks for: no source is asked again.
interpreter::reuse_cached() {
	local line version source base now
	line="$(cache::last_interpreter)"
	[[ -n "${line}" && -n "$(interpreter::pick "" "${line}")" ]] || return 1
	IFS=$'\t' read -r version source base <<<"${line}"
	if [[ "${source}" == machine ]]; then
		now="$(machine::describe "${base}")" || return 1
		[[ "${now%%$'\t'*}" == "${version}" ]] || return 1
	else
		[[ -x "${base}/bin/python3" ]] || return 1
	fi
	PYTHON_VERSION="${version}" PYTHON_SOURCE="${source}" PYTHON_BASE="${base}"
}

# Every source in turn. A source that costs a download is asked only when the cheaper answer isn't good enough.
interpreter::candidates() {
	local machine="" source found=""
	if [[ " ${PYTHON_SOURCES} " == *" machine "* ]]; then machine="$(machine::list)"; fi
	for source in ${PYTHON_SOURCES}; do
		case "${source}" in
			standalone) found+="$(standalone::list)"$'\n' ;;
			distribution)
				# The distribution's own version is what the machine has, so packages matter only for another one.
				if [[ -z "$(interpreter::pick "" "${found}"$'\n'"${machine}")" ]]; then
					found+="$(distribution::list)"$'\n'
				fi
				;;
			machine) found+="${machine}"$'\n' ;;
		esac
	done
	echo "${found}"
}

# Downloads what was chosen, unless it's the machine's own: afterwards PYTHON_BASE is ready for an environment.
interpreter::obtain() {
	local problem
	case "${PYTHON_SOURCE}" in
		machine) return 0 ;;
		standalone | distribution)
			if [[ -x "${PYTHON_BASE}/bin/python3" ]]; then return 0; fi
			output::step "Installing Python ${PYTHON_VERSION}"
			if problem="$("${PYTHON_SOURCE}::install" 2>&1)"; then return 0; fi
			output::indent <<<"${problem}" >&2
			output::fail "install-python" <<-EOF
				Error: Python ${PYTHON_VERSION} couldn't be downloaded.

				The reason is in the lines above. Often the network is to
				blame for a moment only: push again first.
			EOF
			;;
	esac
}
