#!/usr/bin/env bash
# Facts about this build, for bin/report: one `key<TAB>value` per line, the last value of a key wins.

report::file() {
	echo "${CACHE_DIR}/python/report.tsv"
}

report::start() {
	mkdir -p "${CACHE_DIR}/python"
	: >"$(report::file)"
}

report::set() {
	# The app's hooks may have removed the cache.
	mkdir -p "${CACHE_DIR}/python"
	printf '%s\t%s\n' "$1" "${2//[$'\t\n']/ }" >>"${CACHE_DIR}/python/report.tsv"
}

report::now_ms() {
	local now="${EPOCHREALTIME/[.,]/}"
	echo $((now / 1000))
}

# Runs a command and records how long it took as `<key>_ms`.
report::timed() {
	local key="$1" status=0 started
	shift
	started="$(report::now_ms)"
	# Not `"$@" || status=$?`: that would switch `set -e` off inside of the command.
	"$@"
	status=$?
	report::set "${key}_ms" "$(($(report::now_ms) - started))"
	return "${status}"
}
