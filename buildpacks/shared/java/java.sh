#!/usr/bin/env bash
# What the buildpacks for the Java platform share: `source ../shared/java/java.sh`, after start.sh, debian.sh and source-hash.sh.

JAVA_SHARED="${SHARED_DIR}/java"
for library in version jdk trust profile; do
	# shellcheck source=/dev/null
	source "${JAVA_SHARED}/${library}.sh"
done
