#!/usr/bin/env bash
# What the pusher reads, in the shapes of Heroku's build output.

output::step() {
	echo "-----> $1"
}

output::detail() {
	echo "       $1"
}

# Indents what comes in by 7 spaces, without user names and passwords of URLs. Line by line, and leaves other bytes alone
# (`sed -u` would read them one at a time, which takes a minute for 100 MB).
# The folder $1 is left out of paths (a normalised copy of the app's file is shown by the name the user knows); $2 is a
# command for `sed` to begin with; the text $3 at the end of a line ends it all, and isn't shown itself.
output::indent() {
	local -a hide=()
	if [[ -n "${2:-}" ]]; then hide+=(-e "$2"); fi
	if [[ -s "${WORK_DIR}/secrets.sed" ]]; then hide+=(-f "${WORK_DIR}/secrets.sed"); fi
	hide+=(-e 's#(://)[^/@[:space:]]+@#\1****@#g')
	if [[ -n "${1:-}" ]]; then hide+=(-e "s#${1}/?##g"); fi
	hide+=(-e 's/^/       /')
	if [[ -n "${3:-}" ]]; then hide+=(-e "/$3\$/{s///;s/[[:space:]]+\$//;/./!Q;q}"); fi
	LC_ALL=C stdbuf -oL sed -E "${hide[@]}" -e 's/[[:space:]]+$//'
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

output::error() {
	output::_block
}

# For `trap ... ERR`: a command that no code here expected to fail.
output::internal_error() {
	if grep -q '^failure_reason' "${CACHE_DIR}/python/report.tsv" 2>/dev/null; then return 0; fi
	report::set failure_reason "internal-error::$1"
	output::error <<-EOF
		Error: The Python buildpack itself failed, at $1.

		This isn't a fault of your app. What is above may say more, such as
		a full disk. Push again; if it stays so, tell the operator.
	EOF
}

# Ends the build: the reason goes to bin/report, the text on stdin to the pusher.
output::fail() {
	report::set failure_reason "$1"
	output::error
	exit 1
}
