#!/usr/bin/env bash
# Says in words what made Gradle fail. Its own output stands above.

failure::_has() {
	grep -q -E -- "$1" "${BUILD_LOG}"
}

failure::_line() {
	output::quoted "$(grep -E -m 1 -- "$1" "${BUILD_LOG}" | sed -E 's/^ *(> )?//; s#/tmp/build_[0-9a-zA-Z]+/##g' || true)"
}

# Every way out of this function ends the build.
failure::explain() {
	set +e
	trap - ERR
	if failure::_has 'No space left on device'; then
		output::fail "build::no-space" <<<"Error: The disk of the build is full (HOKKU_BUILD_DISK_MB, the operator's)."
	fi
	if failure::_has 'OutOfMemoryError|insufficient memory|daemon disappeared'; then
		output::fail "build::memory" <<<"Error: Gradle ran out of memory.

$(failure::_line 'OutOfMemoryError|insufficient memory|daemon disappeared')

org.gradle.jvmargs=-Xmx1g in gradle.properties gives it more or less; HOKKU_BUILD_MEMORY_MB (the operator's) is the limit of it all."
	fi
	if failure::_has "Task '.*' not found|Task with path .* not found"; then
		output::fail "build::no-such-task" <<<"Error: The project has no such task.

$(failure::_line "not found")

'./gradlew tasks --all' on your machine shows those that it has; GRADLE_TASK (a config var) names the one to run."
	fi
	if failure::_has 'Unsupported class file major version|Could not determine java version|requires Java [0-9]+|requires at least JVM runtime|Cannot find a Java installation|invalid source release|Toolchain (installation|download)'; then
		output::fail "build::java-version" <<<"Error: The app, or its Gradle, wants another Java than ${JDK_VERSION}.

$(failure::_line 'major version|java version|requires Java|JVM runtime|Java installation|source release|Toolchain')

Name it in system.properties (java.runtime.version=21), or take a newer Gradle."
	fi
	if failure::_has 'UnknownHostException|Connect(ion)? (timed out|refused|reset)|PKIX path|Could not GET|name resolution'; then
		output::fail "build::download" <<<"Error: A dependency couldn't be downloaded.

$(failure::_line 'UnknownHostException|timed out|refused|reset|PKIX path|Could not GET')

Push again. If it stays so, ask the operator of this platform whether builds reach that host."
	fi
	if failure::_has "Could not find .*:|Plugin .* was not found|Could not resolve all"; then
		output::fail "build::no-such-artifact" <<<"Error: A dependency, or a plugin, doesn't exist where Gradle looked.

$(failure::_line 'Could not find .*:|was not found|Could not resolve')

Check its name and version, and the repositories of the build."
	fi
	if failure::_has '\.(java|kt|groovy|scala):[0-9]+|Compilation failed|Compilation error'; then
		output::fail "build::compile" <<<"Error: The app doesn't compile.

$(failure::_line '\.(java|kt|groovy|scala):[0-9]+|error: ')

'./gradlew build' on your machine shows the same."
	fi
	if failure::_has "build.gradle(.kts)?' line: [0-9]+|Could not compile (build|settings) file|Script compilation error"; then
		output::fail "build::invalid-script" <<<"Error: The build script isn't right.

$(failure::_line "line: [0-9]+|Could not compile|Script compilation|Line [0-9]+")"
	fi
	output::fail "build::gradle" <<<"Error: Gradle stopped with an error; the last lines above say which.

Try the same in a fresh clone on your machine: ./gradlew build"
}
