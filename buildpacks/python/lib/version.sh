#!/usr/bin/env bash
# Which Python the app asks for: sets PYTHON_SPECIFIER, PYTHON_REQUEST (as written) and PYTHON_ORIGIN (the file).

STANDALONE_PROBLEM=""
DEFAULT_PYTHON_SERIES="3.14"
OLDEST_PYTHON_SERIES="3.10"

version::read() {
	local status first second third
	IFS=$'\t' read -r status first second third <<<"${SURVEY_VERSION}"
	case "${status}" in
		found)
			PYTHON_SPECIFIER="${first}" PYTHON_REQUEST="${second}" PYTHON_ORIGIN="${third}"
			;;
		none)
			PYTHON_SPECIFIER=">=${OLDEST_PYTHON_SERIES}" PYTHON_REQUEST="" PYTHON_ORIGIN=""
			;;
		*)
			version::fail "${first}" "${second}" "${third:-}"
			;;
	esac
	report::set python_version_requested "${PYTHON_REQUEST:-none}"
	report::set python_version_origin "${PYTHON_ORIGIN:-default}"
	if [[ "${PYTHON_ORIGIN}" == "runtime.txt" ]]; then
		output::warning <<-EOF
			Warning: runtime.txt is an old way to choose the Python version.

			Delete runtime.txt, and write the version alone into a file
			named .python-version instead:

			    ${PYTHON_REQUEST%.*}
		EOF
	fi
}

version::fail() {
	local reason="$1" file="$2" detail="$3" prefix="python-version-file"
	case "${file}" in
		runtime.txt) prefix="runtime-txt" ;;
		Pipfile) prefix="pipfile" ;;
		Pipfile.lock) prefix="pipfile-lock" ;;
	esac
	case "${reason}" in
		eol) version::fail_eol "${file}" "${detail}" ;;
		unknown-major) version::fail_unknown "${file}" "${detail}" ;;
		misspelled)
			output::fail "${prefix}::misspelled" <<-EOF
				Error: The name of your Python version file is misspelt.

				There's a file named '${file}', which nothing reads.
				Rename it to '${detail}':

				    git mv '${file}' ${detail}
			EOF
			;;
		invalid-encoding)
			output::fail "${prefix}::invalid-encoding" <<-EOF
				Error: ${file} can't be read as text.

				The file isn't in the UTF-8 encoding (${detail}).
				Windows PowerShell's '>' writes UTF-16, for example.

				Save it again as UTF-8 in your editor, or run:

				    printf '3.13\n' > .python-version
			EOF
			;;
		no-version)
			output::fail "${prefix}::no-version" <<-EOF
				Error: There's no Python version in ${file}.

				The file is empty, or holds comments only. Write the version
				into it as one line, for example:

				    ${DEFAULT_PYTHON_SERIES}

				or delete the file to use the default.
			EOF
			;;
		multiple-versions)
			output::fail "${prefix}::multiple-versions" <<-EOF
				Error: There's more than one Python version in ${file}.

				It names: ${detail}

				An app runs on one Python. Keep the line that you want
				and delete the others.
			EOF
			;;
		contradiction)
			output::fail "python-version::contradiction" <<-EOF
				Error: Your files contradict each other about the Python version.

				${detail}.

				Change one of them, so that the version is in the range.
			EOF
			;;
		invalid-json)
			output::fail "pipfile-lock::invalid-json" <<-EOF
				Error: Pipfile.lock can't be read.

				It isn't valid JSON: ${detail}

				Often a merge left its marks (<<<<<<<) in it. Make it anew:

				    pipenv lock
				    git add Pipfile.lock
			EOF
			;;
		invalid-toml)
			if [[ "${file}" == pyproject.toml ]]; then prefix=pyproject-toml; fi
			output::fail "${prefix}::invalid" <<-EOF
				Error: ${file} can't be read.

				It isn't valid TOML: ${detail}

				Correct that line, and check the file with:

				    python3 -c 'import tomllib; tomllib.load(open("${file}", "rb"))'
			EOF
			;;
		invalid-range)
			output::fail "requires-python::invalid" <<-EOF
				Error: The range of Python versions in ${file} can't be understood.

				It says: ${detail}

				Write a range such as one of these:

				    >=3.11
				    >=3.11,<3.14
				    ~=3.12
			EOF
			;;
		*)
			local example="${DEFAULT_PYTHON_SERIES}"
			case "${file}" in
				runtime.txt) example="python-${DEFAULT_PYTHON_SERIES}" ;;
				Pipfile*) version::fail_pipfile "${file}" "${detail}" "${prefix}" ;;
			esac
			output::fail "${prefix}::invalid-version" <<-EOF
				Error: The Python version in ${file} can't be understood.

				It says: ${detail}

				Write only a version, as N.N (newest patch, recommended)
				or N.N.N, without quotes or other words:

				    ${example}
			EOF
			;;
	esac
}

