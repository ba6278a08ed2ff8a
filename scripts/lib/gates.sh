# Gates on the data path that do not depend on noise (Tests/Gates): they judge the release binary.
run_gates() {
    local options=()
    case "${1:-}" in
        "") ;;
        --update) options+=(--update) ;;
        *) die "gates: no option '$1'; there is --update" ;;
    esac
    install_packages "${gates_packages[@]}"
    # A stripped binary (scripts/fanout build) has no names to go by: link it again.
    local binary=.build/release/fanout
    if [ -f "$binary" ] && [ -z "$(nm "$binary" 2>/dev/null | head -n 1)" ]; then rm "$binary"; fi
    build_release
    say "gates on the data path"
    python3 -B Tests/Gates/gates.py "$binary" "${options[@]}"
}
