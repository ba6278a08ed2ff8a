# A Debian package: the binary, its service for systemd, a manual page and completions made from its own flags.

run_package() {
    local test=false
    case "${1:-}" in
        "") ;;
        --test) test=true ;;
        *) die "package: no option '$1'; there is --test" ;;
    esac
    build_release
    install_packages binutils dpkg-dev gzip python3
    local folder package
    make_scratch
    folder=$scratch
    package=.build/fanout_$(version)_$(dpkg --print-architecture).deb
    package_files "$folder/files"
    package_control "$folder"
    dpkg-deb --root-owner-group --build "$folder/files" "$package" >/dev/null
    echo "package: $package, $(stat -c %s "$package") bytes"
    if $test; then package_test "$folder" "$package"; fi
}

# package_files FOLDER: what is installed where.
package_files() {
    local to=$1 date
    mkdir -p "$to"/usr/share/{doc/fanout,fanout,fish/vendor_completions.d,man/man1,zsh/vendor-completions}
    mkdir -p "$to"/usr/share/bash-completion/completions "$to/usr/bin" "$to/lib/systemd/system" "$to/etc/default"
    strip -s .build/release/fanout -o "$to/usr/bin/fanout"
    install -m 644 contrib/debian/fanout.service "$to/lib/systemd/system/fanout.service"
    install -m 644 contrib/debian/fanout.default "$to/etc/default/fanout"
    install -m 644 contrib/debian/copyright "$to/usr/share/doc/fanout/copyright"
    install -m 644 contrib/seccomp/fanout.json "$to/usr/share/fanout/seccomp.json"
    gzip -9nc CHANGELOG.md >"$to/usr/share/doc/fanout/changelog.gz"
    date=$(date -u -d "@$(git log -1 --format=%ct 2>/dev/null || echo 0)" +%Y-%m-%d)
    python3 scripts/lib/manpage.py "$to/usr/bin/fanout" "$date" | gzip -9nc >"$to/usr/share/man/man1/fanout.1.gz"
    local fanout=$to/usr/bin/fanout
    "$fanout" --generate-completion-script bash | sed 1d >"$to/usr/share/bash-completion/completions/fanout"
    "$fanout" --generate-completion-script zsh >"$to/usr/share/zsh/vendor-completions/_fanout"
    "$fanout" --generate-completion-script fish >"$to/usr/share/fish/vendor_completions.d/fanout.fish"
    find "$to" -type d -exec chmod 755 {} +
    find "$to/usr/share" -type f -exec chmod 644 {} +
}

