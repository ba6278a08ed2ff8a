import ArgumentParser

/// The Nomad test double as a program of its own, for demonstrations and end-to-end tests.
@main
struct NomadDoubleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nomad-double",
        abstract: "A stand-in for the service discovery part of a Nomad agent.",
        subcommands: [Serve.self, Control.self]
    )
}
