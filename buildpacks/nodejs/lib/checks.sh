#!/usr/bin/env bash
# Mistakes that are better named before anything is installed.

# This buildpack writes into these two: through a link that would be elsewhere.
checks::own_folders() {
	local name
	for name in .heroku .profile.d; do
		if [[ -L "${BUILD_DIR}/${name}" || (-e "${BUILD_DIR}/${name}" && ! -d "${BUILD_DIR}/${name}") ]]; then
			output::fail "own-folder-in-app-source" <<-END
				Error: '${name}' in your app is not a folder.

				This buildpack writes files into a folder of that name, but your git
				repository has a link or a file there.

				Remove it and push again:

				    git rm --cached ${name}
				    git commit -m "Remove ${name}"
			END
		fi
	done
	if [[ -e "${BUILD_DIR}/.heroku/node" || -L "${BUILD_DIR}/.heroku/node" ]]; then
		output::fail "node-in-app-source" <<-'END'
			Error: There's already a Node.js in the folder .heroku/node.

			Either that folder was committed to git by mistake. Then run:

			    git rm -r --cached .heroku
			    echo '.heroku/' >> .gitignore

			Or the Node.js buildpack is set twice for this app. See
			`heroku buildpacks`, and remove one with `heroku buildpacks:remove`.
		END
	fi
}
