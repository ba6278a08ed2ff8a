# The release in a container, under the runtime's default seccomp profile and without one: which driver it takes, and that
# it serves. Podman, without an image registry: the root is a folder with the binary and its libraries.
run_container() {
    [ $# = 0 ] || die "container: no option '$1'"
    [ "$(id -u)" = 0 ] || die "container: podman without an image needs root here"
    build_release
    install_packages podman crun python3
    local folder
    make_scratch
    folder=$scratch
    container_root "$folder/root"
    local binary=(--rootfs "$folder/root" /fanout)
    container_case "$folder" "default profile" epoll "${binary[@]}"
    container_case "$folder" "without a profile" io_uring --security-opt seccomp=unconfined "${binary[@]}"
    echo "container: epoll under the default profile, io_uring without it; both served"
}

container_root() {
    local root=$1 library
    mkdir -p "$root"/{proc,sys,dev,tmp,etc,run}
    cp .build/release/fanout "$root/fanout"
    while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done < <(ldd .build/release/fanout | grep -o '/[^ ]*')
}

# container_case FOLDER NAME DRIVER OPTION... IMAGE: starts it, has one line echoed, drains it.
container_case() {
    local folder=$1 name=$2 driver=$3 code=0
    shift 3
    container_run python3 scripts/lib/container.py "${container_podman[@]}" "$@" >"$folder/log" 2>&1 || code=$?
    if [ "$code" != 0 ] || ! grep -q "driver=$driver" "$folder/log"; then
        cat "$folder/log" >&2
        die "container, $name: driver $driver was expected, and an echo (exit code $code)"
    fi
    grep -E "fanout started|takes its place" "$folder/log" | sed "s|^|$name: |"
}

container_podman=(podman run --rm --network=host --cgroups=disabled --ulimit nofile=4096:4096 --ulimit nproc=4096:4096)

# container_run COMMAND...: in a mount namespace with cgroup v2 alone: crun does not work where v1 and v2 are mixed.
container_run() {
    unshare --mount bash -c '
        if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
            umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup
        fi
        exec "$@"' container "$@"
}
