#!/usr/bin/env bash
# The app's config vars, one file each in ENV_DIR, for what runs in its name.

# Names that no child gets: those that would break it, and those whose meaning bash keeps to itself.
CONFIG_VARS_KEPT_BACK='^(PATH|GIT_DIR|CPATH|CPPATH|LD_PRELOAD|LIBRARY_PATH|LD_LIBRARY_PATH|LANG|HOME|BUILD_DIR|CACHE_DIR|ENV_DIR|WORK_DIR|OWN_CACHE|SHARED_DIR|BUILDPACK_[A-Z_]+|STACK|BASH_ENV|ENV|IFS|_|UID|EUID|PPID|SHELLOPTS|BASHOPTS|BASH|BASHPID|BASH_[A-Z_]+|FUNCNAME|GROUPS|DIRSTACK|LINENO|PIPESTATUS|HISTCMD|OPTIND|RANDOM|SRANDOM|SECONDS|EPOCHSECONDS|EPOCHREALTIME)$'

# Sets CONFIG_VARS to the names of config vars that a child may get.
config_vars::find() {
	local file name
	CONFIG_VARS=()
	if [[ ! -d "${ENV_DIR}" ]]; then return 0; fi
	for file in "${ENV_DIR}"/*; do
		name="${file##*/}"
		if [[ -f "${file}" && "${name}" =~ ^[A-Za-z_][A-Za-z0-9_]*$ && ! "${name}" =~ ${CONFIG_VARS_KEPT_BACK} ]]; then
			CONFIG_VARS+=("${name}")
		fi
	done
}

# Sets the variable $1 to the value of the config var of that name, where there is one.
config_vars::read() {
	local value=""
	if [[ ! -f "${ENV_DIR}/$1" ]]; then return 0; fi
	IFS= read -r -d '' value <"${ENV_DIR}/$1" || true
	printf -v "$1" '%s' "${value}"
}

# To be called in a subshell. A value's trailing newlines are its own; it holds no NUL, so all of it is read.
config_vars::export() {
	local config_var_name config_var_value
	config_vars::find
	for config_var_name in "${CONFIG_VARS[@]}"; do
		IFS= read -r -d '' config_var_value <"${ENV_DIR}/${config_var_name}" || true
		export "${config_var_name}=${config_var_value}"
	done
}

# From now on output::indent leaves out the values of config vars whose names speak of a secret.
config_vars::hide_secrets() {
	local name value
	config_vars::find
	for name in "${CONFIG_VARS[@]}"; do
		if [[ ! "${name}" =~ (TOKEN|AUTH|PASSWORD|PASSWD|SECRET|CREDENTIALS?|_KEY|APIKEY|_PAT)$|^GO_GIT_CRED__ ]]; then continue; fi
		IFS= read -r -d '' value <"${ENV_DIR}/${name}" || true
		value="${value%%[$'\n\r']*}"
		if [[ "${name}" == GO_GIT_CRED__* ]]; then value="${value#*:}"; fi
		if [[ "${#value}" -lt 8 ]]; then continue; fi
		# In brackets every character stands for itself, but for these two.
		printf 's\001%s\001****\001g\n' "$(LC_ALL=C sed -e 's/[^A-Za-z0-9^\\]/[&]/g; s/[\^\\]/\\&/g' <<<"${value}")"
	done >"${WORK_DIR}/secrets.sed"
}
