#!/usr/bin/env bash
# Buildpacks write into folders of the app: through a link of that name they would write elsewhere.

# Ends the build if one of $@ is something other than a folder.
own_folders::check() {
	local name
	for name in "$@"; do
		if [[ -L "${BUILD_DIR}/${name}" || (-e "${BUILD_DIR}/${name}" && ! -d "${BUILD_DIR}/${name}") ]]; then
			output::fail "own-folder-in-app-source" <<-END
				Error: '${name}' in your app is not a folder.

				The ${BUILDPACK_TITLE} buildpack writes files into a folder of that name, but
				your git repository has a link or a file there.

				Remove it and push again:

				    git rm --cached ${name}
				    git commit -m "Remove ${name}"
			END
		fi
	done
}