version::fail_pipfile() {
	output::fail "$3::invalid-version" <<-EOF
		Error: The Python version in $1 can't be understood.

		It says: $2

		Write one of these below [requires] of your Pipfile, and run
		'pipenv lock':

		    python_version = "${DEFAULT_PYTHON_SERIES}"
		    python_full_version = "${DEFAULT_PYTHON_SERIES}.0"
	EOF
}

version::fail_eol() {
	output::fail "python-version::eol" <<-EOF
		Error: Python $2 is no longer supported.

		$1 asks for Python $2, which gets no security updates
		any more. The oldest version that can be used is ${OLDEST_PYTHON_SERIES}.

		Change $1 to a newer version, for example ${DEFAULT_PYTHON_SERIES}, run
		your tests with it, and push again.
	EOF
}

version::fail_unknown() {
	output::fail "python-version::unknown-major" <<-EOF
		Error: There's no Python $2 that this buildpack knows.

		$1 asks for Python $2. The versions that are known
		are ${OLDEST_PYTHON_SERIES} to ${DEFAULT_PYTHON_SERIES}.

		Correct the version in $1, commit, and push again.
	EOF
}

# $1: what can be had, one "version<TAB>source<TAB>path" per line.
version::fail_unavailable() {
	local can_be_had who="Nothing" downloads="" range=""
	if [[ -n "${PYTHON_ORIGIN}" ]]; then who="${PYTHON_ORIGIN}"; fi
	if [[ -n "${STANDALONE_PROBLEM}" ]]; then downloads=" Other versions
would be downloaded, but ${STANDALONE_PROBLEM}."; fi
	if [[ "${PYTHON_REQUEST}" =~ ^[0-9.]+$ ]]; then range=" (or for a range: requires-python in pyproject.toml)"; fi
	can_be_had="$(awk -F '\t' 'NF && !seen[$1]++ { printf "%s    %s (%s)", (n++ ? "\n" : ""), $1, $2 }' <<<"$1" | sort -r -V | head -n 20)"
	output::fail "python-version::unavailable" <<-EOF
		Error: Python ${PYTHON_REQUEST:-${PYTHON_SPECIFIER}} can't be had on this machine.

		${who} asks for it.${downloads}

		What can be had:

		${can_be_had:-    nothing: no Python 3.10 or newer was found}

		Ask for one of these in ${PYTHON_ORIGIN:-.python-version}${range},
		or ask the operator of this platform to provide Python ${PYTHON_REQUEST:-3.13}.
	EOF
}

version::announce() {
	local how="$1"
	case "${how}" in
		requested) output::step "Using Python ${PYTHON_VERSION} specified in ${PYTHON_ORIGIN}" ;;
		range) output::step "Using Python ${PYTHON_VERSION}, which satisfies '${PYTHON_REQUEST}' in ${PYTHON_ORIGIN}" ;;
		sticky) output::step "No Python version was specified. Using the same major version as the last build: Python ${PYTHON_VERSION}" ;;
		default) output::step "No Python version was specified. Using the buildpack default: Python ${PYTHON_VERSION}" ;;
		fallback) output::step "No Python version was specified. Using Python ${PYTHON_VERSION}, the newest that can be had here (the default would be ${DEFAULT_PYTHON_SERIES})" ;;
	esac
	if [[ "${PYTHON_VERSION}" == 3.10.* ]]; then
		output::warning <<-EOF
			Warning: Python 3.10 gets no updates after 2026.

			Move to a newer version soon, for example ${DEFAULT_PYTHON_SERIES}: from January
			2027 on, builds with Python 3.10 may stop working.
		EOF
	fi
}
