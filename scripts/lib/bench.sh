# Fanout beside its peers on this machine; all options go to the harness (Benchmarks/).
run_bench() {
    install_packages "${bench_packages[@]}"
    build_release
    quietly swift build -c release --static-swift-stdlib --product nomad-double
    say "building the harness"
    quietly swift build -c release --package-path Benchmarks --product fanout-bench
    ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
    Benchmarks/.build/release/fanout-bench --fanout "$root/.build/release/fanout" \
        --nomad-double "$root/.build/release/nomad-double" "$@"
}
