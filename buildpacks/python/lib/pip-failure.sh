#!/usr/bin/env bash
# Says in words what made pip fail. pip's own output stands above.

pip_failure::explain() {
	local log="${WORK_DIR}/install.log" match
	# From here on a search that finds nothing is no failure: every way out of this function ends the build.
	set +e
	trap - ERR
	pip_failure::explain_machine

	match="$(sed -n -E 's/^ERROR: Could not find a version that satisfies the requirement (.*)/\1/p' "${log}" | tail -n 1)"
	if [[ -n "${match}" ]]; then pip_failure::not_found "${match}"; fi
	if pip_failure::_has 'requires a different Python|Package .* requires a different Python'; then pip_failure::other_python; fi
	if pip_failure::_has 'ResolutionImpossible|Cannot install .* because these package versions have conflicting dependencies'; then pip_failure::conflict; fi
	if pip_failure::_has 'Invalid requirement|InvalidRequirement|no such option:|Usage:'; then pip_failure::invalid; fi
	if pip_failure::_has 'DO NOT MATCH THE HASHES|Hashes are required'; then pip_failure::hashes; fi
	if pip_failure::_has 'Failed building wheel|Failed to build|subprocess-exited-with-error|metadata-generation-failed|error: command .* failed'; then pip_failure::build; fi
	output::fail "install-dependencies::pip" <<-'EOF'
		Error: The app's packages couldn't be installed.

		pip stopped with an error; the last lines above say which.

		Try the same in a new virtual environment on your machine:

		    python3 -m venv try && try/bin/pip install -r requirements.txt
	EOF
}

pip_failure::_has() {
	grep -q -i -E -- "$1" "${WORK_DIR}/install.log" 2>/dev/null
}

# Without passwords and quoted for one line.
pip_failure::_shown() {
	LC_ALL=C sed -E 's#(://)[^/@[:space:]]+@#\1****@#g' <<<"$1" | cut -c 1-300
}

pip_failure::not_found() {
	pip_failure::check_variables
	local requirement="${1%% (from versions:*}" versions name newest
	versions="$(sed -n -E 's/.*\(from versions: ([^)]*)\).*/\1/p' <<<"$1")"
	requirement="$(sed -E 's/ \(from .*//' <<<"${requirement}")"
	name="$(sed -E 's/[^A-Za-z0-9._-].*//' <<<"${requirement}")"
	if pip_failure::_has 'since it has invalid metadata'; then pip_failure::invalid_metadata "${requirement}"; fi
	if [[ -z "${versions}" || "${versions}" == none ]]; then
		output::fail "install-dependencies::no-such-package" <<-EOF
			Error: There's no package named '$(pip_failure::_shown "${name}")'.

			Your requirements name '$(pip_failure::_shown "${requirement}")', and the package index
			has nothing by that name for Python ${PYTHON_VERSION%.*}.

			Check the spelling: the name to install isn't always the name to
			import (for example: 'pip install beautifulsoup4', 'import bs4').
			Modules of the standard library need no line at all.
		EOF
	fi
	newest="$(tr -d ' ' <<<"${versions}" | tr ',' '\n' | tail -n 5 | paste -s -d ' ')"
	output::fail "install-dependencies::no-such-version" <<-EOF
		Error: There's no version of '$(pip_failure::_shown "${name}")' that fits.

		Your requirements ask for '$(pip_failure::_shown "${requirement}")'. The newest versions
		that there are for Python ${PYTHON_VERSION%.*}:

		    ${newest}

		Correct the version in your requirements, commit, and push again.
	EOF
}

# Old releases whose own description breaks the rules of today.
pip_failure::invalid_metadata() {
	output::fail "install-dependencies::invalid-metadata" <<-EOF
		Error: This release of a package is described wrongly.

		'$(pip_failure::_shown "$1")' can't be used, because no newer pip accepts its
		description (metadata):

		    $(pip_failure::_shown "$(sed -n -E '/has invalid metadata: ./{s/.*has invalid metadata: //;N;s/\n[[:space:]]*/: /;p;q}' "${WORK_DIR}/install.log")")

		Its later releases are right: ask for one of them. With
		'>=' or '~=' in place of '==', the next fix arrives by itself.
	EOF
}

pip_failure::other_python() {
	local line
	line="$(grep -i -E 'requires a different Python' "${WORK_DIR}/install.log" | head -n 1 | sed -E 's/^ERROR: //')"
	output::fail "install-dependencies::other-python" <<-EOF
		Error: A package needs another version of Python.

		This build uses Python ${PYTHON_VERSION}. pip says:

		    $(pip_failure::_shown "${line}")

		Choose another version of Python in .python-version,
		or another version of the package.
	EOF
}

