#!/usr/bin/env bash
# Source of interpreters: what the machine has.

# Prints "version<TAB>machine<TAB>path" for an interpreter that dynos can see too: not one in somebody's home folder,
# which a sandbox hides, and not one of a virtual environment. The survey says the same of the Python that runs it.
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

# Of all that the survey has found.
machine::list() {
	local line path described
	for line in "${SURVEY_MACHINE[@]}"; do
		IFS=$'\t' read -r path described <<<"${line}"
		if [[ -n "${described}" ]]; then echo "${described}"; else machine::describe "${path}" || true; fi
	done
}
