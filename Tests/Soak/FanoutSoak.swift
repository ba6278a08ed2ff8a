import ArgumentParser

/// Promises of long runs and of limits, shown on the built binary from outside.
@main
struct FanoutSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scripts/fanout soak",
        abstract: "Everything at once for as long as you like; or drains.",
        subcommands: [Everything.self, Drains.self, Backend.self],
        defaultSubcommand: Everything.self
    )
}