# package_control FOLDER: the control files; which libraries it needs is read from the binary.
package_control() {
    local folder=$1 to=$1/files/DEBIAN depends size
    mkdir -p "$to" "$folder/debian"
    printf 'Source: fanout\nPackage: fanout\nArchitecture: any\n' >"$folder/debian/control"
    depends=$(cd "$folder" && dpkg-shlibdeps -O -e files/usr/bin/fanout 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
    [ -n "$depends" ] || die "package: dpkg-shlibdeps does not say which libraries are needed"
    size=$(du -sk --exclude DEBIAN "$folder/files" | cut -f 1)
    sed -e "s/@VERSION@/$(version)/" -e "s/@ARCHITECTURE@/$(dpkg --print-architecture)/" -e "s/@SIZE@/$size/" \
        -e "s/@DEPENDS@/$depends/" contrib/debian/control.in >"$to/control"
    echo /etc/default/fanout >"$to/conffiles"
    install -m 755 contrib/debian/postinst contrib/debian/prerm contrib/debian/postrm "$to"
    (cd "$folder/files" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
    chmod 644 "$to/md5sums" "$to/control" "$to/conffiles"
}

# package_test FOLDER PACKAGE: it installs and goes without a trace, and everything in it does what it is for.
package_test() {
    [ "$(id -u)" = 0 ] || die "package: its test installs and starts a service, which needs root"
    install_packages fish iproute2 lintian man-db strace systemd util-linux zsh
    local folder=$1 package=$2 to=$1/root
    mkdir -p "$to/var/lib/dpkg"
    touch "$to/var/lib/dpkg/status"
    # The root has no libc and no shell: scripts run outside of it.
    local dpkg=(dpkg --root "$to" --force-depends --force-script-chrootless --log "$folder/dpkg.log")
    quietly "${dpkg[@]}" --install "$package"
    [ "$("$to/usr/bin/fanout" --version | cut -d ' ' -f 1)" = "$(version)" ] || die "package: another version"
    package_unit "$to"
    package_manual "$to"
    package_completions "$to"
    quietly lintian --fail-on error,warning --suppress-tags "$(package_accepted)" "$package"
    package_service "$folder" "$root/$package"
    quietly "${dpkg[@]}" --purge fanout
    if find "$to" -path "$to/var" -prune -o -type f -print | grep .; then die "package: these stay after a purge"; fi
    echo "package: installs, and goes without a trace; unit, manual, completions and lintian are content;"
    echo "package: the service starts under systemd, on io_uring, confined, and drains when it is stopped"
}

# What lintian says and we leave: the changelog is the project's and not Debian's, and nobody reads mail for it.
package_accepted() { echo "bogus-mail-host,no-changelog,debian-changelog-file-missing"; }

# package_unit ROOT: systemd takes it, and its filter lets through what fanout calls.
package_unit() {
    local to=$1 unit=$1/lib/systemd/system/fanout.service said
    sed "s|/usr/bin/fanout|$to/usr/bin/fanout|" "$unit" >"$to/fanout.service"
    # It tells of lines that systemd ignores, and ends with 0.
    said=$(systemd-analyze verify --man=no "$to/fanout.service" 2>&1) || true
    [ -z "$said" ] || die "package: $said"
    rm "$to/fanout.service"
    python3 scripts/lib/syscall-filter.py "$unit" "$to/usr/bin/fanout"
}

# package_service FOLDER PACKAGE: under a systemd of its own, as hardened as it is. A port below 1024 and a socket for others;
# READY=1 makes it active, a stop drains it.
package_service() {
    local folder=$1/systemd line
    mkdir "$folder"
    timeout 120 unshare --mount --pid --fork --net --uts --ipc --cgroup --mount-proc --propagation private \
        scripts/lib/systemd.sh "$folder" "$2" >"$folder/log" 2>&1 || true
    for line in ActiveState=active SubState=running "/run/fanout/a.sock srwxrwxrwx" "CapEff:.0000000000000400" \
        "NoNewPrivs:.1" "Seccomp:.2" Result=success ExecMainStatus=0 ".* driver=io_uring .*" ".* confinement=\"landlock .*" ".* stopped exit_code=0"; do
        if ! grep -qxE "$line" "$folder/said"; then
            cat "$folder/log" "$folder/said" >&2
            die "package: the service under systemd did not say $line"
        fi
    done
}

# package_manual ROOT: without faults, and with every flag.
package_manual() {
    local page=$1/usr/share/man/man1/fanout.1.gz text flag
    text=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 "$page" 2>"$1/warnings" | col -b)
    if [ -s "$1/warnings" ]; then cat "$1/warnings" >&2; die "package: faults in the manual page"; fi
    rm "$1/warnings"
    for flag in $("$1/usr/bin/fanout" --help | grep -oE '^  --[a-z-]+' | tr -d ' '); do
        grep -qE -- "^ +$flag( |$)" <<<"$text" || die "package: the manual page lacks $flag"
    done
}

# package_completions ROOT: each shell can read its own, and bash completes a flag.
package_completions() {
    local share=$1/usr/share answer
    quietly bash -n "$share/bash-completion/completions/fanout"
    quietly zsh -n "$share/zsh/vendor-completions/_fanout"
    quietly fish --no-execute "$share/fish/vendor_completions.d/fanout.fish"
    answer=$(bash -c '
        source "$1"
        COMP_WORDS=(fanout run --connect-b) COMP_CWORD=2 COMP_LINE="fanout run --connect-b" COMP_POINT=22
        function=$(complete -p fanout | sed "s/.*-F \([^ ]*\).*/\1/")
        "$function" fanout --connect-b run
        echo "${COMPREPLY[@]}"' completion "$share/bash-completion/completions/fanout")
    [ "$answer" = --connect-budget ] || die "package: bash completes --connect-b to '$answer'"
}
