#!/usr/bin/env bash
# What go and the app's hooks see. To be called in a subshell.

environment::set() {
	local minor="${GO_VERSION#1.}" name
	minor="${minor%%[^0-9]*}"
	config_vars::export
	# Flags that it doesn't know are errors to go, even those of the machine's settings.
	export GOFLAGS="${GOFLAGS:-}"
	if [[ "${minor}" -lt 18 ]]; then GOFLAGS="${GOFLAGS//-buildvcs=false/}"; fi
	if [[ "${minor}" -ge 14 ]]; then GOFLAGS+=" -modcacherw"; fi
	GOFLAGS="${GOFLAGS# }"
	export GOROOT="${GO_ROOT}" GOTOOLCHAIN=local GOENV=off GOPATH="${OWN_CACHE}/gopath" GOMODCACHE="${OWN_CACHE}/modules" GOCACHE="${OWN_CACHE}/build"
	export PATH="${GO_ROOT}/bin:${BUILD_DIR}/bin:${PATH}" GIT_TERMINAL_PROMPT=0
	if ! type -P "${CC:-gcc}" >/dev/null && ! type -P cc >/dev/null; then export CGO_ENABLED="${CGO_ENABLED:-0}"; fi
	# Headers and libraries of the app's own, as in Heroku's buildpack.
	for name in CGO_CFLAGS CGO_CPPFLAGS CGO_CXXFLAGS CGO_LDFLAGS GOFLAGS; do
		if [[ -n "${!name:-}" ]]; then export "${name}=${!name//\$\{build_dir\}/${BUILD_DIR}}"; fi
	done
	environment::_git_logins
}

# `GO_GIT_CRED__HTTPS__GITHUB__COM=<token>` or `<user>:<password>`: for private modules, as in Heroku's buildpack.
environment::_git_logins() {
	local name rest protocol host number=0
	for name in "${CONFIG_VARS[@]}"; do
		if [[ ! "${name}" =~ ^GO_GIT_CRED__([A-Z]+)__([A-Z0-9_]+)$ ]]; then continue; fi
		protocol="${BASH_REMATCH[1],,}" rest="${BASH_REMATCH[2],,}"
		host="${rest//__/.}"
		# The helper's words stand in no file and in no list of processes: it reads the variable itself.
		export "GIT_CONFIG_KEY_${number}=credential.${protocol}://${host}.helper"
		export "GIT_CONFIG_VALUE_${number}=!f() { test \"\$1\" = get || exit 0; case \"\$${name}\" in *:*) echo \"username=\${${name}%%:*}\"; echo \"password=\${${name}#*:}\";; *) echo \"username=\$${name}\"; echo password=x-oauth-basic;; esac; }; f"
		number=$((number + 1))
	done
	if [[ "${number}" -gt 0 ]]; then export GIT_CONFIG_COUNT="${number}"; fi
}
