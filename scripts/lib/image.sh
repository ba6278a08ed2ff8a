# An OCI image with one file in it, the binary with all its libraries; and whether it works in a container.

. scripts/lib/container.sh

# The user of the container; nobody on Debian and elsewhere.
image_user=65534:65534
image_largest=25000000

run_image() {
    local test=false output=""
    while [ $# -gt 0 ]; do
        case "$1" in
            --test) test=true; shift ;;
            --output)
                [ -n "${2:-}" ] || die "--output takes a file"
                output=$2
                shift 2
                ;;
            *) die "image: no option '$1'; there are --output and --test" ;;
        esac
    done
    build_static
    install_packages buildah
    local version folder
    version=$(version)
    output=${output:-.build-static/fanout-$version.oci.tar}
    make_scratch
    folder=$scratch
    image_storage "$folder"
    image_build "$version" "$output"
    local size
    size=$(stat -c %s "$output")
    [ "$size" -lt "$image_largest" ] || die "image: $output has $size bytes, more than $image_largest"
    echo "image: $output, fanout:$version, $size bytes"
    if $test; then image_test "$folder" "$output"; fi
}

# image_storage FOLDER: where buildah and podman keep their things, and nothing outside of it.
image_storage() {
    printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$1" "$1" >"$1/storage.conf"
    export CONTAINERS_STORAGE_CONF=$1/storage.conf
}

# image_build VERSION OUTPUT: as an archive; the same digest for the same commit and binary.
image_build() {
    local container
    container=$(buildah from scratch)
    buildah copy --quiet --chmod 755 "$container" .build-static/fanout /fanout >/dev/null
    buildah config --user "$image_user" --entrypoint '["/fanout"]' --cmd '' --stop-signal SIGQUIT \
        --label org.opencontainers.image.title=fanout \
        --label "org.opencontainers.image.description=A TCP sidecar proxy for Nomad services" \
        --label org.opencontainers.image.version="$1" \
        --label org.opencontainers.image.revision="$(commit)" \
        --label org.opencontainers.image.licenses=Apache-2.0 \
        "$container"
    mkdir -p "$(dirname "$2")"
    rm -f "$2"
    buildah commit --quiet --rm --format oci --timestamp "$(git log -1 --format=%ct 2>/dev/null || echo 0)" \
        "$container" "oci-archive:$2:fanout:$1" >/dev/null
}

# image_test FOLDER ARCHIVE: which driver it takes under which profile, that it serves, and that names resolve.
image_test() {
    [ "$(id -u)" = 0 ] || die "image: podman is used as root here"
    install_packages crun podman python3 skopeo
    local folder=$1 image
    image_labels "$2"
    image=$(podman load --quiet --input "$2" | sed 's/.*: //')
    container_case "$folder" "default profile" epoll "$image"
    container_case "$folder" "contrib/seccomp/fanout.json" io_uring \
        --security-opt seccomp="$root/contrib/seccomp/fanout.json" "$image"
    image_names "$folder" "$image"
    echo "image: epoll under the default profile, io_uring under contrib/seccomp/fanout.json; both served; names resolve"
}

# image_names FOLDER IMAGE: by /etc/hosts and by DNS, without a libc of the image's own.
image_names() {
    local server
    python3 scripts/lib/names.py 127.0.0.53 names.fanout.test &
    server=$!
    # Without an answer yet the resolver would ask again: after its first time-out.
    container_run "${container_podman[@]}" --dns 127.0.0.53 --add-host hosts.fanout.test:127.0.0.9 "$2" doctor --endpoint hosts.fanout.test:1 --endpoint names.fanout.test:1 >"$1/doctor" || true
    kill "$server"
    wait "$server" 2>/dev/null || true
    if [ "$(grep -c '^ok .*\.fanout\.test has 1 address$' "$1/doctor")" != 2 ]; then
        cat "$1/doctor" >&2
        die "image: names do not resolve"
    fi
    grep 'fanout.test' "$1/doctor"
}

# image_labels ARCHIVE: who reads the labels finds the version and the commit.
image_labels() {
    local labels
    labels=$(skopeo inspect --format '{{ range $k, $v := .Labels }}{{ $k }}={{ $v }} {{ end }}' "oci-archive:$1")
    case "$labels" in
        *image.revision="$(commit)"*image.version="$(version)"*) ;;
        *) die "image: its labels are $labels" ;;
    esac
}
