# A fleet of sidecars in virtual time, policy by policy (Tests/Fleet).
run_simulate-fleet() {
    require_swift
    install_packages "${build_packages[@]}"
    say "building the simulation"
    quietly swift build -c release --product simulate-fleet
    .build/release/simulate-fleet "$@"
}
