#!/usr/bin/env bash
# Facts about this build, for bin/report: one `key<TAB>value` per line, the last value of a key wins.

report::start() {
	: >"${CACHE_DIR}/python/report.tsv"
}

report::set() {
	# The app's hooks may have removed the cache.
	if [[ ! -d "${CACHE_DIR}/python" ]]; then mkdir -p "${CACHE_DIR}/python"; fi
	printf '%s\t%s\n' "$1" "${2//[$'\t\n']/ }" >>"${CACHE_DIR}/python/report.tsv"
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
