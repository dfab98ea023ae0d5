#!/usr/bin/env bash
# Says in words what made an installer or a script fail. Its own output stands above.

failure::_has() {
	grep -q -i -E -- "$1" "${COMMAND_LOG}" 2>/dev/null
}

# The first line that matches $1, without npm's prefix, and not one of npm's that holds a code alone.
failure::_line() {
	output::quoted "$(grep -v -E '^npm (ERR!|error) (code|errno|syscall) ' "${COMMAND_LOG}" | grep -i -E -m 1 -- "$1" | sed -E 's/^npm (ERR!|error) *//; s/\x1b\[[0-9;]*m//g' || true)"
}

# From here on a search that finds nothing is no failure: every way out of these functions ends the build.
failure::install() {
	set +e
	failure::_machine
	failure::_network
	failure::_native
	if failure::_has 'can only install packages when your package(-lock)?\.json|out of sync|EUSAGE.*npm ci|npm ci.*can only install'; then failure::lock_out_of_sync "$(failure::_line 'Missing: |Invalid: ')"; fi
	if failure::_has 'ERR_PNPM_OUTDATED_LOCKFILE|YN0028|Your lockfile needs to be updated|lockfile had changes, but lockfile is frozen|ERR_PNPM_LOCKFILE_CONFIG_MISMATCH'; then
		failure::lock_out_of_sync "$(failure::_line 'specifiers in the lockfile|YN0028|needs to be updated|had changes')"
	fi
	if failure::_has 'code ERESOLVE|ERESOLVE (unable|could not)'; then failure::peer_conflict; fi
	if failure::_has 'code EBADENGINE|ERR_PNPM_UNSUPPORTED_ENGINE|The engine "node" is incompatible|Unsupported engine'; then failure::engine; fi
	if failure::_has 'code ETARGET|ERR_PNPM_NO_MATCHING_VERSION|No matching version found|Couldn.t find any versions for|No version matching'; then failure::no_such_version; fi
	if failure::_has 'code E404|404 Not Found|ERR_PNPM_FETCH_404|Couldn.t find package|: Package not found|YN0035'; then failure::no_such_package; fi
	if failure::_has 'code EINTEGRITY|ERR_PNPM_TARBALL_INTEGRITY|Integrity check failed|YN0018'; then failure::integrity; fi
	if failure::_has 'code EJSONPARSE|Unexpected token.*package-lock|ERR_PNPM_BROKEN_LOCKFILE|Invalid value type|code EINVALIDPACKAGENAME|<<<<<<<'; then failure::broken_lock; fi
	if failure::_has 'code 127|: not found|command not found'; then failure::not_found "an install script"; fi
	output::fail "install-dependencies" <<-END
		Error: The app's packages couldn't be installed.

		${MANAGER_COMMAND} stopped with an error; the lines above say which.

		Try the same on your machine, in a fresh clone:

		    ${INSTALL_SHOWN}
	END
}

# $1: its name, $2: its exit status.
failure::script() {
	local name="$1" status="$2" first
	set +e
	failure::_machine
	if failure::_has 'JavaScript heap out of memory|FATAL ERROR: .*Allocation failed'; then failure::heap "${name}"; fi
	if [[ "${status}" -eq 127 ]] || failure::_has 'sh: [0-9]*:? ?[^ ]+: not found|code ELIFECYCLE.*127|command not found'; then failure::not_found "the script '${name}'"; fi
	if failure::_has "Cannot find (module|package) '"; then
		first="$(failure::_line "Cannot find (module|package) '")"
		output::fail "script::module-not-found" <<-END
			Error: The script '${name}' misses a package or a file.

			    ${first}

			Is it a package, name it in package.json ('${MANAGER_COMMAND} $(if [[ "${MANAGER_COMMAND}" == npm ]]; then echo install; else echo add; fi) <name>') and
			commit the lock file too. Is it a file of yours, check that it's
			committed, and that upper and lower case in its name are right.
		END
	fi
	if failure::_has 'error TS[0-9]+'; then
		output::fail "script::typescript" <<-END
			Error: The script '${name}' failed: TypeScript found errors.

			The first one:

			    $(failure::_line 'error TS[0-9]+')

			Correct it, check with '${MANAGER_COMMAND} run ${name}' on your machine, and push again.
		END
	fi
	failure::_network
	first="$(failure::_line '^[^ ]*(Syntax|Type|Reference|Range)?Error: |^Error: |error during build|ERROR in |✘|\[ERROR\]')"
	output::fail "script::${name}" <<-END
		Error: The script '${name}' of package.json failed, with exit status ${status}.
		${first:+
		Its first error:

		    ${first}
		}
		Try it on your machine, in a fresh clone:

		    ${INSTALL_SHOWN:-${MANAGER_COMMAND} install}
		    NODE_ENV=production ${MANAGER_COMMAND} run ${name}
	END
}

