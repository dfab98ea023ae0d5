# shellcheck shell=bash
# How many web processes fit into this dyno: 256 MB for each, and no more than 2 per core + 1.
# Gunicorn and uvicorn read WEB_CONCURRENCY. A value that the user or an earlier buildpack set stays.

python_web_concurrency() {
	local bytes="" file cores
	# A dyno's limit is shown where version 1 of cgroups has it; version 2's file is for other hosts.
	for file in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; do
		if [[ -r "${file}" ]]; then
			bytes="$(<"${file}")"
			break
		fi
	done
	# No limit is told as "max" or as a number beyond any machine.
	if [[ ! "${bytes}" =~ ^[0-9]{1,15}$ || "${bytes}" -gt 17592186044416 ]]; then
		return 0
	fi
	export DYNO_RAM=$((bytes / 1048576))
	if [[ -n "${WEB_CONCURRENCY:-}" ]]; then
		return 0
	fi
	cores="$(nproc)"
	export WEB_CONCURRENCY=$((DYNO_RAM / 256 < cores * 2 + 1 ? DYNO_RAM / 256 : cores * 2 + 1))
	if [[ "${WEB_CONCURRENCY}" -lt 1 ]]; then export WEB_CONCURRENCY=1; fi
	export WEB_CONCURRENCY_SET_BY=heroku/python
	if [[ "${DYNO:-}" == web.* ]]; then
		echo "Python buildpack: Detected ${DYNO_RAM} MB available memory and ${cores} CPU cores." >&2
		echo "Python buildpack: Defaulting WEB_CONCURRENCY to ${WEB_CONCURRENCY} based on the available memory and CPU cores." >&2
	fi
}
python_web_concurrency
unset -f python_web_concurrency
