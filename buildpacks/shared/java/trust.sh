#!/usr/bin/env bash
# Java keeps certificate authorities in a file of its own. The machine's, and those of a company's network, have to be in it.

# Sets TRUST_OPTIONS, for every java of this build; a JDK that goes into the slug gets the store as its own.
trust::prepare() {
	local bundle="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" store="${OWN_CACHE}/authorities.jks" sum
	TRUST_OPTIONS=""
	if [[ ! -r "${bundle}" ]]; then return 0; fi
	sum="$(sha256sum <"${bundle}")"
	if [[ ! -f "${store}" || ! -f "${store}.sum" || "$(<"${store}.sum")" != "${sum}" ]]; then
		rm -f "${store}"
		# A program in a single file is run as it is from Java 11 on.
		mkdir -p "${WORK_DIR}/trust"
		if ! "${JAVA_HOME}/bin/javac" -d "${WORK_DIR}/trust" "${JAVA_SHARED}/TrustStore.java" >"${WORK_DIR}/trust.log" 2>&1 ||
			! "${JAVA_HOME}/bin/java" -cp "${WORK_DIR}/trust" TrustStore "${bundle}" "${store}" >>"${WORK_DIR}/trust.log" 2>&1; then
			output::detail "The machine's certificate authorities couldn't be handed to Java: $(tail -n 1 "${WORK_DIR}/trust.log")"
			rm -f "${store}"
			return 0
		fi
		printf '%s\n' "${sum}" >"${store}.sum"
	fi
	TRUST_OPTIONS="-Djavax.net.ssl.trustStore=${store} -Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStoreType=JKS"
	if [[ "${JDK_IN_SLUG}" == yes && -d "${JAVA_HOME}/lib/security" ]]; then cp --remove-destination "${store}" "${JAVA_HOME}/lib/security/cacerts"; fi
}
