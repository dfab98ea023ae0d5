#!/usr/bin/env bash
# Which files make this a Go app.

# Sets MODULE_FILE (go.mod or go.work, whole path). An app without either gets a go.mod, or the build ends.
module::check() {
	local tool
	if [[ -f "${BUILD_DIR}/go.mod" ]]; then
		MODULE_FILE="${BUILD_DIR}/go.mod"
	elif [[ -f "${BUILD_DIR}/go.work" ]]; then
		MODULE_FILE="${BUILD_DIR}/go.work"
	else
		tool="$(module::_old_tool)"
		if [[ -n "${tool}" ]]; then module::_explain_old_tool "${tool}"; fi
		module::_make
	fi
	report::set module_file "${MODULE_FILE##*/}"
}

# Prints the part in brackets of the first line of the module's file that matches $1.
module::value() {
	tr -d '\r' <"${MODULE_FILE}" | sed -n -E "s#$1#\\1#p" | head -n 1 || true
}

module::_old_tool() {
	if [[ -f "${BUILD_DIR}/Gopkg.lock" ]]; then
		echo dep
	elif [[ -f "${BUILD_DIR}/Godeps/Godeps.json" ]]; then
		echo godep
	elif [[ -f "${BUILD_DIR}/vendor/vendor.json" ]]; then
		echo govendor
	elif [[ -f "${BUILD_DIR}/glide.yaml" ]]; then
		echo glide
	elif ! compgen -G "${BUILD_DIR}/*.go" >/dev/null; then
		echo gb
	fi
}

module::_explain_old_tool() {
	report::set old_tool "$1"
	output::fail "module::old-tool" <<-END
		Error: This app has no go.mod.

		Its files are those of '$1', which came before Go's modules and is no longer
		maintained. Turn it into a module on your machine:

		    go mod init example.com/app
		    go mod tidy
		    git add go.mod go.sum
		    git commit -m "Use Go modules"
	END
}

# Enough for a program of the standard library's packages. What needs more fails later, with the reason.
module::_make() {
	local name="app" godir=""
	# What the program was to be called, before there were modules.
	if [[ -f "${BUILD_DIR}/.godir" ]]; then read -r godir <"${BUILD_DIR}/.godir" || true; fi
	if [[ "${godir}" =~ ^[a-z0-9][a-z0-9._/-]{0,99}$ ]]; then name="${godir}"; fi
	output::warning <<-END
		Warning: There's no go.mod.

		The app is built as a module of the name '${name}'. That is enough as long as it
		imports nothing but Go's own packages. Make a real one on your machine:

		    go mod init example.com/app
		    go mod tidy
	END
	MODULE_FILE="${BUILD_DIR}/go.mod" MODULE_IS_MADE=true
	printf 'module %s\n' "${name}" >"${MODULE_FILE}"
}

# Without a line `go`, a module is in the language of 2021.
module::complete() {
	local minor="${GO_VERSION#1.}"
	if [[ -n "${MODULE_IS_MADE:-}" ]]; then printf '\ngo 1.%s\n' "${minor%%[^0-9]*}" >>"${MODULE_FILE}"; fi
}
