#!/usr/bin/env bash
# Gets the app's package manager and puts it into the slug, where `npm start` and the like need it.
# MANAGER_COMMAND is what people type, MANAGER_VERSION its version.

MANAGER_COMMAND="" MANAGER_VERSION=""

manager::obtain() {
	NODE_IN_BUILD="${BUILD_DIR}/.heroku/node"
	case "${SURVEY_MANAGER}" in
		npm) npm::obtain ;;
		yarn-*) yarn::obtain ;;
		pnpm) pnpm::obtain ;;
		bun) bun::obtain ;;
	esac
	# Scripts of an app that uses another one still call npm and npx.
	if [[ "${SURVEY_MANAGER}" != npm ]]; then
		local version="${MANAGER_VERSION}"
		npm::provide
		MANAGER_VERSION="${version}"
	fi
	report::set package_manager_version "${MANAGER_VERSION}"
	output::step "Using ${MANAGER_COMMAND} ${MANAGER_VERSION}${SURVEY_MANAGER_ORIGIN:+ specified in ${SURVEY_MANAGER_ORIGIN} of package.json}"
}

# Sets MANAGER_FOLDER and MANAGER_VERSION to a package $1 of version $2 (a range): one in the cache that does, or the newest.
manager::fetch() {
	local name="$1" range="$2" prefix="${OWN_CACHE}/tools/${1//\//-}" folder
	for folder in "${prefix}"-[0-9]*; do
		if [[ -d "${folder}" ]] && manager::_does "${folder#"${prefix}-"}" "${range}"; then
			MANAGER_FOLDER="${folder}" MANAGER_VERSION="${folder#"${prefix}-"}"
			return 0
		fi
	done
	if registry::install "${name}" "${range}" "${prefix}"; then
		MANAGER_FOLDER="${REGISTRY_FOLDER}" MANAGER_VERSION="${REGISTRY_VERSION}"
		return 0
	fi
	output::fail "install-package-manager" <<-END
		Error: ${name} ${range} couldn't be downloaded.

		${SURVEY_MANAGER_ORIGIN:-The buildpack} asks for it, but ${TOOLCHAIN_PROBLEM}.

		Check that this version exists (npm view ${name} versions). If it does,
		often the network is to blame for a moment only: push again. If it
		stays so, ask the operator of this platform whether builds reach the
		npm registry.
	END
}

manager::_does() {
	local version="$1" range="$2"
	if [[ "${range}" == "${version}" ]]; then return 0; fi
	if [[ "${range}" =~ ^[0-9]+\.x$ ]]; then
		[[ "${version}" == "${range%x}"* ]]
	elif [[ "${range}" =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]]; then
		return 1
	else
		[[ "$("${HELPER_NODE}" "${SHARED_DIR}/node/satisfies.mjs" "${version}" "${range}")" == yes ]]
	fi
}

# Puts the package in folder $2 into the slug as $1; the rest are `command=file`.
manager::place() {
	local name="$1" folder="$2" pair target
	shift 2
	target="${NODE_IN_BUILD}/lib/node_modules/${name}"
	mkdir -p "${target%/*}" "${NODE_IN_BUILD}/bin"
	node::link "${folder}" "${target}"
	for pair in "$@"; do
		# Very old versions have fewer programs.
		if [[ ! -f "${target}/${pair#*=}" ]]; then continue; fi
		# Packages come without the mode of a program.
		chmod 755 "${target}/${pair#*=}"
		ln -sfn "../lib/node_modules/${name}/${pair#*=}" "${NODE_IN_BUILD}/bin/${pair%%=*}"
	done
}
