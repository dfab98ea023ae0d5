#!/usr/bin/env bash
# What the pusher reads about the version of Node.js.

node::_announce() {
	local where=""
	if [[ "${NODE_SOURCE}" == machine ]]; then where=" (of this machine)"; fi
	if [[ -n "${NODE_FOR}" ]]; then
		output::step "Using Node.js ${NODE_VERSION}${where} ${NODE_FOR}"
		return
	fi
	if [[ -z "${NODE_REQUEST}" ]]; then
		output::step "No Node.js version was specified. Using Node.js ${NODE_VERSION}${where}"
	elif [[ "${NODE_REQUEST}" == "${NODE_VERSION}" ]]; then
		output::step "Using Node.js ${NODE_VERSION} specified in ${NODE_ORIGIN}${where}"
	else
		output::step "Using Node.js ${NODE_VERSION}, which satisfies '${NODE_REQUEST}' in ${NODE_ORIGIN}${where}"
	fi
	if [[ "$1" == capped ]]; then
		output::warning <<-END
			Warning: '${NODE_REQUEST}' in ${NODE_ORIGIN} has no end.

			It also means versions of Node.js that your app was never tried with.
			This build keeps to ${DEFAULT_NODE_SERIES}, the newest for long use. Say which you want, as:

			    "engines": { "node": "${NODE_VERSION%%.*}.x" }
		END
	fi
	local series="${NODE_VERSION%%.*}"
	if [[ "${series}" -lt 22 || $((series % 2)) -eq 1 ]]; then
		output::warning <<-END
			Warning: Node.js ${series} gets no security updates any more.

			Move to a newer version soon: try "node": "${DEFAULT_NODE_SERIES}.x" in the engines
			of package.json, and run your tests with it.
		END
	fi
}

node::_fail_invalid() {
	output::fail "node-version::invalid" <<-END
		Error: The Node.js version in ${NODE_ORIGIN} can't be understood.

		It says: $(output::quoted "${NODE_REQUEST}")

		Write a version or a range of versions, as npm reads them:

		    "engines": { "node": "${DEFAULT_NODE_SERIES}.x" }
	END
}

node::_fail_unavailable() {
	local problems="" problem
	for problem in "${NODE_PROBLEMS[@]}"; do problems+="
${problem}"; done
	output::fail "node-version::unavailable" <<-END
		Error: Node.js ${NODE_REQUEST:-${DEFAULT_NODE_SERIES}.x} can't be had on this machine.

		${NODE_ORIGIN:-The buildpack} asks for it.${problems}

		What can be had:

		$(if [[ -n "$1" ]]; then printf '    %s\n' "${1//$'\n'/$'\n    '}"; else echo "    nothing"; fi)

		Ask for one of these in the engines of package.json, or ask the
		operator of this platform to provide another.
	END
}

node::_fail_download() {
	output::fail "install-node" <<-END
		Error: Node.js ${NODE_VERSION} couldn't be downloaded.

		From ${NODE_URL%%\?*}: ${TOOLCHAIN_PROBLEM:-the list of checksums has no such file}.

		Often the network is to blame for a moment only: push again first.
		If it stays so, tell the operator of this platform.
	END
}
