#!/usr/bin/env bash
# What the installer made, kept in OWN_CACHE/modules: `tree` holds it at its paths in the app, `key` says what it was made of
# (one `what<TAB>value` per line), `pruned` which paths the removal of devDependencies took away.
#
# The build gets hard links, which cost nothing. Should a script write into a package in place, that reaches the cached file
# too: sizes and times of all files are in `manifest`, and a tree that doesn't match them any more isn't used.

MODULES_LAYOUT=1

# Paths in the app that are the installer's.
modules::paths() {
	cd "${BUILD_DIR}" || return 1
	find . -maxdepth 5 \( -path ./.heroku -o -path ./.git \) -prune -o -name node_modules -type d -prune -printf '%P\n'
	if [[ "${SURVEY_MANAGER}" == yarn-berry ]]; then
		local path
		for path in .pnp.cjs .pnp.loader.mjs .yarn/cache .yarn/unplugged .yarn/install-state.gz .yarn/build-state.yml; do
			if [[ -e "${path}" ]]; then echo "${path}"; fi
		done
	fi
}

modules::_manifest() {
	(cd "$1" && find . ! -type d -printf '%P\t%s\t%T@\t%l\n' | LC_ALL=C sort)
}

# Prints why the cached tree isn't what the key in $1 asks for, one reason per line; nothing when it is.
modules::_reasons() {
	local key="$1" what value old dir="${OWN_CACHE}/modules"
	local -A saved=()
	while IFS=$'\t' read -r what value; do saved["${what:-none}"]="${value}"; done <"${dir}/key"
	while IFS=$'\t' read -r what value; do
		old="${saved["${what}"]:-}"
		if [[ "${old}" == "${value}" ]]; then continue; fi
		if [[ "${value}" =~ ^[0-9a-f]{64}$ || -z "${old}" ]]; then
			echo "The ${what} changed."
		else
			echo "The ${what} changed from ${old} to ${value}."
		fi
	done <<<"${key}"
	if ! cmp -s "${dir}/manifest" <(modules::_manifest "${dir}/tree"); then
		echo "Files of the cached packages were changed after the install."
	fi
}

# Puts the cached tree into the app when the key in $1 is its key. Returns 1 when there's none to use.
modules::restore() {
	local key="$1" dir="${OWN_CACHE}/modules" reasons reason
	report::set cache_status empty
	if [[ ! -d "${dir}/tree" || ! -f "${dir}/key" ]]; then return 1; fi
	reasons="$(modules::_reasons "${key}")"
	if [[ -n "${reasons}" ]]; then
		report::set cache_status discarded
		output::step "Discarding cache since:"
		while IFS= read -r reason; do output::detail "- ${reason}"; done <<<"${reasons}"
		rm -rf "${dir}"
		return 1
	fi
	report::set cache_status reused
	output::step "Restoring cache"
	modules::_copy "${dir}/tree" "${BUILD_DIR}"
}

# The app's own install scripts often change packages in place: then the build gets copies.
modules::_copy() {
	local from="$1" to="$2"
	if scripts::any "${LIFECYCLE[@]}"; then
		cp -a --reflink=auto "${from}/." "${to}/"
	else
		cp -RPl "${from}/." "${to}/" 2>/dev/null || cp -a --reflink=auto "${from}/." "${to}/"
		modules::_unshare
	fi
}

# The package managers' own notes are written in place, when devDependencies go for one.
modules::_unshare() {
	local file
	for file in "${BUILD_DIR}"/node_modules/.[!.]* "${BUILD_DIR}"/node_modules/.pnpm/lock.yaml "${BUILD_DIR}"/.pnp.*js "${BUILD_DIR}"/.yarn/*-state*; do
		if [[ ! -f "${file}" || -L "${file}" ]]; then continue; fi
		cp -p "${file}" "${file}.own"
		mv "${file}.own" "${file}"
	done
}

modules::save() {
	local key="$1" dir="${OWN_CACHE}/modules" path
	rm -rf "${dir}"
	mkdir -p "${dir}/tree"
	while IFS= read -r path; do
		if [[ "${path}" == */* ]]; then mkdir -p "${dir}/tree/${path%/*}"; fi
		if scripts::any "${LIFECYCLE[@]}"; then
			cp -a --reflink=auto "${BUILD_DIR}/${path}" "${dir}/tree/${path}"
		else
			node::link "${BUILD_DIR}/${path}" "${dir}/tree/${path}"
		fi
	done < <(modules::paths)
	modules::_unshare
	modules::_manifest "${dir}/tree" >"${dir}/manifest"
	# Last: without a key the tree isn't used.
	printf '%s\n' "${key}" >"${dir}/key"
}

