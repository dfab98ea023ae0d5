#!/usr/bin/env bash
# What the pusher reads, in the shapes of Heroku's build output.

output::step() {
	echo "-----> $1"
}

output::detail() {
	echo "       $1"
}

# Indents what comes in by 7 spaces, line by line, without passwords: those of URLs, those of an .npmrc, and what
# config_vars::secrets knows. $1 is a command for `sed` to begin with.
output::indent() {
	local -a commands=()
	if [[ -n "${1:-}" ]]; then commands+=(-e "$1"); fi
	if [[ -s "${WORK_DIR}/secrets.sed" ]]; then commands+=(-f "${WORK_DIR}/secrets.sed"); fi
	LC_ALL=C stdbuf -oL sed -E "${commands[@]}" -e 's#(://)[^/@[:space:]]+@#\1****@#g' \
		-e 's/(_authToken|_auth|_password)([[:space:]]*[=:][[:space:]]*)[^[:space:]]+/\1\2****/g' \
		-e 's/^/       /; s/[[:space:]]+$//'
}

output::_block() {
	local line
	{
		echo
		while IFS= read -r line || [[ -n "${line}" ]]; do
			if [[ -n "${line}" ]]; then echo " !     ${line}"; else echo " !"; fi
		done
		echo
	} >&2
}

# Reads the text from stdin; its first line is the headline.
output::warning() {
	output::_block
}

# For `trap ... ERR`: a command that no code here expected to fail.
output::internal_error() {
	if grep -q '^failure_reason' "${OWN_CACHE}/report.tsv" 2>/dev/null; then return 0; fi
	report::set failure_reason "internal-error::$1"
	output::_block <<-END
		Error: The ${BUILDPACK_TITLE} buildpack itself failed, at $1.

		This isn't a fault of your app. What is above may say more, such as
		a full disk. Push again; if it stays so, tell the operator.
	END
}

# Ends the build: the reason goes to bin/report, the text on stdin to the pusher.
output::fail() {
	report::set failure_reason "$1"
	output::_block
	exit 1
}

# A line of somebody else, without passwords, at most 300 characters.
output::quoted() {
	output::indent <<<"$1" | cut -c 8-307
}
