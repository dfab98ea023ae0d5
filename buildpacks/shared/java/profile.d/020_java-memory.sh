# shellcheck shell=bash
# How much memory Java takes, by the size of the dyno: Heroku's figures. What the user set in JAVA_TOOL_OPTIONS comes last, and wins.

java_memory() {
	local bytes="" file heap_mb small=""
	for file in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; do
		if [[ -r "${file}" ]]; then
			bytes="$(<"${file}")"
			break
		fi
	done
	if [[ ! "${bytes}" =~ ^[0-9]{1,15}$ || "${bytes}" -gt 17592186044416 ]]; then bytes=$((512 * 1048576)); fi
	case "$((bytes / 1048576))" in
		512) heap_mb=300 ;;
		1024) heap_mb=671 ;;
		2560) heap_mb=2048 ;;
		*) heap_mb=$((bytes * 3 / 5 / 1048576)) ;;
	esac
	if [[ ! " ${JAVA_TOOL_OPTIONS:-} ${JAVA_OPTS:-}" =~ \ -(Xmx|XX:MaxRAMPercentage) ]]; then
		if [[ "${heap_mb}" -le 300 ]]; then small=" -Xss512k -XX:CICompilerCount=2"; fi
		export JAVA_TOOL_OPTIONS="-Xmx${heap_mb}m${small} -Dfile.encoding=UTF-8${JAVA_TOOL_OPTIONS:+ ${JAVA_TOOL_OPTIONS}}"
	fi
	export JAVA_OPTS="${JAVA_OPTS:-}"
}
java_memory
unset -f java_memory
