# The data path in a simulated world, for as long as is wanted (Tests/Simulation).
run_simulate() {
    require_swift
    install_packages "${build_packages[@]}"
    say "building the simulation"
    quietly swift build -c release --product simulate
    .build/release/simulate "$@"
}
