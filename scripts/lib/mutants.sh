# Faults planted in the data path, each of which the simulation must find (Tests/Mutants).
run_mutants() {
    require_swift
    install_packages "${build_packages[@]}" python3
    python3 -B Tests/Mutants/mutants.py "$@"
}