failure::_machine() {
	if failure::_has 'ENOSPC|No space left on device'; then
		output::fail "no-space" <<-'END'
			Error: No space left on device.

			The disk of the platform, or the space that this build may use, is full.
			Ask the operator of this platform to look at it ('hokku disk').
		END
	fi
	if failure::_has 'JavaScript heap out of memory|FATAL ERROR: .*Allocation failed'; then failure::heap install; fi
}

failure::heap() {
	output::fail "heap-out-of-memory" <<-END
		Error: Node.js ran out of memory (JavaScript heap out of memory).

		That happened in '$1'. Node.js keeps to a part of the machine's memory.
		Give it more, in MB, if a build may use that much here:

		    heroku config:set NODE_OPTIONS=--max-old-space-size=2048

		Source maps and type checks take most: builds without them need less.
	END
}

failure::_network() {
	local host
	if failure::_has 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT|ConnectionRefused|FailedToOpenSocket|There appears to be trouble with your network'; then
		host="$(failure::_line 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT|ConnectionRefused|FailedToOpenSocket|trouble with your network')"
		output::fail "no-network" <<-END
			Error: The npm registry, or another host, can't be reached.

			    ${host}

			That is seldom a fault of your app. Wait a minute and push again. If it
			stays so, ask the operator of this platform whether builds reach that
			host. Is it a registry of your own, check its address in .npmrc.
		END
	fi
	if failure::_has 'SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)|CERT_HAS_EXPIRED|unable to get local issuer|self.signed certificate'; then
		output::fail "certificate" <<-'END'
			Error: The certificate of the npm registry isn't trusted.

			Is there a proxy with a certificate authority of its own, ask the operator
			of this platform to pass that to builds (NODE_EXTRA_CA_CERTS).
		END
	fi
	if failure::_has 'code E40[13]|40[13] (Unauthorized|Forbidden)|ERR_PNPM_FETCH_40[13]|YN0041|ENEEDAUTH|authentication token not provided'; then
		output::fail "registry-access" <<-END
			Error: The npm registry refused access.

			    $(failure::_line 'E40[13]|40[13] (Unauthorized|Forbidden)|FETCH_40[13]|YN0041|ENEEDAUTH|authentication token')

			A private package needs a token. Keep it in a config var, and name
			that in the .npmrc of your app (never the token itself):

			    //registry.npmjs.org/:_authToken=\${NPM_TOKEN}

			    heroku config:set NPM_TOKEN=...
		END
	fi
}

failure::_native() {
	local missing="" header
	if ! failure::_has 'node-gyp|gyp ERR!|prebuild-install'; then return 0; fi
	header="$(sed -n -E 's/.*fatal error: ([^:]+): No such file.*/\1/p' "${COMMAND_LOG}" | head -n 1)"
	if failure::_has 'Could not find any Python|find Python.*(not found|is not set)|python3?: (not found|No such file)'; then
		missing="there's no Python on this machine (package python3)"
	elif failure::_has 'not found: make|make: (not found|command not found)|spawn make ENOENT'; then
		missing="there's no make on this machine (package build-essential)"
	elif failure::_has '(g\+\+|gcc|cc|c\+\+): (not found|command not found|No such file)'; then
		missing="there's no C++ compiler on this machine (package build-essential)"
	elif [[ -n "${header}" ]]; then
		missing="the header ${header} is missing on this machine"
	else
		missing="$(failure::_line ' error: |gyp ERR! stack Error')"
	fi
	output::fail "native-module" <<-END
		Error: A package with native code couldn't be compiled.

		node-gyp failed: ${missing}.
		The package: $(output::quoted "$(sed -n -E 's/.*node_modules\/((@[^/ ]+\/)?[^/ ]+).*/\1/p' "${COMMAND_LOG}" | grep -v -E '^(npm|node-gyp|node-pre-gyp)$' | head -n 1)")

		Newer versions of such packages often bring a ready-made file for this
		kind of machine and for Node.js ${NODE_VERSION}. Or ask the operator of this
		platform for what is missing.
	END
}

# $1: what ran it.
failure::not_found() {
	local program
	program="$(sed -n -E "s/.*sh: ([0-9]+: )?([^: ]+): (command )?not found.*/\2/p; s/.*command not found: ([^ ]+).*/\1/p" "${COMMAND_LOG}" | head -n 1)"
	output::fail "command-not-found" <<-END
		Error: A command that $1 runs doesn't exist: $(output::quoted "${program:-see above}").

		Comes it from a package, name that in package.json, install, and commit
		the lock file. Programs that you've installed globally, or on your
		machine, aren't here.
	END
}
