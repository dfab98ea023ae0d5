#!/usr/bin/env bash
# Installs the app's packages, or takes those of the last build when the installer would do the same again.

INSTALL_SHOWN=""
# Whether an installer ran in this build.
INSTALLED=no
HAD_MODULES=no

install::dependencies() {
	local key scope=all
	if [[ "${WANT_DEV}" == no ]]; then scope=production; fi
	if [[ -d "${BUILD_DIR}/node_modules" && ! -L "${BUILD_DIR}/node_modules" ]]; then install::_warn_committed; fi
	if install::_needs_nothing; then
		output::step "package.json names no dependencies: installing none"
		report::set cache_status unused
		rm -rf "${OWN_CACHE}/modules"
		modules::restore_directories
		scripts::lifecycle
		return
	fi
	if [[ "${NODE_MODULES_CACHE}" == false ]]; then
		output::step "Not using a cache: the config var NODE_MODULES_CACHE is false"
		rm -rf "${OWN_CACHE}/modules" "${OWN_CACHE}"/{npm-cache,yarn-cache,yarn-berry,pnpm-store,bun-cache}
		report::set cache_status disabled
		install::_run "${scope}"
		return
	fi
	key="$(install::_key "${scope}")"
	if [[ "${HAD_MODULES}" == no ]] && modules::restore "${key}"; then
		modules::restore_directories
		if [[ -n "${SURVEY_LOCK_FILE}" ]]; then
			output::step "Using cached packages: nothing that ${MANAGER_COMMAND} would read has changed"
			scripts::lifecycle
			return
		fi
	else
		modules::restore_directories
	fi
	install::_run "${scope}"
	if [[ "${HAD_MODULES}" == no ]]; then
		output::step "Caching packages"
		report::timed cache_save modules::save "${key}"
	fi
}

install::_needs_nothing() {
	[[ -z "${SURVEY_HAS[dependencies]:-}${SURVEY_HAS[devDependencies]:-}${SURVEY_HAS[optionalDependencies]:-}${SURVEY_HAS[workspaces]:-}" ]] &&
		[[ "${SURVEY_MANAGER}" != yarn-berry ]]
}

install::_key() {
	local name
	printf '%s\t%s\n' 'layout of the cache' "${MODULES_LAYOUT}" 'stack' "${STACK:-none}" 'Node.js version' "${NODE_VERSION}" \
		'package manager' "${SURVEY_MANAGER} ${MANAGER_VERSION}" 'scope of the install' "$1" 'NODE_ENV' "${NODE_ENV}"
	printf '%s\t%s\n' "contents of package.json${SURVEY_LOCK_FILE:+, ${SURVEY_LOCK_FILE}} or of the installer's settings" "${SURVEY_HASH}"
	# Install scripts of packages may read any of them. A hash only: they hold passwords.
	name="$(config_vars::find && for name in "${CONFIG_VARS[@]}"; do
		if [[ "${name}" != HEROKU_* ]]; then
			printf '%s\0' "${name}"
			cat "${ENV_DIR}/${name}"
			printf '\0'
		fi
	done | sha256sum)"
	printf '%s\t%s\n' 'set of config vars' "${name%% *}"
}

install::_run() {
	output::step "Installing dependencies"
	if [[ -z "${SURVEY_LOCK_FILE}" ]]; then
		output::warning <<-END
			Warning: There's no lock file.

			Every build installs the newest versions that package.json allows, which
			can break an app that nobody has changed. Commit the file that
			'${MANAGER_COMMAND} install' makes.
		END
	fi
	report::set build_step install-dependencies
	INSTALLED=yes
	case "${SURVEY_MANAGER}" in
		npm) report::timed dependencies_install npm::install "$1" || failure::install ;;
		yarn-*) report::timed dependencies_install yarn::install "$1" || failure::install ;;
		pnpm) report::timed dependencies_install pnpm::install "$1" || failure::install ;;
		bun) report::timed dependencies_install bun::install "$1" || failure::install ;;
	esac
}

install::prune() {
	if [[ -z "${SURVEY_HAS[devDependencies]:-}${SURVEY_HAS[workspaces]:-}" || "${WANT_DEV}" == no ]]; then return 0; fi
	output::step "Pruning devDependencies"
	if [[ -n "${PRUNE_SKIPPED}" ]]; then
		output::detail "Skipped: ${PRUNE_SKIPPED}"
		return 0
	fi
	report::set build_step prune-dependencies
	if [[ "${INSTALLED}" == no ]] && modules::prune_as_before; then return 0; fi
	modules::list >"${WORK_DIR}/before"
	case "${SURVEY_MANAGER}" in
		npm) report::timed prune npm::prune || failure::install ;;
		yarn-*) report::timed prune yarn::prune || failure::install ;;
		pnpm) report::timed prune pnpm::prune || failure::install ;;
		bun) report::timed prune bun::prune || failure::install ;;
	esac
	modules::list >"${WORK_DIR}/after"
	modules::remember_pruned "${WORK_DIR}/before" "${WORK_DIR}/after"
}

install::_warn_committed() {
	HAD_MODULES=yes
	output::warning <<-'END'
		Warning: node_modules was committed to git.

		Packages in there may be made for another kind of machine. They are
		installed anew from package.json, and no cache is used. Take them out:

		    git rm -r -q --cached node_modules
		    echo 'node_modules/' >> .gitignore
		    git commit -m "Leave node_modules to the platform"
	END
}
