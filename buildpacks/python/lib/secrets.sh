#!/usr/bin/env bash
# Passwords in the URLs of settings. Most installers print such a URL whole, and output::indent knows those; some print a part.

# From now on output::indent leaves them out, beside what config_vars::hide_secrets has found.
secrets::hide_logins() {
	local name value file
	local -A logins=()
	while IFS= read -r name; do
		secrets::_find "${!name}"
	done < <(compgen -e)
	for file in "${ENV_DIR:-/nonexistent}"/*; do
		if [[ ! -f "${file}" ]]; then continue; fi
		IFS= read -r -d '' value <"${file}" || true
		secrets::_find "${value}"
	done
	for value in "${!logins[@]}"; do
		# In brackets every character stands for itself, but for these two.
		printf 's\001%s\001****\001g\n' "$(LC_ALL=C sed -e 's/[^A-Za-z0-9^\\]/[&]/g; s/[\^\\]/\\&/g' <<<"${value}")"
	done >>"${WORK_DIR}/secrets.sed"
}

# Adds the logins of the URLs in $1 to the caller's `logins`.
secrets::_find() {
	local rest="$1" login
	while [[ "${rest}" =~ ://([^/@[:space:]]+)@(.*) ]]; do
		login="${BASH_REMATCH[1]}"
		rest="${BASH_REMATCH[2]}"
		# A user's name alone is no secret, but a token is written in its place.
		if [[ "${login}" == *:* || "${#login}" -ge 16 ]]; then logins["${login}"]=1; fi
		login="${login#*:}"
		if [[ "${#login}" -ge 8 ]]; then logins["${login}"]=1; fi
	done
}
