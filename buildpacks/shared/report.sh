#!/usr/bin/env bash
# Facts about this build, for bin/report: one `key<TAB>value` per line, the last value of a key wins.

report::start() {
	: >"${OWN_CACHE}/report.tsv"
}

report::set() {
	# The app's scripts may have removed the cache.
	if [[ ! -d "${OWN_CACHE}" ]]; then mkdir -p "${OWN_CACHE}"; fi
	printf '%s\t%s\n' "$1" "${2//[$'\t\n']/ }" >>"${OWN_CACHE}/report.tsv"
}

# Runs a command and records how long it took as `<key>_ms`.
report::timed() {
	local key="$1" status=0 started="${EPOCHREALTIME/[.,]/}"
	shift
	# Not `"$@" || status=$?`: that would switch `set -e` off inside of the command.
	"$@"
	status=$?
	report::set "${key}_ms" "$(((${EPOCHREALTIME/[.,]/} - started) / 1000))"
	return "${status}"
}

report::finish() {
	report::set total_ms "$(((${EPOCHREALTIME/[.,]/} - STARTED_US) / 1000))"
}
