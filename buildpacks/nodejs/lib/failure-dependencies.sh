#!/usr/bin/env bash
# The words for packages that can't be installed as package.json and the lock file state them. failure.sh finds which applies.

failure::lock_out_of_sync() {
	output::fail "outdated-lock-file" <<-END
		Error: ${SURVEY_LOCK_FILE:-The lock file} doesn't fit package.json.
		${1:+
		    $1
		}
		package.json was changed, and the lock file wasn't committed with it. Run

		    ${MANAGER_COMMAND} install
		    git add package.json ${SURVEY_LOCK_FILE}
		    git commit -m "Update ${SURVEY_LOCK_FILE}"

		with ${MANAGER_COMMAND} ${MANAGER_VERSION%%.*} on your machine, and push again.
	END
}

failure::peer_conflict() {
	output::fail "peer-conflict" <<-END
		Error: Two packages need different versions of a third one (ERESOLVE).

		    $(failure::_line 'While resolving|Could not resolve dependency|peer ')
		    $(failure::_line 'peer ')

		Change the version of one of them in package.json. To install as npm
		did before version 7, add a file .npmrc with this line:

		    legacy-peer-deps=true
	END
}

failure::engine() {
	local needed
	needed="$(failure::_line 'Required: *\{|engine "node" is incompatible|Expected version|wanted:')"
	output::fail "engine-mismatch" <<-END
		Error: A package needs another version of Node.js than ${NODE_VERSION}.

		    ${needed:-$(failure::_line 'Unsupported engine')}

		Choose one that fits in package.json:

		    "engines": { "node": "${DEFAULT_NODE_SERIES}.x" }

		or another version of the package.
	END
}

failure::no_such_version() {
	output::fail "no-such-version" <<-END
		Error: There's no such version of a package.

		    $(failure::_line 'No matching version|find any versions for|No version matching')

		Correct it in package.json, run '${MANAGER_COMMAND} install', commit both files, and push again.
	END
}

failure::no_such_package() {
	output::fail "no-such-package" <<-END
		Error: There's no such package in the registry.

		    $(failure::_line '404 .*(http|Not Found|registry)|FETCH_404|find package|Package not found|YN0035')

		Check the spelling in package.json. Is it a private package, its
		registry has to be named in an .npmrc of your app, with a token:

		    @your-scope:registry=https://npm.example.com/
		    //npm.example.com/:_authToken=\${NPM_TOKEN}
	END
}

failure::integrity() {
	output::fail "integrity" <<-END
		Error: A package isn't the one whose checksum ${SURVEY_LOCK_FILE:-the lock file} states.

		    $(failure::_line 'integrity')

		Find out why it changed before you trust it. Then make its entry in the
		lock file anew.
	END
}

failure::broken_lock() {
	output::fail "broken-lock-file" <<-END
		Error: ${SURVEY_LOCK_FILE:-The lock file} can't be read.

		    $(failure::_line 'JSON|BROKEN_LOCKFILE|Invalid|<<<<<<<')

		Often a merge was left half done in it. Make it anew:

		    git rm ${SURVEY_LOCK_FILE}
		    ${MANAGER_COMMAND} install
		    git add ${SURVEY_LOCK_FILE}
	END
}