# A line for every path of the installer's, for modules::remember_pruned. Its own notes are left out: they tell of the removal.
modules::list() {
	local path name
	while IFS= read -r path; do
		name="${path//%/%%}"
		find "${BUILD_DIR}/${path}" \( -name .package-lock.json -o -name '.yarn-*' -o -name '.modules.yaml' -o -path '*/.pnpm/lock.yaml' \
			-o -name '.pnpm-workspace-state*' \) -prune -o -type d -printf "${name}/%P\n" -o -printf "${name}/%P\t%s\t%T@\t%l\n"
	done < <(modules::paths) | LC_ALL=C sort
}

# $1 and $2: lists before and after. Where nothing was added or changed, the same can be done next time without the package
# manager.
modules::remember_pruned() {
	local dir="${OWN_CACHE}/modules"
	if [[ ! -f "${dir}/key" || -n "$(LC_ALL=C comm -13 "$1" "$2" | head -n 1)" ]]; then return 0; fi
	# Without what lies in a folder that goes as a whole.
	LC_ALL=C comm -23 "$1" "$2" | cut -f 1 | awk -F / '{
		path = ""
		for (n = 1; n < NF; n++) { path = path (n > 1 ? "/" : "") $n; if (path in gone) next }
		gone[$0] = 1
		print
	}' >"${dir}/pruned.part"
	mv "${dir}/pruned.part" "${dir}/pruned"
}

# Takes away what the package manager took away the last time. Returns 1 when that isn't known.
modules::prune_as_before() {
	local list="${OWN_CACHE}/modules/pruned"
	if [[ ! -f "${list}" ]]; then return 1; fi
	(cd "${BUILD_DIR}" && xargs -r -d '\n' rm -rf -- <"${list}" && rm -f node_modules/.package-lock.json)
}

# cacheDirectories of package.json, beside what is kept anyway.
modules::restore_directories() {
	local directory from
	for directory in "${SURVEY_DIRECTORIES[@]}"; do
		from="${OWN_CACHE}/directories/${directory}"
		if [[ "${directory}" == node_modules || ! -d "${from}" || -e "${BUILD_DIR}/${directory}" ]]; then continue; fi
		output::detail "- ${directory} (cacheDirectories)"
		mkdir -p "${BUILD_DIR}/${directory}"
		cp -a --reflink=auto "${from}/." "${BUILD_DIR}/${directory}/"
	done
}

modules::keep_directories() {
	local directory size
	rm -rf "${OWN_CACHE}/directories"
	for directory in "${SURVEY_DIRECTORIES[@]}"; do
		if [[ "${NODE_MODULES_CACHE}" == false || "${directory}" == node_modules || ! -d "${BUILD_DIR}/${directory}" || -L "${BUILD_DIR}/${directory}" ]]; then continue; fi
		output::step "Caching ${directory}"
		mkdir -p "${OWN_CACHE}/directories/${directory}"
		cp -a --reflink=auto "${BUILD_DIR}/${directory}/." "${OWN_CACHE}/directories/${directory}/"
	done
	# Downloads make a changed lock file cheap; they must not grow forever.
	for directory in npm-cache yarn-cache yarn-berry pnpm-store bun-cache; do
		if [[ "${INSTALLED}" != yes || ! -d "${OWN_CACHE}/${directory}" ]]; then continue; fi
		size="$(du -sm "${OWN_CACHE}/${directory}")"
		if [[ "${size%%[^0-9]*}" -gt 1024 ]]; then rm -rf "${OWN_CACHE:?}/${directory}"; fi
	done
}
