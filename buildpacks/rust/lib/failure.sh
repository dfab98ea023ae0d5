#!/usr/bin/env bash
# Says in words what made cargo fail. Its own output stands above.

failure::_has() {
	grep -q -E -- "$1" "${BUILD_LOG}"
}

failure::_line() {
	output::quoted "$(grep -E -m 1 -- "$1" "${BUILD_LOG}" | sed -E 's/^ *//' || true)"
}

# The line of the first of these that there is.
failure::_first() {
	local pattern
	for pattern in "$@"; do
		if failure::_has "${pattern}"; then
			failure::_line "${pattern}"
			return 0
		fi
	done
}

# Every way out of this function ends the build.
failure::explain() {
	local line
	set +e
	trap - ERR
	if failure::_has 'No space left on device|os error 28'; then
		output::fail "build::no-space" <<<"Error: The disk of the build is full.

Compiled crates and their sources need more room than a build has. Fewer
dependencies or features, or more room (HOKKU_BUILD_DISK_MB, the operator's), help."
	fi
	if failure::_has 'the lock file .* needs to be updated|cannot update the lock file .* because --locked'; then
		output::fail "build::lock-out-of-date" <<<"Error: Cargo.lock doesn't fit Cargo.toml.

Run 'cargo update --workspace' (or 'cargo build') on your machine, and commit Cargo.lock."
	fi
	if failure::_has "failed to parse manifest|--> Cargo\.toml:|invalid (TOML|type)|TOML parse error|could not parse input as TOML"; then
		output::fail "build::invalid-manifest" <<<"Error: Cargo.toml can't be read.

$(failure::_first '^ *failed to parse the|TOML parse error' 'unknown|missing|invalid' '^(error|Caused by)')
$(failure::_line 'this version of Cargo|supported edition|expected|unclosed')

What cargo says above names the line. 'cargo check' on your machine shows the same."
	fi
	if failure::_has 'failed to (get|download|fetch|query)|Could not resolve host|spurious network error|download of .* failed|failed to load source'; then
		failure::download
	fi
	if failure::_has 'requires rustc [0-9]|is not supported by the following package|cannot be built because it requires rustc|edition[0-9]+. is required'; then
		line="$(failure::_line 'requires rustc [0-9]|@.*requires rustc|edition[0-9]+. is required')"
		output::fail "build::rust-too-old" <<<"Error: Rust ${COMPILER_VERSION} is too old for this app.

${line}

Ask for a newer one in rust-toolchain.toml, or choose older versions of the crates
(cargo update -p <crate> --precise <version>)."
	fi
	if failure::_has 'may not be used on the stable release channel|requires a .*nightly.* version of rustc'; then
		output::fail "build::needs-nightly" <<<"Error: The app, or a crate, needs a nightly Rust.

$(failure::_line 'may not be used on the stable|requires a .*nightly')

Newer versions of the crate may do without. Else ask for a nightly of a certain day:

    heroku config:set RUST_VERSION=nightly-$(date -u -d '-7 days' +%F)"
	fi
	if failure::_has 'no matching package named|failed to select a version|no matching package found'; then
		output::fail "build::no-such-crate" <<<"Error: A crate, or a version of it, doesn't exist.

$(failure::_first 'does not have (that|these) feature' 'for the requirement' 'no matching package' 'failed to select a version')

Check its name and version in Cargo.toml."
	fi
	if failure::_has 'pkg-config (command )?(could not|exited)|Could not find (directory of OpenSSL|openssl)|The system library .* required by crate|fatal error: .*: No such file'; then
		failure::library
	fi
	if failure::_has 'unable to find library -l|cannot find -l|linking with .cc. failed'; then
		output::fail "build::link" <<<"Error: The program couldn't be linked.

$(failure::_first 'unable to find library -l|cannot find -l' 'undefined reference' 'linking with')

If a system library is missing: name its -dev package in an Aptfile, and put the apt
buildpack first (heroku buildpacks:add --index 1 heroku/apt)."
	fi
	if failure::_has 'failed to run custom build command'; then
		output::fail "build::build-script" <<<"Error: The build script of a crate failed.

$(failure::_line 'failed to run custom build command')
$(failure::_line '(Error|error|panicked|not found|ERROR):? ')

Its own words are above."
	fi
	if failure::_has '^error(\[E[0-9]+\])?: '; then
		output::fail "build::compile" <<<"Error: The app doesn't compile.

$(failure::_line '^error\[E[0-9]+\]')$(failure::_has '^error\[E' || failure::_line '^error: ')
$(failure::_line '^ *--> ')

'cargo build --release' on your machine shows the same."
	fi
	output::fail "build::cargo" <<<"Error: cargo stopped with an error; the last lines above say which.

Try the same in a fresh clone on your machine: cargo build --release"
}

failure::download() {
	output::fail "build::download" <<-END
		Error: A crate couldn't be downloaded.

		$(failure::_line 'failed to (get|download|fetch|query)|Could not resolve host|download of')

		If it's public, push again. If it comes from a private registry or repository,
		the build needs its token: heroku config:set CARGO_REGISTRIES_<NAME>_TOKEN=...
	END
}

failure::library() {
	local name
	name="$(sed -n -E "s/.*(system library .([A-Za-z0-9_.+-]+). required|pkg-config --libs --cflags ([A-Za-z0-9_.+-]+)).*/\2\3/p" "${BUILD_LOG}" | head -n 1)"
	if failure::_has 'openssl'; then name="${name:-openssl}"; fi
	output::fail "build::library" <<-END
		Error: A system library is missing${name:+: ${name}}.

		$(failure::_line 'system library|Could not find|fatal error:|pkg-config')

		Its -dev package has to be there while the app is built: name it in an Aptfile
		(for OpenSSL: libssl-dev) and put the apt buildpack first:

		    heroku buildpacks:add --index 1 heroku/apt

		Many crates can do without: a feature named 'vendored' or 'rustls'.
	END
}
