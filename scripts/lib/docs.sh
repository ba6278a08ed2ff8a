# What operators copy: job files, the dashboard, the alerts, and the commands of the documentation.

run_docs() {
    [ $# = 0 ] || die "docs: no option '$1'"
    [ "$(id -u)" = 0 ] || die "docs: the commands run in namespaces of their own, which needs root"
    require_swift
    install_packages "${build_packages[@]}" curl iproute2 jq procps prometheus python3-venv redis-server redis-tools util-linux
    say "building"
    quietly swift build --product fanout
    quietly swift build --product nomad-double
    [ -x .build/python/bin/python ] || quietly python3 -m venv .build/python
    quietly .build/python/bin/pip install --quiet --disable-pip-version-check python-hcl2==8.1.4
    .build/python/bin/python scripts/lib/jobfiles.py .build/debug/fanout contrib/nomad/*.hcl
    quietly promtool check rules contrib/prometheus/alerts.yml
    quietly promtool test rules contrib/prometheus/alerts.test.yml
    python3 scripts/lib/metrics.py docs/observing.md contrib/grafana/*.json contrib/prometheus/*.yml
    # Ports and processes of their own, so that the documentation can name them as readers will.
    unshare --net --pid --fork --mount-proc bash -c 'ip link set lo up && exec "$@"' docs \
        python3 scripts/lib/docs.py "$root/.build/debug" docs/*.md
}
