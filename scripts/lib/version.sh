# Which version and commit a release build is of.

# version: the first one in the changelog.
version() { sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1; }

# commit: $FANOUT_COMMIT, else git's, with -dirty where tracked files were changed, else that of the archive; or unknown.
commit() {
    local id
    if [ -n "${FANOUT_COMMIT:-}" ]; then
        id=$FANOUT_COMMIT
    elif id=$(git rev-parse --short=12 HEAD 2>/dev/null) && [ "$(git rev-parse --show-toplevel)" = "$root" ]; then
        git diff --quiet HEAD -- || id+=-dirty
    else
        id=$(grep -xE '[0-9a-f]{40}' scripts/commit | cut -c 1-12) || true
    fi
    [[ "$id" =~ ^[0-9A-Za-z.-]*$ ]] || die "FANOUT_COMMIT has to be letters, digits, dots and dashes; got '$id'"
    echo "${id:-unknown}"
}
