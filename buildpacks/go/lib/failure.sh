#!/usr/bin/env bash
# Says in words what made go fail. Its own output stands above.

failure::_has() {
	grep -q -E -- "$1" "${BUILD_LOG}"
}

failure::_line() {
	output::quoted "$(grep -E -m 1 -- "$1" "${BUILD_LOG}" | sed -E 's/^ *//' || true)"
}

failure::no_program() {
	output::fail "build::no-program" <<-'END'
		Error: The module has no program.

		No package of it is called 'main', so there's nothing that could be started.
		Is the program in a folder with a go.mod of its own, name that folder:

		    heroku config:set PROJECT_PATH=<folder>

		or add a go.work that names its modules.
	END
}

# Every way out of this function ends the build.
failure::explain() {
	set +e
	trap - ERR
	if failure::_has 'no space left on device'; then
		output::fail "build::no-space" <<<"Error: The disk of the build is full.

Modules and compiled packages need more room than a build has: HOKKU_BUILD_DISK_MB, the operator's."
	fi
	if failure::_has 'signal: killed'; then
		output::fail "build::killed" <<<"Error: A part of Go was killed while it compiled.

$(failure::_line 'signal: killed')

Most often there wasn't enough memory: HOKKU_BUILD_MEMORY_MB, the operator's. One thing
at a time needs less: heroku config:set GOFLAGS=-p=1"
	fi
	if failure::_has 'requires go ?>= ?1\.|go.mod requires go|note: module requires Go'; then
		output::fail "build::go-too-old" <<<"Error: Go ${GO_VERSION} is too old for this app.

$(failure::_line 'requires go|module requires Go')

Ask for the newer one: a line 'toolchain go1.N.P' in go.mod, or heroku config:set GOVERSION=go1.N"
	fi
	if failure::_has 'missing go.sum entry|updates to go.(mod|sum) needed|go mod tidy|inconsistent vendoring|is explicitly required in go.mod, but not marked'; then
		output::fail "build::untidy" <<<"Error: go.mod, go.sum and the source don't fit together.

$(failure::_line 'missing go.sum entry|updates to go|inconsistent vendoring|no required module provides|is explicitly required')

On your machine, then commit what it changes:

    go mod tidy$(if [[ -d "${BUILD_DIR}/vendor" ]]; then echo ' && go mod vendor'; fi)"
	fi
	if failure::_has 'checksum mismatch|SECURITY ERROR'; then
		output::fail "build::checksum" <<<"Error: A module isn't the one that go.sum names.

$(failure::_line 'checksum mismatch|verifying')

Its author may have moved a tag. Find out why before you trust it; 'go clean -modcache'
and 'go mod tidy' on your machine take what there is now."
	fi
	if failure::_has 'terminal prompts disabled|could not read Username|Authentication failed|403 Forbidden|401 Unauthorized|410 Gone'; then
		output::fail "build::private-module" <<<"Error: A module can't be read: it's private, or it isn't there.

$(failure::_line 'could not read Username|Authentication failed|403|401|410|fatal:')

For a private one:

    heroku config:set GOPRIVATE=github.com/you/* GO_GIT_CRED__HTTPS__GITHUB__COM=<token>"
	fi
	if failure::_has 'dial tcp|no such host|i/o timeout|connection refused|TLS handshake|certificate signed by unknown'; then
		output::fail "build::download" <<<"Error: A module couldn't be downloaded.

$(failure::_line 'dial tcp|no such host|i/o timeout|connection refused|TLS handshake|certificate signed')

Push again. If it stays so, ask the operator of this platform whether builds reach that
host (GOPROXY)."
	fi
	if failure::_has 'unknown revision|no matching versions|404 Not Found|reading .* 404|cannot find module|no required module provides package|is not in (GOROOT|std)|malformed module path'; then
		output::fail "build::no-such-module" <<<"Error: A package, or the module that it's in, can't be found.

$(failure::_line 'unknown revision|no matching versions|404|cannot find module|no required module provides|is not in|malformed')

Check its path; 'go get <module>@latest && go mod tidy' adds one that is missing in go.mod."
	fi
	if failure::_has 'errors parsing go.(mod|work)|invalid go version|unknown directive|unknown block type'; then
		output::fail "build::invalid-go-mod" <<<"Error: go.mod can't be read.

$(failure::_line 'go.(mod|work):[0-9]+|invalid go version|unknown directive')"
	fi
	if failure::_has 'replacement directory .* does not exist|directory .* does not contain|cannot load module .* listed in go.work|go.work lists'; then
		output::fail "build::no-such-folder" <<<"Error: A folder that go.mod or go.work names isn't in the repository.

$(failure::_line 'replacement directory|does not contain|listed in go.work|go.work lists')

Commit that folder too (git submodules need their own commit), or take the line out."
	fi
	if failure::_has 'pattern .*: (no matching files found|cannot embed)'; then
		output::fail "build::embed" <<<"Error: A file for //go:embed isn't there.

$(failure::_line 'pattern .*: (no matching files|cannot embed)')

Check that it is committed (git ls-files) and that no .gitignore or .slugignore leaves it
out. What a build makes first can be made in bin/go-pre-compile."
	fi
	if failure::_has 'import cycle not allowed|use of internal package .* not allowed|is a program, not an importable package'; then
		output::fail "build::import" <<<"Error: A package imports what it may not.

$(failure::_line 'import cycle not allowed|use of internal package|is a program, not')

'go vet ./...' on your machine shows the same."
	fi
	if failure::_has 'build constraints exclude all Go files'; then
		output::fail "build::constraints" <<<"Error: A package has no file for this machine.

$(failure::_line 'build constraints exclude')

Its files are for other systems, or need C (cgo). Without a C compiler on the machine,
such packages can't be built; the operator can install one: apt-get install gcc libc6-dev"
	fi
	if [[ -n "${GO_INSTALL_PACKAGE_SPEC}" ]] || failure::_has 'matched no packages|stat .*: directory not found'; then
		if failure::_has 'directory not found|no Go files in|matched no packages|main module .* does not contain package|is not a main package'; then
			output::fail "build::package-spec" <<<"Error: The packages that are to be built aren't there: ${BUILD_PACKAGES[*]}

$(failure::_line 'directory not found|no Go files in|matched no packages|does not contain|is not a main')

The config var GO_INSTALL_PACKAGE_SPEC, or the comment '+heroku install' in go.mod,
names them. Without either, every main package is built."
		fi
	fi
	if failure::_has 'fatal error: .*: No such file|pkg-config: exit|pkg-config.*not found|C compiler .* not found|cgo: C compiler'; then
		output::fail "build::library" <<<"Error: A C library, or a C compiler, is missing.

$(failure::_line 'fatal error:|pkg-config|C compiler')

Name the library's -dev package in an Aptfile and put the apt buildpack first
(heroku buildpacks:add --index 1 heroku/apt). Without C: heroku config:set CGO_ENABLED=0"
	fi
	if failure::_has '^[^ :]+\.go:[0-9]+(:[0-9]+)?: '; then
		output::fail "build::compile" <<<"Error: The app doesn't compile.

$(failure::_line '^[^ :]+\.go:[0-9]+(:[0-9]+)?: ')

'go build ./...' on your machine shows the same."
	fi
	output::fail "build::go" <<<"Error: go stopped with an error.

$(failure::_line '^(go: )?(error|found packages|package .*:|malformed|missing|cannot|no )')

Try the same in a fresh clone on your machine: go build ./..."
}
