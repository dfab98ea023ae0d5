#!/bin/bash
# The bare minimum by hand, as a post-receive hook: check out, install, tar, start, wait for the port, swap.
# $FLOOR is the working folder of the floor; $FLOOR_PIP the pip wheel that the measured platform uses as well.
set -e
read -r _ commit _
stage() { printf '%s %s\n' "$1" "$(date +%s%3N)" >>"$FLOOR/stages"; }

stage receive
app="$FLOOR/releases/$commit"
mkdir -p "$app"
git --work-tree="$app" checkout --quiet --force "$commit" -- .

stage export
env="$FLOOR/env"
if grep -qs '^[^#]' "$app/requirements.txt" && ! cmp -s "$app/requirements.txt" "$FLOOR/requirements.txt"; then
    rm -rf "$env"
    /usr/bin/python3 -m venv --without-pip "$env"
    "$env/bin/python" "$FLOOR_PIP/pip" install --quiet --no-cache-dir --disable-pip-version-check -r "$app/requirements.txt"
    cp "$app/requirements.txt" "$FLOOR/requirements.txt"
fi
if [ -d "$env" ]; then
    cp --archive --link "$env" "$app/.env"
    PATH="$app/.env/bin:$PATH"
    [ ! -f "$app/manage.py" ] || (cd "$app" && "$env/bin/python" manage.py collectstatic --noinput >/dev/null)
fi

stage compile
tar --create --gzip --file "$FLOOR/slug.tgz" --directory "$app" .

stage pack
port=$((21000 + RANDOM % 8000))
command=$(sed -n 's/^web:[[:space:]]*//p' "$app/Procfile")
(cd "$app" && PORT=$port exec setsid bash -c "$command") >"$FLOOR/log" 2>&1 </dev/null &
echo $! >"$FLOOR/pid.new"
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.01; done

printf '%s' "$port" >"$FLOOR/port.new"
mv "$FLOOR/port.new" "$FLOOR/port"
if [ -f "$FLOOR/pid" ]; then kill -TERM -- "-$(cat "$FLOOR/pid")" 2>/dev/null || true; fi
mv "$FLOOR/pid.new" "$FLOOR/pid"
stage launch
