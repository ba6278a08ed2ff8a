# What formatting and the compiler do not check: no full Foundation in Sources (it brings 40 MB), no traps by force,
# no leftovers, unsafe code only where it is known to be, and nothing of SwiftPM's own files in git.
run_lint() {
    require_swift
    swift format lint --strict --recursive Package.swift Sources Tests Benchmarks
    local failed=0
    forbid 'import Foundation$' 'use FoundationEssentials' 'Sources/*.swift'
    forbid 'try!|as!|fatalError\(' 'handle the failure, or say what our own bug would be with preconditionFailure' 'Sources/*.swift'
    forbid 'TODO|FIXME|XXX' 'finish it, or open an issue' 'Sources/*' 'Tests/*' 'scripts/*'
    forbid 'CLOCK_REALTIME|gettimeofday|SystemClock' 'a clock that jumps is for people to read (Timestamp); measure with the monotonic one' \
        'Sources/*' ':!Sources/Fanout/Log/Timestamp.swift' ':!Sources/Fanout/Discovery/DiscoveryStatistics.swift'
    if git ls-files | grep -E '(^|/)(Package\.resolved|\.build)'; then
        echo "lint: these must not be tracked" >&2
        failed=1
    fi
    # Where memory safety is ours to keep (SE-0458): a new place is a decision, and is added to the list with it.
    if ! diff <(git ls-files --cached --others --exclude-standard 'Sources/*.swift' | xargs grep -lE '\bunsafe\b' | sort -u) \
        scripts/unsafe-files >&2; then
        echo "lint: unsafe code in other files than scripts/unsafe-files lists" >&2
        failed=1
    fi
    if ! grep -q "current = \"$(version)\"" Sources/Fanout/CommandLine/Version.swift; then
        echo "lint: Version.swift must have the first version of CHANGELOG.md, '$(version)'" >&2
        failed=1
    fi
    install_packages shellcheck python3
    python3 -B Tests/Mutants/mutants.py --check || failed=1
    # Not: sourced files, and variables that pass between them.
    shellcheck --shell bash --severity warning --exclude SC1090,SC1091,SC2034,SC2154 \
        scripts/fanout scripts/lib/*.sh .ci/run || failed=1
    shellcheck contrib/debian/postinst contrib/debian/postrm contrib/debian/prerm || failed=1
    [ "$failed" = 0 ] || die "lint failed"
    echo "lint: clean"
}

# forbid PATTERN CURE PATHSPEC...
forbid() {
    local pattern=$1 cure=$2
    shift 2
    if git grep -nE "$pattern" -- "$@" ':!scripts/lib/lint.sh'; then
        echo "lint: $cure" >&2
        failed=1
    fi
}
