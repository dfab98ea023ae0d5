#!/usr/bin/env bash
# Causes that no change of the app's files would help with, whoever the installer is.

NETWORK_TROUBLE='NewConnectionError|NameResolutionError|ConnectTimeoutError|Failed to establish a new connection|Temporary failure in name resolution|Max retries exceeded|ReadTimeoutError|ProxyError|RemoteDisconnected|dns error|tcp connect error|error sending request|ConnectError|All attempts to connect to|Connection refused|ConnectTimeout'
CERTIFICATE_TROUBLE='SSLCertVerificationError|CERTIFICATE_VERIFY_FAILED|SSLError|invalid peer certificate|UnknownIssuer'
GIT_TROUBLE='Cannot find command .git.|Git operation failed|Git executable not found|fatal: (unable to access|could not read|repository .* not found|Authentication failed|remote error|couldn.t find remote ref)|error: pathspec|git (clone|fetch|checkout) .*did not run successfully'

pip_failure::explain_machine() {
	if pip_failure::_has 'No space left on device|os error 28'; then pip_failure::no_space; fi
	# First what makes every other line untrue: without a network, pip says that no version exists.
	if pip_failure::_has "${NETWORK_TROUBLE}"; then
		if pip_failure::_has "${CERTIFICATE_TROUBLE}"; then pip_failure::certificate; fi
		pip_failure::no_network
	fi
	if pip_failure::_has "${CERTIFICATE_TROUBLE}"; then pip_failure::certificate; fi
	if pip_failure::_has "${GIT_TROUBLE}"; then pip_failure::version_control; fi
	if pip_failure::_has '(401|403) (Client )?Error|401 Unauthorized|403 Forbidden|Authorization error accessing|status code 40[13]'; then pip_failure::access; fi
}

# For whatever can't be found or isn't allowed: an address without its password is another one.
pip_failure::check_variables() {
	if [[ "${#MISSING_VARIABLES[@]}" -eq 0 ]]; then return 0; fi
	output::fail "install-dependencies::missing-variable" <<-EOF
		Error: The config var ${MISSING_VARIABLES[0]} isn't set.

		An address in your files names it as \${${MISSING_VARIABLES[0]}}, so the packages that
		are there couldn't be fetched. Unset are: ${MISSING_VARIABLES[*]}

		Set it, and push again:

		    heroku config:set ${MISSING_VARIABLES[0]}=...
	EOF
}

pip_failure::no_network() {
	pip_failure::check_variables
	local index="${PIP_INDEX_URL:-https://pypi.org/simple}"
	output::fail "install-dependencies::no-network" <<-EOF
		Error: The package index can't be reached.

		Packages come from $(pip_failure::_shown "${index}"),
		which doesn't answer from here. That isn't a fault of your app.

		Wait a minute and push again. If it stays so, ask the operator of
		this platform whether builds may reach the network, or whether an
		own index has to be named in the config var PIP_INDEX_URL.
	EOF
}

pip_failure::certificate() {
	output::fail "install-dependencies::certificate" <<-'EOF'
		Error: The certificate of the package index isn't trusted.

		Is there a proxy with a certificate authority of its own, ask the
		operator of this platform to pass that to builds (PIP_CERT).
	EOF
}

pip_failure::access() {
	pip_failure::check_variables
	local set="PIP_EXTRA_INDEX_URL=https://user:token@host/simple"
	case "${PACKAGE_MANAGER}" in
		uv) set="UV_INDEX_<NAME>_USERNAME=... UV_INDEX_<NAME>_PASSWORD=..." ;;
		poetry) set="POETRY_HTTP_BASIC_<NAME>_USERNAME=... POETRY_HTTP_BASIC_<NAME>_PASSWORD=..." ;;
		pipenv | pdm) set="INDEX_TOKEN=...    (and url = \"https://user:\${INDEX_TOKEN}@host/simple\")" ;;
	esac
	output::fail "install-dependencies::access" <<-EOF
		Error: The package index refused access to a package.

		The user name, password or token is missing or wrong. Keep them in
		a config var, never in the repository:

		    heroku config:set ${set}
	EOF
}

pip_failure::no_space() {
	output::fail "install-dependencies::no-space" <<-'EOF'
		Error: There's no space left on the disk of the build.

		Either the app requires very large packages, such as a version of
		torch for graphics cards (take the one for CPUs), or the operator of
		this platform has to make room.
	EOF
}
