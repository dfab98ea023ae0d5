#!/usr/bin/env bash
# Source of interpreters: what the machine has.

# Prints "version<TAB>machine<TAB>path" for an interpreter that dynos can see too: not one in somebody's home folder,
# which a sandbox hides, and not one of a virtual environment.
machine::describe() {
	local path="$1" facts
	facts="$("${path}" -I -S -c '
import os, sys
v = sys.version_info
final = v.releaselevel == "final" and sys.implementation.name == "cpython" and sys.prefix == sys.base_prefix
print("%d.%d.%d\tmachine\t%s" % (*v[:3], os.path.realpath(sys.executable)) if final else "")' 2>/dev/null)" || return 1
	case "${facts##*$'\t'}" in
		/usr/* | /opt/* | /nix/* | /bin/*) echo "${facts}" ;;
		*) return 1 ;;
	esac
}

machine::list() {
	local folder path
	local -A seen=()
	while IFS= read -r folder; do
		for path in "${folder}"/python3.{14,13,12,11,10} "${folder}/python3"; do
			[[ -x "${path}" && -z "${seen[$(realpath "${path}")]:-}" ]] || continue
			seen["$(realpath "${path}")"]=1
			machine::describe "${path}" || true
		done
	done < <(printf '%s\n' /usr/bin /usr/local/bin; tr ':' '\n' <<<"${PATH}" | grep -vxE '/usr/bin|/usr/local/bin|/bin|.*/\.heroku/.*|')
}
