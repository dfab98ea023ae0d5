#!/usr/bin/env bash
# What the app says about itself, asked of survey.mjs once: sets SURVEY_* and ends the build at what nobody could build.

SURVEY_NODE_RANGE="" SURVEY_NODE_ORIGIN="" SURVEY_MANAGER="" SURVEY_LOCK_FILE="" SURVEY_MANAGER_RANGE="" SURVEY_MANAGER_ORIGIN=""
SURVEY_HASH=""
SURVEY_DIRECTORIES=()
declare -A SURVEY_SCRIPTS=() SURVEY_HAS=()

survey::take() {
	local answers what first second third fourth rest
	answers="$("${HELPER_NODE}" "${BUILDPACK_DIR}/lib/survey.mjs" "${BUILD_DIR}")"
	# Fields can be empty, and `read` takes several tabs for one.
	while IFS= read -r rest; do
		IFS=$'\001' read -r what first second third fourth <<<"${rest//$'\t'/$'\001'}"
		case "${what}" in
			problem) survey::_fail "${first}" "${second}" "${third}" "${fourth%%$'\001'*}" "${fourth#*$'\001'}" ;;
			node) SURVEY_NODE_RANGE="${first}" SURVEY_NODE_ORIGIN="${second}" ;;
			manager) SURVEY_MANAGER="${first}" SURVEY_LOCK_FILE="${second}" SURVEY_MANAGER_RANGE="${third}" SURVEY_MANAGER_ORIGIN="${fourth}" ;;
			script) SURVEY_SCRIPTS["${first}"]="${second}" ;;
			has) SURVEY_HAS["${first}"]=yes ;;
			directory) SURVEY_DIRECTORIES+=("${first}") ;;
			hash) SURVEY_HASH="${first}" ;;
			warning) output::warning <<<"Warning: ${first}" ;;
		esac
	done <<<"${answers}"
	report::set package_manager "${SURVEY_MANAGER}"
	report::set lock_file "${SURVEY_LOCK_FILE:-none}"
}

survey::_fail() {
	local reason="$1" first="$2" second="$3" third="$4" fourth="$5"
	case "${reason}" in
		manifest-invalid)
			output::fail "package-json::invalid" <<-END
				Error: package.json can't be read.

				It isn't valid JSON: ${first}

				Correct that place, and check the file with:

				    node -p 'require("./package.json").name'
			END
			;;
		manifest-missing)
			output::fail "package-json::missing" <<-'END'
				Error: There's no package.json in the root of the app.

				A Node.js app needs one. Check that it's committed (`git ls-files`), and
				that an earlier buildpack or .slugignore doesn't remove it.
			END
			;;
		manifest-too-large)
			output::fail "package-json::too-large" <<<"Error: package.json is larger than ${first} bytes.

No package.json that people write is. Was another file saved under its name?"
			;;
		engines-invalid)
			output::fail "node-version::invalid" <<-END
				Error: engines.node in package.json isn't a text.

				It says: ${first}

				Write the version or range in quotes:

				    "engines": { "node": "${DEFAULT_NODE_SERIES}.x" }
			END
			;;
		version-file-invalid)
			output::fail "node-version::invalid" <<-END
				Error: The Node.js version in ${first} can't be understood.

				It says: ${second}

				The file holds one version, such as ${DEFAULT_NODE_SERIES}, 22.11.0 or lts/jod.
			END
			;;
		multiple-lock-files)
			output::fail "multiple-lock-files" <<-END
				Error: It isn't clear which package manager this app uses.

				It has lock files of several: ${first}.

				Each would install other versions. Keep the one of the package manager
				that you use, and delete the others, for example:

				    git rm ${second}
				    git commit -m "Remove the lock file that isn't used"
			END
			;;
		manager-contradicts-lock-file)
			output::fail "multiple-package-managers" <<-END
				Error: package.json and the lock file name different package managers.

				packageManager in package.json says '${first}', and there's a
				${second}, which is ${third}'s.

				Either delete the lock file and commit the one that '${fourth} install'
				makes, or correct packageManager.
			END
			;;
		package-manager-invalid)
			output::fail "package-manager::invalid" <<-END
				Error: packageManager in package.json can't be understood.

				It says: $(output::quoted "${first}")

				It names npm, yarn, pnpm or bun with one exact version, such as:

				    "packageManager": "pnpm@10.4.1"
			END
			;;
		cache-directories-invalid)
			output::fail "cache-directories::invalid" <<-END
				Error: cacheDirectories in package.json can't be used: ${first}.

				It's a list of folders inside of your app, such as:

				    "cacheDirectories": ["node_modules", ".next/cache"]
			END
			;;
		*) output::fail "survey::${reason}" <<<"Error: package.json can't be used (${reason}: ${first})." ;;
	esac
}
