#!/usr/bin/env bash
# Says in words what made Maven fail. Its own output stands above.

failure::_has() {
	grep -q -E -- "$1" "${BUILD_LOG}"
}

failure::_line() {
	output::quoted "$(grep -E -m 1 -- "$1" "${BUILD_LOG}" | sed -E 's/^ *(\[ERROR\] *)?//; s#/tmp/build_[0-9a-zA-Z]+/##g' || true)"
}

# Every way out of this function ends the build.
failure::explain() {
	set +e
	trap - ERR
	if failure::_has 'No space left on device'; then
		output::fail "build::no-space" <<<"Error: The disk of the build is full (HOKKU_BUILD_DISK_MB, the operator's)."
	fi
	if failure::_has 'java.lang.OutOfMemoryError|There is insufficient memory for the Java Runtime'; then
		output::fail "build::memory" <<<"Error: Java ran out of memory while it built the app.

$(failure::_line 'OutOfMemoryError|insufficient memory')

heroku config:set MAVEN_JAVA_OPTS=-Xmx1500m gives Maven more; the operator's HOKKU_BUILD_MEMORY_MB is the limit of it all."
	fi
	if failure::_has 'Non-parseable POM|Malformed POM|The project .* has [0-9]+ errors?|Unrecognised tag|dependencies.dependency.version. .*is missing|Non-resolvable parent POM'; then
		if ! failure::_has 'Unknown host|Connect(ion)? (to|timed|refused)|PKIX path'; then
			output::fail "build::invalid-pom" <<<"Error: pom.xml isn't right.

$(failure::_line 'Non-parseable POM|Malformed POM|Unrecognised tag|is missing|Non-resolvable parent')

'mvn validate' on your machine shows the same."
		fi
	fi
	if failure::_has 'Unknown host|Connection (timed out|refused|reset)|PKIX path building failed|Temporary failure in name resolution|status: 5[0-9][0-9]'; then
		output::fail "build::download" <<<"Error: A dependency couldn't be downloaded.

$(failure::_line 'Unknown host|Connection (timed|refused|reset)|PKIX path|name resolution|status: 5')

Push again. If it stays so, ask the operator of this platform whether builds reach that host."
	fi
	if failure::_has 'status: 40[13]|Not authorized|Unauthorized|Forbidden'; then
		output::fail "build::access" <<<"Error: A repository refused the build.

$(failure::_line 'status: 40[13]|Not authorized|Unauthorized|Forbidden')

Put its login into a settings.xml that reads config vars (\${env.NAME}), and name it:

    heroku config:set MAVEN_SETTINGS_PATH=settings.xml"
	fi
	if failure::_has 'Could not find artifact|was not found in|could not be resolved|No plugin found for prefix|Could not resolve dependencies'; then
		output::fail "build::no-such-artifact" <<<"Error: A dependency, or a plugin, doesn't exist where Maven looked.

$(failure::_line 'Could not find artifact|was not found in|could not be resolved|No plugin found')

Check its group, name and version in pom.xml."
	fi
	if failure::_has 'release version [0-9.]+ not supported|invalid (target|source) release|Source option [0-9]+ is no longer supported|has been compiled by a more recent version|UnsupportedClassVersionError|Unsupported class file major version'; then
		output::fail "build::java-version" <<<"Error: The app wants another Java than ${JDK_VERSION}.

$(failure::_line 'release version|invalid (target|source)|Source option|more recent version|UnsupportedClassVersion|major version')

Name it in system.properties: java.runtime.version=21"
	fi
	if failure::_has 'There are test failures|Failed tests:|Tests run:.*Failures: [1-9]'; then
		output::fail "build::tests" <<<"Error: Tests of the app failed, and so Maven stopped.

$(failure::_line 'FAIL|Failed tests|Failures: [1-9]')

Tests are left out with MAVEN_CUSTOM_OPTS=-DskipTests, which is the default."
	fi
	if failure::_has 'COMPILATION ERROR|Compilation failure|error: '; then
		output::fail "build::compile" <<<"Error: The app doesn't compile.

$(failure::_line '\.(java|kt|scala):\[?[0-9]+|error: ')

'mvn compile' on your machine shows the same."
	fi
	if failure::_has 'wrapper.*(Could not|not find|Failed)|maven-wrapper.jar|Failed to fetch'; then
		output::fail "build::wrapper" <<<"Error: The Maven wrapper of the app couldn't start.

$(failure::_line 'wrapper|Failed to fetch')

'mvn wrapper:wrapper' on your machine makes it anew; without mvnw, Maven ${MAVEN_DEFAULT} is used."
	fi
	output::fail "build::maven" <<<"Error: Maven stopped with an error; the last lines above say which.

Try the same in a fresh clone on your machine: mvn clean install -DskipTests"
}