pip_failure::conflict() {
	local lines
	lines="$(grep -E 'depends on|The user requested' "${WORK_DIR}/install.log" | sed -E 's/^ *//' | sort -u | head -n 10)"
	output::fail "install-dependencies::conflict" <<-EOF
		Error: Two requirements can't be met together.

		$(pip_failure::_shown "${lines:-See the lines above.}" | sed 's/^/    /')

		Loosen or change one of these versions in your requirements. Naming
		only the packages that you import, and letting pip choose the rest,
		often solves it.
	EOF
}

pip_failure::invalid() {
	local line
	line="$(grep -i -E 'invalid requirement|no such option|error: ' "${WORK_DIR}/install.log" | head -n 1 | sed -E 's/^ERROR: //')"
	output::fail "install-dependencies::invalid-requirement" <<-EOF
		Error: A line of your requirements can't be understood.

		pip says:

		    $(pip_failure::_shown "${line}")

		A line holds one package, such as 'flask' or 'flask==3.1.3'.
		Output of 'conda list' or of 'pip list' is in another form:
		use 'pip freeze' instead.
	EOF
}

pip_failure::hashes() {
	output::fail "install-dependencies::hashes" <<-'EOF'
		Error: A package isn't the one whose hash your requirements state.

		The package above has other bytes than expected, or a line has no
		hash while others have one.

		Make the hashes anew, for example with 'pip-compile --generate-hashes',
		and find out why a file changed before you trust it.
	EOF
}

pip_failure::version_control() {
	pip_failure::check_variables
	local why='Check the address, the branch or tag, and that it can be read
without a password.'
	if pip_failure::_has 'Could not resolve host|Failed to connect to|Connection timed out|Connection refused'; then
		why="Its host can't be reached from here. That can be so for a moment only: push
again first. If it stays so, ask the operator of this platform."
	elif pip_failure::_has 'could not read Username|Authentication failed|Invalid username or|Repository not found|error: 40[134]'; then
		why="The host wants a user name and a password, a token, or other ones."
	elif pip_failure::_has 'Remote branch .* not found|did not match any|find remote ref|not our ref'; then
		why="It's there, and has no such branch, tag or commit."
	fi
	output::fail "install-dependencies::version-control" <<-EOF
		Error: A requirement couldn't be fetched from its git repository.

		$(grep -i -E '^ *(fatal|remote|error: pathspec)' "${WORK_DIR}/install.log" | head -n 2 | while IFS= read -r line; do echo "    $(pip_failure::_shown "${line#"${line%%[! ]*}"}")"; done)

		${why}

		For a private one, put a token into a config var, and name it in the line:

		    git+https://\${GIT_TOKEN}@example.com/you/project.git@v1.0
	EOF
}

pip_failure::build() {
	local package cause hint="" first=""
	# pip < 25.3 says which one in a line of its own after "Encountered error while ...": a name, or `from` an address.
	package="$(sed -n -E \
		-e "s/^ *(ERROR: )?Failed building wheel for ([^ ]+).*/\2/p" \
		-e "s/^ *(ERROR: )?Failed to build '([^']+)' when .*/\2/p" \
		-e '/Encountered error while/{n;s/^ *╰─> (from )?(file:.*\/)?([^ ]+).*/\3/p}' \
		"${WORK_DIR}/install.log" | head -n 1)"
	if [[ "${package}" == "${BUILD_DIR##*/}" ]]; then package="the app itself, which its setup.py or pyproject.toml describes"; fi
	cause="$(grep -E 'fatal error:|: error:|[Ee]rror: |not found' "${WORK_DIR}/install.log" | grep -v -E 'subprocess-exited|^ *error: (command|metadata)|ERROR: Failed|╰─>|note: ' | head -n 1 | sed -E "s#^ *##; s#${BUILD_DIR}/##g")"
	if [[ -n "${cause}" ]]; then
		first="
The first error of that is:

    $(pip_failure::_shown "${cause}")
"
	fi
	if pip_failure::_has 'Python\.h'; then
		hint="The headers of Python ${PYTHON_VERSION%.*} are missing on this machine (package python3-dev)."
	elif pip_failure::_has 'gdal-config'; then
		hint="GDAL's library has to be installed on this machine first."
	elif pip_failure::_has 'sqlite3\.h'; then
		hint="The headers of SQLite are missing on this machine (package libsqlite3-dev)."
	elif pip_failure::_has 'pg_config'; then
		hint="Use 'psycopg2-binary' instead of 'psycopg2', which has to be compiled."
	elif pip_failure::_has "(unable to execute|command) '?(gcc|cc|g\+\+|x86_64-linux-gnu-gcc)'?.*(No such file|not found)"; then
		hint="There's no C compiler on this machine (package build-essential)."
	fi
	output::fail "install-dependencies::build" <<-EOF
		Error: A package couldn't be compiled${package:+: $(pip_failure::_shown "${package}")}.

		It has no ready-made file (wheel) for Python ${PYTHON_VERSION%.*} on this kind of
		machine, so pip tried to build it from its source.
		${first}${hint:+
		${hint}
		}
		A newer version of the package often has a wheel. Is the package
		older than your Python, choose an older one in .python-version.
	EOF
}
