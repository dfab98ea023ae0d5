# shellcheck shell=bash
# How many processes fit into this dyno: MEMORY_AVAILABLE, WEB_MEMORY (MB for each) and WEB_CONCURRENCY, which cluster modules
# read. Values that the user or an earlier buildpack set stay.

nodejs_web_concurrency() {
	local bytes="" file
	# A dyno's limit is shown where version 1 of cgroups has it; version 2's file is for other hosts.
	for file in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; do
		if [[ -r "${file}" ]]; then
			bytes="$(<"${file}")"
			break
		fi
	done
	# No limit is told as "max" or as a number beyond any machine.
	if [[ ! "${bytes}" =~ ^[0-9]{1,15}$ || "${bytes}" -gt 17592186044416 ]]; then bytes=$((512 * 1048576)); fi
	export MEMORY_AVAILABLE="${MEMORY_AVAILABLE:-$((bytes / 1048576))}"
	export WEB_MEMORY="${WEB_MEMORY:-$((MEMORY_AVAILABLE > 16384 ? 2048 : 512))}"
	if [[ -n "${WEB_CONCURRENCY:-}" ]]; then return 0; fi
	if [[ ! "${MEMORY_AVAILABLE}" =~ ^[1-9][0-9]{0,9}$ || ! "${WEB_MEMORY}" =~ ^[1-9][0-9]{0,9}$ ]]; then return 0; fi
	WEB_CONCURRENCY=$((MEMORY_AVAILABLE / WEB_MEMORY))
	if [[ "${WEB_CONCURRENCY}" -lt 1 || "${WEB_CONCURRENCY}" -gt 200 ]]; then WEB_CONCURRENCY=1; fi
	export WEB_CONCURRENCY WEB_CONCURRENCY_SET_BY=heroku/nodejs
}
nodejs_web_concurrency
unset -f nodejs_web_concurrency
