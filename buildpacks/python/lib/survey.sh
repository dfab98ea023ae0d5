#!/usr/bin/env bash
# Chooses the Python that runs this buildpack's own helpers (HELPER_PYTHON; any version will do), and asks it all that can
# be asked before the app's own interpreter is known.

SURVEY_VERSION="" SURVEY_KIND="" SURVEY_LAST=""
SURVEY_REQUIREMENTS=() SURVEY_MACHINE=()

survey::take() {
	local candidate what rest answers="${WORK_DIR}/survey" status
	for candidate in /usr/bin/python3 /usr/local/bin/python3 "$(type -P python3 || true)"; do
		if [[ -z "${candidate}" || ! -x "${candidate}" ]]; then continue; fi
		status=0
		"${candidate}" -I -S -B "${BUILDPACK_DIR}/lib/survey.py" "${BUILD_DIR}" "${ENV_DIR}" "${CACHE_DIR}" "${WORK_DIR}/requirements" >"${answers}" || status=$?
		case "${status}" in
			0) HELPER_PYTHON="${candidate}" ;;
			3 | 126 | 127) continue ;; # Too old, or it can't be run.
			*) return "${status}" ;;
		esac
		while IFS=$'\t' read -r what rest; do
			case "${what}" in
				version) SURVEY_VERSION="${rest}" ;;
				kind) SURVEY_KIND="${rest}" ;;
				last) SURVEY_LAST="${rest}" ;;
				requirements) SURVEY_REQUIREMENTS+=("${rest}") ;;
				machine) SURVEY_MACHINE+=("${rest}") ;;
			esac
		done <"${answers}"
		return
	done
	output::fail "no-helper-python" <<-'EOF'
		Error: This machine has no python3.

		The buildpack needs one for its own work. Ask the operator of
		this platform to install it:

		    apt-get install python3
	EOF
}
